/*
 * The body of an answer on its way: a text, a stretch of a file, or what is read of the blockstore.
 * One chunk is filled, from files on libuv's thread pool, is written when the socket takes it, and
 * then comes the next. So memory is bounded, and the loop never waits for a disk.
 */
#ifndef WI_NODES_BRIDGE_HTTP_TRANSFER_H
#define WI_NODES_BRIDGE_HTTP_TRANSFER_H

#include "base/blob.h"
#include "models/share/blockstore/blockstore.h"
#include "nodes/bridge/socket.h"

/* Zero-initialise; exactly one of `text`, `reading` and `fd` is what there is. */
struct wi_body {
    struct wi_blob *text;             /* referenced; NULL: none */
    struct wi_block_reading *reading; /* owned; NULL: none. It leaves at [content] upload_limit */
    int fd;                           /* borrowed from the page or the model, unless `owned` */
    int owned;                        /* the file is to be closed in the end */
    struct wi_model *model;           /* referenced; NULL: the file is no model's */
    const struct wi_model_file *file; /* of the model; NULL: not of its manifest */
    uint64_t at;                      /* of the file, where it begins */
    uint64_t size;                    /* bytes to be sent; not 0 */
};

/* A text with one reference, to be unreferenced; NULL where there is no memory. */
struct wi_blob *wi_body_text(const char *text, size_t size);
void wi_body_clear(struct wi_body *body);

/* Begins to send what is taken out of `body`; the headers are out. A file of a model, and what is
 * read of the blockstore, is cut before its last bytes if it is not any more what was hashed. The
 * value is for the lws callback to return. */
int wi_transfer_begin(
    struct lws *wsi, struct wi_socket *socket, struct wi_body *body, int close_after);
/* The socket takes bytes; the value as above. */
int wi_transfer_go_on(struct lws *wsi, struct wi_socket *socket);
/* Lets go of the socket's transfer, if it has one: a read under way frees it later. */
void wi_transfer_abandon(struct wi_socket *socket);

#endif
