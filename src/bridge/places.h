/*
 * The sockets of the listener and who may have how many of them. Whoever has not said who he is has
 * few, and gives way to the next: a newcomer is never locked out by those who came before him.
 * Those of this machine, where our own browsers are, and those from elsewhere are counted apart, so
 * that strangers cannot crowd our browsers out. Pure: it knows no sockets.
 */
#ifndef WI_BRIDGE_PLACES_H
#define WI_BRIDGE_PLACES_H

#include "net/addresses.h"

/* Of each crowd: those who have not announced themselves from elsewhere, from this machine, and
 * those who fetch files with a node's credential. Each may hold a file's chunk of memory. */
#define WI_PLACES_CROWD 256
/* Of those who have not announced themselves, for one address that is not this machine's. */
#define WI_PLACES_STRANGER 16

enum wi_crowd { WI_CROWD_ELSEWHERE, WI_CROWD_HERE, WI_CROWD_FILES, WI_CROWD_COUNT };

/* One socket's; embedded in what is bound to it. */
struct wi_bridge_place {
    struct wi_peer peer;
    int busy; /* its owner is serving it something: others give way before it does */
    /* Where it is; the oldest of a crowd first. A node's socket and one that must close are in
     * none. */
    enum wi_crowd _crowd;
    int _counted;
    struct wi_bridge_place *prev, *next;
};

/* Zero-initialise. */
struct wi_places {
    struct wi_addresses _all, _strangers;
    struct wi_bridge_place *_crowds[WI_CROWD_COUNT];
    size_t _counts[WI_CROWD_COUNT];
};

/* A socket of `peer` came. 0, or -1 if its address has `max_per_address` of them. `out` receives
 * the one that must close for it, which is in no crowd any more, or NULL. */
int wi_places_enter(struct wi_places *places, struct wi_bridge_place *place,
    const struct wi_peer *peer, size_t max_per_address, struct wi_bridge_place **out);
/* It showed a node's credential; may be said again. `out` as above. */
void wi_places_know(
    struct wi_places *places, struct wi_bridge_place *place, struct wi_bridge_place **out);
/* It is a node's from now on. */
void wi_places_settle(struct wi_places *places, struct wi_bridge_place *place);
/* It is gone. */
void wi_places_leave(struct wi_places *places, struct wi_bridge_place *place);
void wi_places_clear(struct wi_places *places);

#endif
