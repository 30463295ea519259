/*
 * The limits on the listener's sockets. A peer that has not identified itself may have few of them,
 * and its sockets give way to newer ones, so earlier peers never lock a newcomer out. The socket
 * that gives way is drawn at random, so that later arrivals do not necessarily push a newcomer out.
 * If more than half of the crowd is being served, one of the served sockets is drawn, otherwise one
 * of the others; so neither group can fill all places. Sockets from this machine, where our own
 * browsers run, are counted separately from those from elsewhere, so that strangers cannot crowd
 * out our browsers. Pure: it knows no sockets.
 */
#ifndef WI_NODES_BRIDGE_SOCKET_LIMITS_H
#define WI_NODES_BRIDGE_SOCKET_LIMITS_H

#include "base/net/addresses.h"

/* The limit of each crowd: sockets from elsewhere that have not announced a node, the same from
 * this machine, and sockets that fetch files with a node's credential. Each may hold a file's chunk
 * of memory. */
#define WI_CROWD_SOCKETS_MAX 256
/* Sockets of one remote address that have not announced a node. */
#define WI_STRANGER_SOCKETS_MAX 16

enum wi_crowd { WI_CROWD_ELSEWHERE, WI_CROWD_HERE, WI_CROWD_FILES, WI_CROWD_COUNT };

/* Embedded in the struct that is bound to a socket. */
struct wi_limited_socket {
    struct wi_peer peer;
    int busy; /* its owner is serving it something */
    /* Its crowd. A node's socket, and one that must close, are in none. */
    enum wi_crowd _crowd;
    int _counted;
    struct wi_limited_socket *prev, *next;
};

/* Zero-initialise; `dice` is the seed of the random draws. */
struct wi_socket_limits {
    unsigned short dice[3];
    struct wi_addresses _all, _strangers;
    struct wi_limited_socket *_crowds[WI_CROWD_COUNT];
    size_t _counts[WI_CROWD_COUNT];
};

/* Adds a new socket of `peer`. Returns 0, or -1 if its address already has `max_per_address`. `out`
 * receives the socket that must close to make room, which is then in no crowd, or NULL. */
int wi_socket_limits_enter(struct wi_socket_limits *limits, struct wi_limited_socket *limited,
    const struct wi_peer *peer, size_t max_per_address, struct wi_limited_socket **out);
/* The socket showed a node's credential; may be called repeatedly. `out` as above. */
void wi_socket_limits_know(struct wi_socket_limits *limits, struct wi_limited_socket *limited,
    struct wi_limited_socket **out);
/* The socket belongs to a node from now on. */
void wi_socket_limits_settle(struct wi_socket_limits *limits, struct wi_limited_socket *limited);
/* The socket is gone. */
void wi_socket_limits_leave(struct wi_socket_limits *limits, struct wi_limited_socket *limited);
void wi_socket_limits_clear(struct wi_socket_limits *limits);

#endif
