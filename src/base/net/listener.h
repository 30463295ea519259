/*
 * A listening socket of ours. Neither libmicrohttpd nor libwebsockets accepts for itself, so that
 * connections can be capped before a byte is read, running out of descriptors pauses instead of
 * spinning the loop, port 0 is known afterwards, and listening can stop while connections go on.
 */
#ifndef WI_BASE_NET_LISTENER_H
#define WI_BASE_NET_LISTENER_H

#include "base/error.h"
#include "base/net/address.h"
#include <uv.h>

struct wi_listener_options {
    const char *address; /* "ADDRESS:PORT"; port 0 lets the system choose */
    const char *key;     /* of the configuration, for errors: "api.listen" */
    const char *part;    /* for the log: "api" */
};

/* `fd` (connected, non-blocking, close-on-exec, TCP_NODELAY) is the callee's. */
typedef void wi_accept_fn(void *context, int fd, const struct sockaddr *peer, socklen_t length);

struct wi_listener;
/* Listens at once. NULL with `error` filled: WI_INVALID_FIELD for what is no address, WI_CONFLICT
 * for a port in use, WI_UNAVAILABLE otherwise. `options` is borrowed for the call, the strings in
 * it for the listener's life. */
struct wi_listener *wi_listener_new(uv_loop_t *loop, const struct wi_listener_options *options,
    wi_accept_fn *on_accept, void *context, struct wi_error *error);
/* For a socket that listens already, which is the listener's from here on; `part` is for the log,
 * and must outlive it. NULL, and the socket is closed, if it cannot be watched. */
struct wi_listener *wi_listener_take(
    uv_loop_t *loop, int fd, const char *part, wi_accept_fn *on_accept, void *context);
void wi_listener_free(struct wi_listener *listener); /* closes the socket; NULL is fine */

/* With the real port. Borrowed. */
const union wi_address *wi_listener_address(const struct wi_listener *listener);
/* The URL for a program on this machine, e.g. "http://127.0.0.1:8471": a wildcard address becomes
 * loopback. Owned by the caller. */
char *wi_listener_url(const struct wi_listener *listener, const char *scheme);

#endif
