/* Messages from nodes: one row and one function for each type of the protocol. */
#ifndef WI_BRIDGE_MESSAGES_H
#define WI_BRIDGE_MESSAGES_H

#include "bridge/private.h"

/* Handles one whole message (`blob` is borrowed; tensors of answers keep references). May close
 * the link, but never frees it. */
void wi_messages_handle(struct wi_link *link, struct wi_blob *blob, int binary);

#endif
