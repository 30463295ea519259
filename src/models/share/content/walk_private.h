/* What the parts of the walk share: the blocks it knows, and the places where they are linked to.
 */
#ifndef WI_MODELS_SHARE_CONTENT_WALK_PRIVATE_H
#define WI_MODELS_SHARE_CONTENT_WALK_PRIVATE_H

#include "base/table.h"
#include "models/share/content/walk.h"

/* What one block needs to be followed down a file, without being read as protobuf again: a block
 * that is costly to read may be linked to a million times. */
struct wi_walk_inner {
    uint64_t bytes;     /* of the file */
    unsigned char *own; /* its data, then the content of its identities */
    size_t data_size;
    struct wi_walk_child {
        struct wi_cid cid;      /* of an identity only the codec */
        uint32_t identity;      /* where its content begins in `own`, or WI_WALK_NO_IDENTITY */
        uint64_t bytes;         /* of the file */
        uint32_t identity_size; /* bytes */
    } * children;
    size_t count;
};
#define WI_WALK_NO_IDENTITY UINT32_MAX

/* Where a block is linked to. */
struct wi_walk_place {
    size_t item;        /* index of the entry, or of the file once all is listed */
    uint64_t at, bytes; /* of the file */
    unsigned depth;     /* of the block: the root has 1 */
};

/* A dag-pb block that is missing or was read; or a raw one that is a file whose length is to be
 * seen. It is missing while it has places. */
struct wi_walk_block {
    struct wi_cid cid;
    int queued; /* to be asked for */
    struct wi_walk_place *places;
    size_t place_count;
    /* Once it was read: */
    unsigned char *folder; /* its bytes */
    size_t folder_size;
    struct wi_walk_inner *inner;       /* of a file; NULL: it is not kept */
    uint64_t bytes;                    /* of a file */
    struct wi_walk_block *prev, *next; /* of the queue */
    UT_hash_handle hh;
};

/* A file or a folder; the first is what the path leads to. Once all is listed only the files are
 * left, each with the index of its wi_walk_file. */
struct wi_walk_entry {
    char *path;
    struct wi_cid cid;
    int is_file;
    uint64_t bytes;          /* of a file */
    unsigned char *identity; /* the content of an identity; NULL: it is none */
    size_t identity_size;
    unsigned depth;
    int descended;
    size_t missing; /* places below it whose block was not given yet */
};

struct wi_walk {
    uint64_t bytes_max;
    char *path;
    const char *rest; /* what is still to be followed of the path */
    struct wi_walk_block *blocks;
    struct wi_walk_block *queue;
    struct wi_walk_block *after; /* in the queue: what is wanted next goes behind it */
    size_t missing;              /* blocks */
    struct wi_walk_entry *entries;
    size_t entry_count;
    uint64_t folder_bytes; /* of folders' blocks, each as often as it is linked to */
    /* Once all is listed: */
    int listed;
    struct wi_cid cid;
    struct wi_walk_file *files;
    wi_walk_bytes_fn *on_bytes;
    void *context;
    uint64_t bytes;                  /* of the files that were descended into */
    size_t leaves, nodes;            /* places of leaves, and of dag-pb blocks */
    size_t roots_bytes, inner_bytes; /* of blocks that are kept */
};

/* --- walk_blocks.c ---------------------------------------------------------------------------- */

/* WI_HUB_FAILED with what is wrong with a block. */
__attribute__((format(printf, 3, 4))) enum wi_code wi_walk_refuse(
    const struct wi_cid *cid, struct wi_error *error, const char *format, ...);
/* The same with what wi_dag_read has said. */
enum wi_code wi_walk_refuse_block(
    const struct wi_cid *cid, const struct wi_error *why, struct wi_error *error);
/* Whether it is the raw block of no bytes. */
int wi_walk_is_empty(const struct wi_cid *cid);
/* What is kept of a node with links. The caller frees it. */
struct wi_walk_inner *wi_walk_inner_new(const struct wi_dag_node *node);
void wi_walk_inner_free(struct wi_walk_inner *inner); /* NULL is fine */
/* NULL: it is not known. */
struct wi_walk_block *wi_walk_find(const struct wi_walk *walk, const struct wi_cid *cid);
/* Adds a place to a block that is missing, or is now. */
void wi_walk_want(
    struct wi_walk *walk, const struct wi_cid *cid, const struct wi_walk_place *place);
/* Queues a missing block behind what was queued before in this call. */
void wi_walk_queue(struct wi_walk *walk, struct wi_walk_block *block);
void wi_walk_unqueue(struct wi_walk *walk, struct wi_walk_block *block); /* if it is queued */
/* Forgets a block that is not queued. */
void wi_walk_forget(struct wi_walk *walk, struct wi_walk_block *block);

/* --- walk_list.c: the first phase ------------------------------------------------------------- */

void wi_walk_begin(struct wi_walk *walk, const struct wi_cid *root);
/* Takes a block for all its places, which it has no more. */
enum wi_code wi_walk_list(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_walk_place *places, size_t count, const unsigned char *bytes, size_t size,
    struct wi_error *error);
/* Once nothing is missing: makes the files. */
void wi_walk_end_list(struct wi_walk *walk);

/* --- walk_file.c: below the files ------------------------------------------------------------- */

enum wi_code wi_walk_begin_file(struct wi_walk *walk, size_t file, struct wi_error *error);
/* As wi_walk_list. A block without links is forgotten then. */
enum wi_code wi_walk_enter(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_walk_place *places, size_t count, const unsigned char *bytes, size_t size,
    struct wi_error *error);

#endif
