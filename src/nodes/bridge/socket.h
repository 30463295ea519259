/*
 * One TCP connection of the listener. It becomes an answer over HTTP (http/transfer.h), or a
 * WebSocket (link.h).
 */
#ifndef WI_NODES_BRIDGE_SOCKET_H
#define WI_NODES_BRIDGE_SOCKET_H

#include "nodes/bridge/private.h"

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
    struct wi_joining *joining; /* its node waits for a place of its join token; or NULL */
    char *origin; /* of the page that opened the WebSocket; "": it was no page. NULL before */
    struct wi_device_challenge *challenge; /* a remembered device has to prove itself; or NULL */
    int is_proxy;                          /* of the operator's: it may state a peer */
    int is_cut;                            /* it was closed by us */
    int for_siblings; /* pages of siblings, too, may read the answer to its request */
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

#endif
