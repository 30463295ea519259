/*
 * One TCP connection of the listener, whatever it becomes: a transfer of a file (files.c), or a
 * WebSocket (link.h).
 */
#ifndef WI_BRIDGE_SOCKET_H
#define WI_BRIDGE_SOCKET_H

#include "bridge/private.h"

/* Bound to the lws socket as its opaque pointer; freed when lws destroys that (files.c). */
struct wi_socket {
    struct wi_bridge *bridge;
    struct lws *wsi;
    struct wi_place place;
    struct wi_transfer *transfer;
    struct wi_link *link;
};

/* Gives the connection to lws, or closes it where its address has too many. */
void wi_socket_accept(struct wi_bridge *bridge, int fd, const struct sockaddr *peer);
/* Closes the socket whose place must be free, from the loop. NULL is fine. */
void wi_socket_vacate(struct wi_bridge *bridge, struct wi_place *place);

#endif
