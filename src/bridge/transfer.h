/*
 * The body of an answer on its way to a client: one chunk is read on libuv's thread pool, written
 * when the socket takes it, and then the next is read. So memory is bounded, and the loop never
 * waits for a disk.
 */
#ifndef WI_BRIDGE_TRANSFER_H
#define WI_BRIDGE_TRANSFER_H

#include "bridge/socket.h"

/* What a request found: a page file, a file of a model, or a text. */
struct wi_found {
    int fd, owned;                    /* `owned`: it is to be closed in the end */
    struct wi_model *model;           /* borrowed; NULL: no model's */
    const struct wi_model_file *file; /* of the model; NULL: not of its manifest */
    const char *text;                 /* borrowed; NULL: the file behind `fd` */
    uint64_t size;
    char etag[80];
    const char *type, *cache;
    const char *coding; /* what its bytes are coded in; NULL: they are the file's own */
    int varies;         /* another Accept-Encoding would have found another coding */
};

/* Begins to send `size` bytes of it from `first` on; the headers are out. Takes an owned descriptor
 * over. A file of a model is cut before its last bytes if it is not what was hashed any more. The
 * value is for the lws callback to return, as those of the next. */
int wi_transfer_begin(struct lws *wsi, struct wi_socket *socket, struct wi_found *found,
    uint64_t first, uint64_t size, int close_after);
/* The socket takes bytes. */
int wi_transfer_writeable(struct lws *wsi, struct wi_socket *socket);
/* Lets go of a transfer whose socket is gone; a read under way frees it later. NULL is fine. */
void wi_transfer_abandon(struct wi_transfer *transfer);

#endif
