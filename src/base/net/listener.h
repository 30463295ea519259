/*
 * A listening socket. libmicrohttpd and libwebsockets do not accept connections themselves, so that
 * connections can be limited before a byte is read, a lack of descriptors pauses accepting instead
 * of spinning the loop, the port chosen for port 0 is known, and listening can stop while
 * connections go on.
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

/* The callee owns `fd` (connected, non-blocking, close-on-exec, TCP_NODELAY). */
typedef void wi_accept_fn(void *context, int fd, const struct sockaddr *peer, socklen_t length);

struct wi_listener;
/* Listens at once. NULL with `error` filled: WI_INVALID_FIELD for an invalid address, WI_CONFLICT
 * for a port in use, WI_UNAVAILABLE otherwise. `options` is borrowed for the call, its strings for
 * the listener's life. */
struct wi_listener *wi_listener_new(uv_loop_t *loop, const struct wi_listener_options *options,
    wi_accept_fn *on_accept, void *context, struct wi_error *error);
/* For a socket that listens already; the listener owns it from here on. `part` is for the log and
 * must outlive the listener. If the socket cannot be watched, it is closed and NULL returned. */
struct wi_listener *wi_listener_take(
    uv_loop_t *loop, int fd, const char *part, wi_accept_fn *on_accept, void *context);
void wi_listener_free(struct wi_listener *listener); /* closes the socket; NULL is fine */

/* The address with the actual port. Borrowed. */
const union wi_address *wi_listener_address(const struct wi_listener *listener);
/* The URL for a program on this machine, e.g. "http://127.0.0.1:8471": a wildcard address becomes
 * loopback. Owned by the caller. */
char *wi_listener_url(const struct wi_listener *listener, const char *scheme);

#endif
