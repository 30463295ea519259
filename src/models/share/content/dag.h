/*
 * Reads and writes blocks of UnixFS over dag-pb (https://specs.ipfs.tech/unixfs/). A block belongs
 * to a file or a folder; a raw block is bytes of a file. Blocks that are read are not trusted
 * before they have been checked here. Pure.
 */
#ifndef WI_MODELS_SHARE_CONTENT_DAG_H
#define WI_MODELS_SHARE_CONTENT_DAG_H

#include "base/buffer.h"
#include "terms/model/cid.h"

#define WI_BLOCK_MAX (4u << 20) /* bytes of a block that is read */
/* The most links of a block that is read. A block of links with hashes has room for fewer. */
#define WI_DAG_LINKS_MAX (1u << 17)

struct wi_dag_link {
    struct wi_cid_read to;
    const char *name; /* in a folder; borrowed, not ended by NUL */
    size_t name_size;
    uint64_t tsize; /* bytes of all blocks below; a hint that is not checked */
    uint64_t bytes; /* in a file: bytes of the file, by the node's blocksizes */
};

enum wi_dag_kind { WI_DAG_FILE, WI_DAG_FOLDER };

/* Zero-initialise; free with wi_dag_clear. Borrows from the block. */
struct wi_dag_node {
    enum wi_dag_kind kind;
    const unsigned char *data; /* for a file: its bytes before those of the links */
    size_t data_size;
    struct wi_dag_link *links; /* in order */
    size_t count;
    uint64_t bytes; /* for a file: of data and links together */
};

/* WI_OK, or WI_HUB_FAILED with the problem: the block is malformed, its sizes do not add up, or its
 * kind is not supported, which is then named (HAMT directory, symbolic link, metadata). The caller
 * has checked that the block has the requested hash. */
enum wi_code wi_dag_read(enum wi_codec codec, const unsigned char *block, size_t size,
    struct wi_dag_node *node, struct wi_error *error);
void wi_dag_clear(struct wi_dag_node *node);

/* The target of a link, for writing. */
struct wi_dag_child {
    struct wi_cid cid;
    const char *name; /* in a folder */
    uint64_t tsize;   /* bytes of its block and of all blocks below */
    uint64_t bytes;   /* in a file: the bytes of the file in it */
};
/* Appends the block of an inner node of a file, or that of a folder whose children are sorted by
 * the bytes of their names. */
void wi_dag_write_file(struct wi_buffer *out, const struct wi_dag_child *children, size_t count);
void wi_dag_write_folder(struct wi_buffer *out, const struct wi_dag_child *children, size_t count);

#endif
