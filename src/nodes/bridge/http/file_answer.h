/* Answers over plain HTTP on libwebsockets: the parts that all of them share, and refusals. */
#ifndef WI_NODES_BRIDGE_HTTP_FILE_ANSWER_H
#define WI_NODES_BRIDGE_HTTP_FILE_ANSWER_H

#include "base/buffer.h"
#include "base/net/lws_http.h"
#include "nodes/bridge/socket.h"
#include <libwebsockets.h>

/* A client that takes no byte for this long is disconnected, and so is one that is too slow on
 * average. */
#define WI_HTTP_STALL_S 30

/* The headers that every answer carries: COOP, COEP, CSP and so on. `urls`, ended by NULL, are the
 * URLs at which pages reach us; `siblings` are the origins to which they may also connect, and
 * `sockets` those of WebSockets. The caller owns the result. */
char *wi_http_security_headers(
    const char *const *urls, const struct wi_strings *siblings, const struct wi_strings *sockets);

/* The token after "Bearer " in the request's Authorization header, in `out` of WI_HTTP_HEADER_MAX
 * bytes; NULL if there is none. */
const char *wi_http_bearer(struct lws *wsi, char *out);
int wi_http_wants_close(struct lws *wsi); /* whether no request follows on this connection */

/* Begins an answer's headers. */
void wi_http_begin(struct wi_buffer *out, struct lws *wsi, const struct wi_bridge *bridge,
    int status, int close_after);
/* Asks for WRITEABLE. Returns 0, or -1 if the connection is to be closed. */
int wi_http_await_room(struct lws *wsi);
/* Returns the value for the lws callback once an answer was written completely. Until there is room
 * for another answer, the socket's `ending` is set, and this is to be called again when it is
 * WRITEABLE. */
int wi_http_finish(struct lws *wsi, int close_after);
/* Answers the request on `wsi` with a short text and closes or keeps the connection. The value is
 * for the lws callback to return. `extra` is more header lines, each ended by CR LF, or NULL. */
int wi_http_refuse(
    struct lws *wsi, struct wi_bridge *bridge, int status, const char *text, const char *extra);

#endif
