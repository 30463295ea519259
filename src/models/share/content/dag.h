/*
 * Blocks of UnixFS over dag-pb (https://specs.ipfs.tech/unixfs/), both ways. A block is a file's or
 * a folder's; a raw block is a file's bytes. What is read is hostile until it has passed here.
 * Pure.
 */
#ifndef WI_MODELS_SHARE_CONTENT_DAG_H
#define WI_MODELS_SHARE_CONTENT_DAG_H

#include "base/buffer.h"
#include "models/share/content/cid.h"

#define WI_BLOCK_TYPE "application/vnd.ipld.raw" /* of one block, over HTTP */
#define WI_BLOCK_MAX (4u << 20)                  /* bytes of a block that is read */
/* Links of such a block; one of hashes has room for fewer. */
#define WI_DAG_LINKS_MAX (1u << 17)

struct wi_dag_link {
    struct wi_cid_read to;
    const char *name; /* of a folder's; borrowed, not ended by NUL */
    size_t name_size;
    uint64_t tsize; /* bytes of all blocks below; a hint: nobody checks it */
    uint64_t bytes; /* of a file's: of the file, by the node's blocksizes */
};

enum wi_dag_kind { WI_DAG_FILE, WI_DAG_FOLDER };

/* Zero-initialise; free with wi_dag_clear. Borrows from the block. */
struct wi_dag_node {
    enum wi_dag_kind kind;
    const unsigned char *data; /* of a file: its bytes before those of the links */
    size_t data_size;
    struct wi_dag_link *links; /* in their order */
    size_t count;
    uint64_t bytes; /* of a file: of data and links together */
};

/* WI_OK, or WI_HUB_FAILED with what is wrong: not well-formed, sizes that do not add up, or of a
 * kind that is refused by its name (HAMT directory, symbolic link, metadata). That the block has
 * the hash that was asked for, its caller has seen. */
enum wi_code wi_dag_read(enum wi_codec codec, const unsigned char *block, size_t size,
    struct wi_dag_node *node, struct wi_error *error);
void wi_dag_clear(struct wi_dag_node *node);

/* What is linked to, for writing. */
struct wi_dag_child {
    struct wi_cid cid;
    const char *name; /* of a folder's */
    uint64_t tsize;   /* bytes of its block and of all below */
    uint64_t bytes;   /* of a file's: that it has of the file */
};
/* Appends the block of an inner node of a file, or of a folder whose children are sorted by the
 * bytes of their names. */
void wi_dag_write_file(struct wi_buffer *out, const struct wi_dag_child *children, size_t count);
void wi_dag_write_folder(struct wi_buffer *out, const struct wi_dag_child *children, size_t count);

#endif
