/*
 * A WebSocket to a server, on the one lws context: text messages, bounded, whole. Loopback and
 * Grid traffic only: no proxy, no TLS.
 */
#ifndef WI_BASE_NET_WEBSOCKET_H
#define WI_BASE_NET_WEBSOCKET_H

#include "base/net/lws.h"
#include "base/net/outlet.h"
#include <stddef.h>

#define WI_WEBSOCKET_SEND_MAX WI_LWS_CHUNK

/* No event comes from inside wi_websocket_open. The socket may be freed inside each. */
struct wi_websocket_events {
    void *context;
    /* NUL-terminated; borrowed for the callback. */
    void (*on_message)(void *context, const char *text, size_t size);
    /* A message of `size` bytes came and was skipped. */
    void (*on_skipped)(void *context, size_t size);
    /* The socket could not be opened, or is closed; the last event. */
    void (*on_closed)(void *context, const char *why);
};

struct wi_websocket;
/* Connects to `url`, ws://HOST[:PORT][/PATH], which need not be trusted. A message that is larger
 * than `max_message` bytes is skipped. With `outlet` (NULL: none), which must outlive the socket,
 * the connection begins in the outlet's network, and any HOST means that network's loopback. */
struct wi_websocket *wi_websocket_open(uv_loop_t *loop, struct lws_context *lws,
    const struct wi_outlet *outlet, const char *url, size_t max_message,
    const struct wi_websocket_events *events);
/* Queues a message (copied) of at most WI_WEBSOCKET_SEND_MAX bytes, which is sent once the socket
 * is open. */
void wi_websocket_send(struct wi_websocket *socket, const char *text, size_t size);
void wi_websocket_free(struct wi_websocket *socket); /* no event follows; NULL is fine */

#endif
