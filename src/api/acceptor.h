/*
 * The listening socket of the API: binds, listens, accepts. It accepts by itself
 * rather than through libmicrohttpd, so that running out of descriptors or connections pauses it
 * instead of making the loop spin.
 */
#ifndef WI_API_ACCEPTOR_H
#define WI_API_ACCEPTOR_H

#include "base/error.h"
#include "config/address.h"
#include <sys/socket.h>
#include <uv.h>

/* Where to listen. */
struct wi_place {
    union wi_address address;
    char host[80]; /* as in a URL: "127.0.0.1", "[::1]" */
    unsigned port;
};

/* "127.0.0.1:8470" or "[::1]:8470"; port 0 lets the system choose. WI_OK or WI_INVALID_FIELD. */
enum wi_code wi_place_parse(const char *text, struct wi_place *place, struct wi_error *error);

/* `fd` (non-blocking, close-on-exec) is the callee's. */
typedef void wi_acceptor_fn(
    void *context, int fd, const struct sockaddr *peer, socklen_t peer_length);

struct wi_acceptor;
/* Binds and listens; `place` gets the real port. NULL with `error` (WI_CONFLICT: the port is in
 * use; WI_UNAVAILABLE otherwise). */
struct wi_acceptor *wi_acceptor_new(uv_loop_t *loop, struct wi_place *place,
    wi_acceptor_fn *on_connection, void *context, struct wi_error *error);
/* Stops and starts accepting; what comes meanwhile waits in the system's backlog. */
void wi_acceptor_pause(struct wi_acceptor *acceptor, int paused);
void wi_acceptor_free(struct wi_acceptor *acceptor); /* closes the socket; NULL is fine */

#endif
