/*
 * The sockets of the listener and who may have how many of them. Whoever has not said who he is has
 * few, and gives way to the next: a newcomer is never locked out by those who came before him.
 * Which one gives way is drawn, so that a newcomer is not pushed out just by those who come after
 * him. It is one of those that are being served where these are more than half, else one of the
 * others, so that neither fill all places. Those of this machine, where our own browsers are, and
 * those from elsewhere are counted apart, so that strangers cannot crowd our browsers out. Pure: it
 * knows no sockets.
 */
#ifndef WI_NODES_BRIDGE_SOCKET_LIMITS_H
#define WI_NODES_BRIDGE_SOCKET_LIMITS_H

#include "base/net/addresses.h"

/* Of each crowd: those who have not announced themselves from elsewhere, from this machine, and
 * those who fetch files with a node's credential. Each may hold a file's chunk of memory. */
#define WI_CROWD_SOCKETS_MAX 256
/* Of those who have not announced themselves, for one address that is not this machine's. */
#define WI_STRANGER_SOCKETS_MAX 16

enum wi_crowd { WI_CROWD_ELSEWHERE, WI_CROWD_HERE, WI_CROWD_FILES, WI_CROWD_COUNT };

/* One socket's; embedded in what is bound to it. */
struct wi_limited_socket {
    struct wi_peer peer;
    int busy; /* its owner is serving it something */
    /* Where it is. A node's socket and one that must close are in none. */
    enum wi_crowd _crowd;
    int _counted;
    struct wi_limited_socket *prev, *next;
};

/* Zero-initialise; what is drawn at random begins with `dice`. */
struct wi_socket_limits {
    unsigned short dice[3];
    struct wi_addresses _all, _strangers;
    struct wi_limited_socket *_crowds[WI_CROWD_COUNT];
    size_t _counts[WI_CROWD_COUNT];
};

/* A socket of `peer` came. 0, or -1 if its address has `max_per_address` of them. `out` receives
 * the one that must close for it, which is in no crowd any more, or NULL. */
int wi_socket_limits_enter(struct wi_socket_limits *limits, struct wi_limited_socket *limited,
    const struct wi_peer *peer, size_t max_per_address, struct wi_limited_socket **out);
/* It showed a node's credential; may be said again. `out` as above. */
void wi_socket_limits_know(struct wi_socket_limits *limits, struct wi_limited_socket *limited,
    struct wi_limited_socket **out);
/* It is a node's from now on. */
void wi_socket_limits_settle(struct wi_socket_limits *limits, struct wi_limited_socket *limited);
/* It is gone. */
void wi_socket_limits_leave(struct wi_socket_limits *limits, struct wi_limited_socket *limited);
void wi_socket_limits_clear(struct wi_socket_limits *limits);

#endif
