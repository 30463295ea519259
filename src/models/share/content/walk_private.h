/* Shared by the parts of the walk: the blocks that it knows, and the places that link to them. */
#ifndef WI_MODELS_SHARE_CONTENT_WALK_PRIVATE_H
#define WI_MODELS_SHARE_CONTENT_WALK_PRIVATE_H

#include "base/table.h"
#include "models/share/content/walk.h"

/* The parts of a block that are needed to follow its links down a file without parsing it as
 * protobuf again: a block that is costly to parse may be linked to a million times. */
struct wi_walk_inner {
    uint64_t bytes;     /* of the file */
    unsigned char *own; /* owned: its data, then the content of its identities */
    size_t data_size;
    struct wi_walk_child {
        struct wi_cid cid;      /* for an identity, only the codec */
        uint32_t identity;      /* offset of its content in `own`, or WI_WALK_NO_IDENTITY */
        uint64_t bytes;         /* of the file */
        uint32_t identity_size; /* bytes */
    } * children;
    size_t count;
};
#define WI_WALK_NO_IDENTITY UINT32_MAX

/* A place that links to a block. */
struct wi_walk_place {
    size_t item;        /* index of the entry, or of the file after listing */
    uint64_t at, bytes; /* of the file */
    unsigned depth;     /* of the block; the root has 1 */
};

/* A dag-pb block that is missing or was read, or a raw block that is a file of unknown length. It
 * is missing while it has places. */
struct wi_walk_block {
    struct wi_cid cid;
    int queued; /* to be requested */
    struct wi_walk_place *places;
    size_t place_count;
    /* After it was read: */
    unsigned char *folder; /* its bytes */
    size_t folder_size;
    struct wi_walk_inner *inner;       /* of a file; NULL: not kept */
    uint64_t bytes;                    /* of a file */
    struct wi_walk_block *prev, *next; /* of the queue */
    UT_hash_handle hh;
};

/* A file or a folder; the first is the path's target. After listing, only the files are left, each
 * with the index of its wi_walk_file. */
struct wi_walk_entry {
    char *path;
    struct wi_cid cid;
    int is_file;
    uint64_t bytes;          /* of a file */
    unsigned char *identity; /* the content of an identity; NULL: not an identity */
    size_t identity_size;
    unsigned depth;
    int descended;
    size_t missing; /* places below it whose blocks are still to be given */
};

struct wi_walk {
    uint64_t bytes_max;
    char *path;
    const char *rest; /* the part of the path that is still to be followed */
    struct wi_walk_block *blocks;
    struct wi_walk_block *queue;
    struct wi_walk_block *after; /* in the queue: the next wanted block goes after it */
    size_t missing;              /* blocks */
    struct wi_walk_entry *entries;
    size_t entry_count;
    uint64_t folder_bytes; /* of folders' blocks, each counted as often as it is linked to */
    /* After listing: */
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

/* Returns WI_HUB_FAILED with the problem of a block. */
__attribute__((format(printf, 3, 4))) enum wi_code wi_walk_refuse(
    const struct wi_cid *cid, struct wi_error *error, const char *format, ...);
/* As wi_dag_read, with the block in the problem. */
enum wi_code wi_walk_read(const struct wi_cid *cid, const unsigned char *bytes, size_t size,
    struct wi_dag_node *node, struct wi_error *error);
/* Whether it is the empty raw block. */
int wi_walk_is_empty(const struct wi_cid *cid);
/* The parts to keep of a node with links. The caller frees it. */
struct wi_walk_inner *wi_walk_inner_new(const struct wi_dag_node *node);
void wi_walk_inner_free(struct wi_walk_inner *inner); /* NULL is fine */
/* NULL: it is unknown. */
struct wi_walk_block *wi_walk_find(const struct wi_walk *walk, const struct wi_cid *cid);
/* Adds a place to a missing block, which it adds if necessary. */
void wi_walk_want(
    struct wi_walk *walk, const struct wi_cid *cid, const struct wi_walk_place *place);
/* Queues a missing block after those queued earlier in this call. */
void wi_walk_queue(struct wi_walk *walk, struct wi_walk_block *block);
void wi_walk_unqueue(struct wi_walk *walk, struct wi_walk_block *block); /* if it is queued */
/* Forgets a block that is not queued. */
void wi_walk_forget(struct wi_walk *walk, struct wi_walk_block *block);

/* --- walk_file.c: below the files ------------------------------------------------------------- */

enum wi_code wi_walk_begin_file(struct wi_walk *walk, size_t file, struct wi_error *error);
/* Takes a block for all its places, which have been removed from it. Afterwards, a block without
 * links is forgotten. */
enum wi_code wi_walk_enter(struct wi_walk *walk, struct wi_walk_block *block,
    const struct wi_walk_place *places, size_t count, const unsigned char *bytes, size_t size,
    struct wi_error *error);

#endif
