/*
 * Measures and limits the loop's time for reading nodes' messages. A node of our own sessions may
 * use half of each second, which a node that answers with large tensors can need. So may a relay,
 * and all relays of one token together; a joined node may use an eighth. All nodes of one token
 * together may also use an eighth, and all joined nodes together a quarter. A node beyond its limit
 * waits. Once all joined nodes together have used their quarter, only the nodes of a token that has
 * used more than an eighth of that quarter wait, so that one token's nodes do not hold up others. A
 * token's use is remembered for as long as the token or one of its nodes exists, so leaving and
 * joining again does not reset it. Pure.
 */
#ifndef WI_NODES_BRIDGE_BRIDGE_READING_H
#define WI_NODES_BRIDGE_BRIDGE_READING_H

#include "base/share.h"

/* Fractions of each second: for all joined nodes together, and for each node of our own
 * sessions. */
#define WI_READING_JOINED 0.25
#define WI_READING_OURS 0.5

/* The time that the nodes of one token have used. Reference-counted. */
struct wi_reading_token;
struct wi_reading_token *wi_reading_token_new(int of_relays); /* its rank is relay */
struct wi_reading_token *wi_reading_token_ref(struct wi_reading_token *token);
void wi_reading_token_unref(struct wi_reading_token *token); /* NULL is fine */

/* The time that one node has used. `token` is NULL for a node of one of our sessions, `joined` also
 * for a relay. Both pointers are borrowed. */
struct wi_reading {
    struct wi_toll own;
    struct wi_reading_token *token;
    struct wi_toll *joined; /* of all joined nodes: `part` is WI_READING_JOINED */
};
void wi_reading_begin(
    struct wi_reading *reading, struct wi_reading_token *token, struct wi_toll *joined);
/* Counts `ms` spent up to `now_ms`. Returns for how many milliseconds nothing more is to be read
 * from the node. */
double wi_reading_pay(struct wi_reading *reading, double now_ms, double ms);

#endif
