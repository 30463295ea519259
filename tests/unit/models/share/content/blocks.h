/* Blocks of dag-pb by hand: of files and folders, right or wrong. Include it after test.h. */
#ifndef WI_TESTS_CONTENT_BLOCKS_H
#define WI_TESTS_CONTENT_BLOCKS_H

#include "../../../protobuf_build.h"
#include "terms/model/cid.h"
#include <string.h>

enum { DATA = 1, LINK = 2 };                                /* of a node */
enum { HASH = 1, NAME = 2, TSIZE = 3 };                     /* of a link */
enum { TYPE = 1, BYTES = 2, FILESIZE = 3, BLOCKSIZES = 4 }; /* of UnixFS */
enum { RAW = 0, DIRECTORY = 1, A_FILE = 2, METADATA = 3, SYMLINK = 4, HAMT = 5 };

/* A node in the making. */
struct node {
    struct wi_buffer links, sizes;
    uint64_t bytes;
};

static inline void put_hashed(
    struct node *node, const void *cid, size_t cid_size, const char *name, uint64_t tsize)
{
    struct wi_buffer link = {0};
    put_bytes(&link, HASH, cid, cid_size);
    put_bytes(&link, NAME, name, strlen(name));
    put_number(&link, TSIZE, tsize);
    put_message(&node->links, LINK, &link);
}

/* `bytes`: of the file, or Tsize in a folder. */
static inline void put(
    struct node *node, const struct wi_cid *cid, const char *name, uint64_t bytes)
{
    unsigned char text[WI_CID_BYTES];
    wi_cid_write(cid, text);
    put_hashed(node, text, sizeof text, name, bytes);
    put_number(&node->sizes, BLOCKSIZES, bytes);
    node->bytes += bytes;
}

static inline void put_identity(struct node *node, enum wi_codec codec, const void *content,
    size_t size, const char *name, uint64_t bytes)
{
    unsigned char text[4 + WI_CID_IDENTITY_MAX] = {1, (unsigned char)codec, 0, (unsigned char)size};
    memcpy(text + 4, content, size);
    put_hashed(node, text, 4 + size, name, bytes);
    put_number(&node->sizes, BLOCKSIZES, bytes);
    node->bytes += bytes;
}

static inline void make(struct node *node, unsigned type, const char *data, struct wi_buffer *block)
{
    struct wi_buffer unixfs = {0};
    put_number(&unixfs, TYPE, type);
    if (data)
        put_bytes(&unixfs, BYTES, data, strlen(data));
    if (type == A_FILE) {
        put_number(&unixfs, FILESIZE, node->bytes + (data ? strlen(data) : 0));
        if (node->sizes.size > 0)
            wi_buffer_add(&unixfs, node->sizes.text, node->sizes.size);
    }
    if (node->links.size > 0)
        wi_buffer_add(block, node->links.text, node->links.size);
    put_message(block, DATA, &unixfs);
    wi_buffer_clear(&node->links);
    wi_buffer_clear(&node->sizes);
    *node = (struct node){0};
}

#endif
