/*
 * The bridge's listening socket. It is ours, not libwebsockets', so that the number of connections
 * is capped before a byte is read, running out of descriptors pauses instead of spinning, port 0
 * is known afterwards, and listening can stop while connections go on.
 */
#ifndef WI_BRIDGE_LISTENER_H
#define WI_BRIDGE_LISTENER_H

#include "base/error.h"
#include <uv.h>

/* "ADDRESS:PORT" or "[ADDRESS]:PORT" taken apart. */
struct wi_endpoint {
    char host[64]; /* without brackets */
    char port[8];
};
/* 0, or -1 if `text` is neither. */
int wi_endpoint_parse(const char *text, struct wi_endpoint *endpoint);

/* Takes the connected, non-blocking descriptor over. Returns 0, or -1 to have it closed. */
typedef int wi_accept_fn(void *context, int fd);

struct wi_listener;
/* Listens at once; NULL with `error` filled. */
struct wi_listener *wi_listener_new(uv_loop_t *loop, const char *address, wi_accept_fn *on_accept,
    void *context, struct wi_error *error);
void wi_listener_free(struct wi_listener *listener); /* NULL is fine */
/* The URL of a browser on this machine, e.g. "http://127.0.0.1:8471"; a wildcard address becomes
 * loopback. Owned by the caller. */
char *wi_listener_url(const struct wi_listener *listener, const char *scheme);
int wi_listener_port(const struct wi_listener *listener);

#endif
