/*
 * The body of an answer that is being sent: a text, a range of a file, or data read from the
 * blockstore. Each chunk is filled, from files on libuv's thread pool, and written when the socket
 * takes it; then the next chunk is filled. So memory is bounded, and the loop never waits for a
 * disk.
 */
#ifndef WI_NODES_BRIDGE_HTTP_TRANSFER_H
#define WI_NODES_BRIDGE_HTTP_TRANSFER_H

#include "base/blob.h"
#include "models/models.h"
#include "nodes/bridge/socket.h"

/* Zero-initialise; exactly one of `text`, `reading` and `fd` is set. */
struct wi_body {
    struct wi_blob *text;             /* referenced; NULL: none */
    struct wi_block_reading *reading; /* owned; NULL: none. It leaves at [content] upload_limit */
    int fd;                           /* borrowed from the page or the model, unless `owned` */
    int owned;                        /* the file is to be closed in the end */
    struct wi_model *model;           /* referenced; NULL: the file is no model's */
    const struct wi_model_file *file; /* of the model; NULL: not of its manifest */
    uint64_t at;                      /* where it begins in the text or the file */
    uint64_t size;                    /* bytes to be sent; not 0 */
};

/* A text with one reference, which the caller drops; NULL if there is no memory. */
struct wi_blob *wi_body_text(const char *text, size_t size);
void wi_body_clear(struct wi_body *body);

/* Begins to send the contents of `body`, which are taken over; the headers are already sent. A
 * model's file, and data from the blockstore, is cut off before its last bytes if it no longer
 * matches its hash. Returns the value for the lws callback to return. */
int wi_transfer_begin(
    struct lws *wsi, struct wi_socket *socket, struct wi_body *body, int close_after);
/* Call it when the socket takes bytes. Returns the value as above. */
int wi_transfer_go_on(struct lws *wsi, struct wi_socket *socket);
/* Drops the socket's transfer, if it has one. If a read is under way, it frees the transfer when it
 * ends. */
void wi_transfer_abandon(struct wi_socket *socket);

#endif
