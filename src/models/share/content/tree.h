/*
 * Computes the tree of a file or of a folder of files by the profile unixfs-v1-2025 (IPIP-499) from
 * the hashes of the files' leaves alone: leaves of 1 MiB as raw blocks, inner nodes of at most
 * 1,024 links, all leaves at the same depth. Helia gives the same bytes the same CID; Kubo, which
 * has a profile of the same name, was not tested. Pure.
 */
#ifndef WI_MODELS_SHARE_CONTENT_TREE_H
#define WI_MODELS_SHARE_CONTENT_TREE_H

#include "base/buffer.h"
#include "terms/model/cid.h"

#define WI_LEAF_BYTES (1u << 20)
#define WI_TREE_WIDTH 1024u
#define WI_FOLDER_BLOCK_MAX (256u << 10) /* a folder with a larger block would become a HAMT */

/* The SHA-256 of each leaf of a file, the last of which may be shorter; an empty file has one leaf.
 * Zero-initialise; free with wi_leaves_clear. */
struct wi_leaves {
    unsigned char (*hashes)[WI_HASH_SIZE];
    size_t count;
    uint64_t bytes; /* of the file */
};
void wi_leaves_clear(struct wi_leaves *leaves);

/* Computes leaves from a file's bytes, given in order in pieces of any size. */
struct wi_leaf_hasher;
struct wi_leaf_hasher *wi_leaf_hasher_new(void);
void wi_leaf_hasher_add(struct wi_leaf_hasher *hasher, const void *bytes, size_t size);
/* `leaves` must be empty; the hasher can be used for another file afterwards. */
void wi_leaf_hasher_end(struct wi_leaf_hasher *hasher, struct wi_leaves *leaves);
void wi_leaf_hasher_free(struct wi_leaf_hasher *hasher); /* NULL is fine */

/* A tree's root, with what its parent needs for the link. */
struct wi_tree_root {
    struct wi_cid cid;
    uint64_t tsize; /* bytes of all its blocks, each counted as often as it is linked to */
    uint64_t bytes; /* of the file; 0 for a folder */
};

/* Called for each inner node, children before their parents; `block` is borrowed. May be NULL. */
typedef void wi_tree_node_fn(
    void *context, const struct wi_cid *cid, const unsigned char *block, size_t size);
void wi_tree_of_file(const struct wi_leaves *leaves, wi_tree_node_fn *each, void *context,
    struct wi_tree_root *root);

struct wi_tree_file {
    const char *path; /* segments separated by "/" */
    struct wi_tree_root root;
};
/* The files must be sorted by path (by bytes), and none may be another's folder. WI_OK, or
 * WI_MODEL_INVALID if a folder's block would be larger than WI_FOLDER_BLOCK_MAX. */
enum wi_code wi_tree_of_folder(const struct wi_tree_file *files, size_t count,
    wi_tree_node_fn *each, void *context, struct wi_tree_root *root, struct wi_error *error);

#endif
