/* The first message on a socket: who is it, and is it welcome. */
#ifndef WI_BRIDGE_ANNOUNCE_H
#define WI_BRIDGE_ANNOUNCE_H

#include "bridge/private.h"

/* Handles a node_announcement: welcomes a new node or takes one back, or closes the socket. */
void wi_announce(struct wi_link *link, const struct wi_frame *frame);

#endif
