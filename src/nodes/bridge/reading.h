/*
 * The loop's time that reading nodes' messages takes, measured. A node of a session of ours has
 * half of each second, which one that answers with large tensors can use. A node that joined has an
 * eighth; so have all nodes of one token together, and all that joined a quarter. Who has had more
 * waits. While all that joined have had theirs, those wait whose token has had an eighth of it, so
 * that what one token's nodes send holds up no others. What a token has had is known for as long as
 * there is the token or a node of it: to leave and come again is no way around it. Pure.
 */
#ifndef WI_NODES_BRIDGE_READING_H
#define WI_NODES_BRIDGE_READING_H

#include "base/share.h"

/* Of each second, for all nodes that joined, and for each node of a session of ours. */
#define WI_READING_JOINED 0.25
#define WI_READING_OURS 0.5

/* What the nodes of one token have had. Counted. */
struct wi_reading_token;
struct wi_reading_token *wi_reading_token_new(void);
struct wi_reading_token *wi_reading_token_ref(struct wi_reading_token *token);
void wi_reading_token_unref(struct wi_reading_token *token); /* NULL is fine */

/* What one node has had. `token` NULL: it is of a session of ours, and belongs to nobody else. Both
 * are borrowed. */
struct wi_reading {
    struct wi_toll own;
    struct wi_reading_token *token;
    struct wi_toll *joined; /* of all that joined: `part` is WI_READING_JOINED */
};
void wi_reading_begin(
    struct wi_reading *reading, struct wi_reading_token *token, struct wi_toll *joined);
/* Counts `ms` that were spent until `now_ms`. How long nothing more is to be read of the node. */
double wi_reading_pay(struct wi_reading *reading, double now_ms, double ms);

#endif
