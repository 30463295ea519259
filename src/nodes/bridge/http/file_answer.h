/* Answers over plain HTTP on libwebsockets: the parts that all of them share, and refusals. */
#ifndef WI_NODES_BRIDGE_HTTP_FILE_ANSWER_H
#define WI_NODES_BRIDGE_HTTP_FILE_ANSWER_H

#include "base/buffer.h"
#include "nodes/bridge/socket.h"
#include <libwebsockets.h>

#define WI_HTTP_HEADER_MAX 512
/* A client that takes no byte for this long is disconnected, and so is one that is too slow on
 * average. */
#define WI_HTTP_STALL_S 30

/* The headers that every answer carries: COOP, COEP, CSP and so on. `urls`, ended by NULL, are the
 * URLs at which pages reach us; `siblings` are the origins to which they may also connect. The
 * caller owns the result. */
char *wi_http_security_headers(const char *const *urls, const struct wi_strings *siblings);

/* The value of a request's header, copied to `out` of WI_HTTP_HEADER_MAX bytes; "" if it is missing
 * or longer than any value that matters here. */
const char *wi_http_header(struct lws *wsi, enum lws_token_indexes token, char *out);
/* The token after "Bearer " in the request's Authorization header, in `out` of WI_HTTP_HEADER_MAX
 * bytes; NULL if there is none. */
const char *wi_http_bearer(struct lws *wsi, char *out);
int wi_http_wants_close(struct lws *wsi); /* whether no request follows on this connection */

/* Begins an answer's headers. */
void wi_http_begin(struct wi_buffer *out, struct lws *wsi, const struct wi_bridge *bridge,
    int status, int close_after);
/* Sends the headers and clears the buffer. Returns 0, or -1 if the connection is to be closed. */
int wi_http_write_headers(struct lws *wsi, struct wi_buffer *text);
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
