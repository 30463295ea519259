/*
 * One TCP connection of the listener. It becomes an answer over HTTP, or a WebSocket (link.h). The
 * functions named wi_serve_… and wi_http_serve return the value for the lws callback to return.
 */
#ifndef WI_NODES_BRIDGE_SOCKET_H
#define WI_NODES_BRIDGE_SOCKET_H

#include "nodes/bridge/private.h"
#include <libwebsockets.h>

/* Bound to the lws socket as its opaque pointer; freed when lws destroys the socket
 * (http/serve.c). */
struct wi_socket {
    struct wi_bridge *bridge;
    struct lws *wsi;
    struct wi_limited_socket limited;
    struct wi_transfer *transfer;
    enum { WI_NOT_ENDING, WI_ENDING, WI_ENDING_AND_CLOSING } ending; /* see wi_http_finish */
    struct wi_watch *meanwhile; /* for input that arrives while an answer is not taken, or NULL */
    int meanwhile_fd;           /* its own descriptor of the connection */
    struct wi_link *link;
    int is_cut; /* it was closed by us */
};

/* Gives the connection to lws, or closes it if its address has too many. */
void wi_socket_accept(struct wi_bridge *bridge, int fd, const struct sockaddr *peer);
/* Closes the socket from the loop. */
void wi_socket_cut(struct wi_socket *socket);
/* Until wi_socket_unwatch, the socket is closed if any input arrives: lws reads nothing while it
 * writes an answer, and would be told endlessly that there is input. Returns 0, or -1 if the socket
 * cannot be watched. */
int wi_socket_watch(struct wi_socket *socket);
void wi_socket_unwatch(struct wi_socket *socket);
/* Closes the socket that must make room, from the loop. NULL is fine. */
void wi_socket_vacate(struct wi_bridge *bridge, struct wi_limited_socket *limited);

/* --- http/file_answer.c: answers over plain HTTP, the parts that all share, and refusals ------ */

#define WI_HTTP_HEADER_MAX 512
/* A client that takes no byte for this long is disconnected, and so is one that is too slow on
 * average. */
#define WI_HTTP_STALL_S 30

/* The headers that every answer carries: COOP, COEP, CSP and so on. `urls`, ended by NULL, are the
 * URLs at which pages reach us. The caller owns the result. */
char *wi_http_security_headers(const char *const *urls);

/* The value of a request's header, copied to `out` of WI_HTTP_HEADER_MAX bytes; "" if it is missing
 * or longer than any value that matters here. */
const char *wi_http_header(struct lws *wsi, enum lws_token_indexes token, char *out);
/* The token after "Bearer " in the request's Authorization header, in `out` of WI_HTTP_HEADER_MAX
 * bytes; NULL if there is none. */
const char *wi_http_bearer(struct lws *wsi, char *out);
int wi_http_wants_close(struct lws *wsi); /* whether no request follows on this connection */

/* Begins an answer's headers. */
void wi_http_begin(
    struct wi_buffer *out, const struct wi_bridge *bridge, int status, int close_after);
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

/* --- http/transfer.c: the body of an answer that is being sent -------------------------------- */

/* A body is a text, a range of a file, or data read from the blockstore. Each chunk is filled, from
 * files on libuv's thread pool, and written when the socket takes it; then the next chunk is
 * filled. So memory is bounded, and the loop never waits for a disk. */

/* Zero-initialise; exactly one of `text`, `reading` and `fd` is set. */
struct wi_body {
    struct wi_blob *text;             /* referenced; NULL: none */
    struct wi_block_reading *reading; /* owned; NULL: none. It leaves at [content] upload_limit */
    int fd;                           /* borrowed from the page or the model, unless `owned` */
    int owned;                        /* the file is to be closed in the end */
    struct wi_model *model;           /* referenced; NULL: the file is no model's */
    const struct wi_model_file *file; /* of the model; NULL: not of its manifest */
    uint64_t at;                      /* where it begins in the file */
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

/* --- http/serve.c: which request is answered by what ------------------------------------------ */

/* The lws callback of plain HTTP; also the one that refuses upgrades. */
int wi_http_serve(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);

/* --- http/files.c: a file is sent whole, as a range, or not at all if the client has it ------- */

/* A file of the page. */
int wi_serve_page(struct lws *wsi, struct wi_socket *socket, const char *path);
/* Tells in one word what work strangers' browsers are sent ([pool] strangers). A page asks for it
 * before its user has agreed to connect. */
int wi_serve_work(struct lws *wsi, struct wi_socket *socket);
/* "/models/NAME/HASH/PATH", for a node with its credential. */
int wi_serve_model(struct lws *wsi, struct wi_socket *socket, const char *path);

/* --- http/gateway.c: published models by content ---------------------------------------------- */

/* Nothing is fetched on behalf of clients (https://specs.ipfs.tech/http-gateways/). */

/* Serves "/ipfs/CID"; `cid` is the part after "/ipfs/". */
int wi_serve_block(struct lws *wsi, struct wi_socket *socket, const char *cid);
/* Serves "/content", their list for other daemons. */
int wi_serve_content(struct lws *wsi, struct wi_socket *socket);

#endif
