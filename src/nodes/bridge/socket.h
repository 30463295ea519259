/*
 * One TCP connection of the listener, whatever it becomes: an answer over HTTP (http/transfer.h),
 * or a WebSocket (link.h).
 */
#ifndef WI_NODES_BRIDGE_SOCKET_H
#define WI_NODES_BRIDGE_SOCKET_H

#include "nodes/bridge/private.h"

/* Bound to the lws socket as its opaque pointer; freed when lws destroys that (http/serve.c). */
struct wi_socket {
    struct wi_bridge *bridge;
    struct lws *wsi;
    struct wi_limited_socket limited;
    struct wi_transfer *transfer;
    enum { WI_NOT_ENDING, WI_ENDING, WI_ENDING_AND_CLOSING } ending; /* see wi_http_finish */
    struct wi_watch *meanwhile; /* for what comes while an answer is not taken, or NULL */
    int meanwhile_fd;           /* its own descriptor of the connection */
    struct wi_link *link;
    int is_cut; /* by us */
};

/* Gives the connection to lws, or closes it where its address has too many. */
void wi_socket_accept(struct wi_bridge *bridge, int fd, const struct sockaddr *peer);
/* Closes the socket from the loop. */
void wi_socket_cut(struct wi_socket *socket);
/* Until wi_socket_unwatch, the socket is cut if anything comes: lws reads nothing while it writes
 * an answer, and would be told without end that there is something to read. 0, or -1 where that
 * cannot be watched. */
int wi_socket_watch(struct wi_socket *socket);
void wi_socket_unwatch(struct wi_socket *socket);
/* Closes the socket that must make room, from the loop. NULL is fine. */
void wi_socket_vacate(struct wi_bridge *bridge, struct wi_limited_socket *limited);

#endif
