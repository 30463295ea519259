/*
 * What a request for a file or a text found, and how it is answered: whole or a range of it, or not
 * at all where the client has it already.
 */
#ifndef WI_BRIDGE_HTTP_FOUND_H
#define WI_BRIDGE_HTTP_FOUND_H

#include "bridge/socket.h"

/* A page file, a file of a model, or a text. */
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

/* Answers with it. Closes what is owned. The value is for the lws callback to return. */
int wi_found_send(struct lws *wsi, struct wi_socket *socket, struct wi_found *found);

#endif
