/* The first message on a socket: who is it, and is it welcome. */
#ifndef WI_BRIDGE_ANNOUNCE_H
#define WI_BRIDGE_ANNOUNCE_H

#include "bridge/private.h"

/* A stranger has so long to announce his node. */
#define WI_HELLO_MS 5000
/* Of a stranger's link, which has its struct wi_socket for its context: a new node is welcomed, one
 * that was away is taken back, anything else closes the link. */
extern const struct wi_link_events wi_announce_events;

#endif
