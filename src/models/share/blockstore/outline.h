/*
 * The whole tree of a published model, without the files' bytes: the place of each block, by its
 * CID; the inner nodes, in memory; and the blocks that each inner node links to. A leaf takes 44
 * bytes. The outline is made on a thread, from the leaves of each file in turn, and then read on
 * the loop, where references are counted: a reading keeps it when its model is unpublished.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_OUTLINE_H
#define WI_MODELS_SHARE_BLOCKSTORE_OUTLINE_H

#include "models/share/blockstore/blockstore.h"
#include "models/share/content/tree.h"

struct wi_outline_file {
    char *path;
    uint64_t bytes;
    struct wi_file_identity seen; /* the file that is known to have these leaves */
    struct wi_tree_root root;
};

#define WI_OUTLINE_INNER UINT32_MAX
struct wi_outline_block {
    unsigned char hash[WI_HASH_SIZE];
    uint32_t file;   /* the file's number; WI_OUTLINE_INNER: an inner node */
    uint32_t number; /* of the leaf in the file, or of the inner node */
};

struct wi_outline_node {
    unsigned char *block;
    size_t size;
    size_t first, count; /* its range in `links` */
    int is_folder;
};

struct wi_outline {
    char *directory, *folder; /* the store; the folder of the files in it */
    struct wi_outline_file *files;
    struct wi_outline_block *blocks; /* sorted by hash, each once */
    struct wi_outline_node *nodes;
    uint32_t *links; /* numbers of blocks */
    size_t file_count, count, node_count, link_count;
    /* Called when a reading finds that a file is no longer the published one; NULL: none. */
    void (*on_changed)(void *context, const char *path);
    void *context;
    unsigned _references;
};

/* --- making one ------------------------------------------------------------------------------- */

struct wi_outline *wi_outline_new(const char *directory, const char *folder);
/* Adds a file with its leaves. Add files in the order of their paths. */
void wi_outline_add(struct wi_outline *outline, const char *path,
    const struct wi_file_identity *seen, const struct wi_leaves *leaves);
/* Call it after the last file: adds the folders. Errors as wi_tree_of_folder. */
enum wi_code wi_outline_end(
    struct wi_outline *outline, struct wi_cid *root, struct wi_error *error);

/* --- reading it ------------------------------------------------------------------------------- */

void wi_outline_unref(struct wi_outline *outline); /* NULL is fine */
/* Whether there are references other than its owner's. NULL is fine. */
int wi_outline_is_read(const struct wi_outline *outline);

/* The number of the block, or SIZE_MAX if it is not in the outline. */
size_t wi_outline_find(const struct wi_outline *outline, const struct wi_cid *cid);
/* Begins a reading, as wi_blockstore_read. Takes a reference to the outline. NULL if the first file
 * that it needs is not the published one. */
struct wi_block_reading *wi_block_reading_new(
    struct wi_outline *outline, size_t block, int is_car, enum wi_dag_scope scope, uint64_t *bytes);

#endif
