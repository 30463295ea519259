/* Messages from nodes: one row and one function for each type of the protocol. */
#ifndef WI_BRIDGE_MESSAGES_H
#define WI_BRIDGE_MESSAGES_H

#include "bridge/private.h"

/* Of a node's link, which has the node for its context. */
extern const struct wi_link_events wi_messages_events;

#endif
