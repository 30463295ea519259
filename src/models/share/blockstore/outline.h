/*
 * The whole tree of what is published, without the files' bytes: where each block lies, by its CID;
 * inner nodes in memory; which blocks each inner node links to. A leaf takes 44 bytes. It is made
 * on a thread, from the leaves of each file in turn, and then read on the loop, where it is
 * counted: a reading keeps it when its model is unpublished.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_OUTLINE_H
#define WI_MODELS_SHARE_BLOCKSTORE_OUTLINE_H

#include "models/share/blockstore/blockstore.h"
#include "models/share/content/tree.h"

struct wi_outline_file {
    char *path;
    uint64_t bytes;
    struct wi_file_identity seen; /* what is known to have these leaves */
};

#define WI_OUTLINE_INNER UINT32_MAX
struct wi_outline_block {
    unsigned char hash[WI_HASH_SIZE];
    uint32_t file;   /* its number; WI_OUTLINE_INNER: it is an inner node */
    uint32_t number; /* of the leaf in the file, or of the inner node */
};

struct wi_outline_node {
    unsigned char *block;
    size_t size;
    size_t first, count; /* of the numbers in `links` */
    int is_folder;
};

struct wi_outline {
    char *directory, *folder; /* the store, and where in it the files lie */
    struct wi_outline_file *files;
    struct wi_outline_block *blocks; /* sorted by hash, each once */
    struct wi_outline_node *nodes;
    uint32_t *links; /* numbers of blocks */
    size_t file_count, count, node_count, link_count;
    /* Is told when a reading finds a file that is not any more what was published; NULL: nobody. */
    void (*on_changed)(void *context, const char *path);
    void *context;
    unsigned _references;
};

/* --- making one ------------------------------------------------------------------------------- */

struct wi_outline *wi_outline_new(const char *directory, const char *folder);
/* Adds a file with its leaves; `root` gets what its folder links to. In the order of their paths.
 */
void wi_outline_add(struct wi_outline *outline, const char *path,
    const struct wi_file_identity *seen, const struct wi_leaves *leaves, struct wi_tree_root *root);
/* After the last: the folders above them. `roots` are of all files. Errors as wi_tree_of_folder. */
enum wi_code wi_outline_end(struct wi_outline *outline, const struct wi_tree_root *roots,
    struct wi_cid *root, struct wi_error *error);

/* --- reading it ------------------------------------------------------------------------------- */

struct wi_outline *wi_outline_ref(struct wi_outline *outline);
void wi_outline_unref(struct wi_outline *outline); /* NULL is fine */
/* Whether anybody has a reference beside its owner. NULL is fine. */
int wi_outline_is_read(const struct wi_outline *outline);

/* The number of the block, or SIZE_MAX where it is none of these. */
size_t wi_outline_find(const struct wi_outline *outline, const struct wi_cid *cid);
struct wi_cid wi_outline_cid(const struct wi_outline *outline, size_t block);
size_t wi_outline_size(const struct wi_outline *outline, size_t block); /* bytes of it */
/* The numbers of what the scope wants of the tree below the block: depth first, each once. The
 * caller frees them. */
uint32_t *wi_outline_walk(
    const struct wi_outline *outline, size_t block, enum wi_dag_scope scope, size_t *count);

#endif
