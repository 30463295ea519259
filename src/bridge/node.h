/*
 * The life of a node: welcomed, away when its socket drops, back within its grace, down. Its
 * attempts, acknowledgements and heartbeats. `wi_node_info` and `wi_node_state` are made here.
 */
#ifndef WI_BRIDGE_NODE_H
#define WI_BRIDGE_NODE_H

#include "bridge/private.h"

struct wi_node *wi_node_new(struct wi_bridge *bridge, const struct wi_node_info *info);
struct wi_node *wi_node_find(const struct wi_bridge *bridge, const char *id); /* or NULL */
/* Makes the link the node's, which was new or away, and starts its heartbeats. The link's events
 * come with the node for their context. */
void wi_node_attach(
    struct wi_node *node, struct wi_link *link, const struct wi_link_events *events);
/* Closes its link, if it has one, without a word to the upper layer. */
void wi_node_detach(struct wi_node *node, const char *reason);
/* Closes its link after a fault of the peer's: tells the upper layer that the node is away, and
 * waits for the page to come back. The node must have a link. */
void wi_node_fail(struct wi_node *node, enum wi_close code, const char *reason);
/* Of wi_link_events, for nodes: the peer's close frame says whether it means to come back; without
 * its socket the node is away, or gone. */
void wi_node_on_left(void *node, struct wi_link *link, int code, const void *text, size_t size);
void wi_node_on_gone(void *node, struct wi_link *link);
/* What came and went over all its links, and when it was last heard. */
struct wi_link_heard wi_node_heard(const struct wi_node *node);
/* Ends the node and frees it: says `bye` with `code` if it is connected, reports its attempts lost
 * in the order sent, then the node down. Never from inside a call of the upper layer's. */
void wi_node_down(struct wi_node *node, const char *code, const char *why);
/* The same when the node goes by itself: nothing is said to it. With `blame` the oldest of its
 * attempts may have been the reason. */
void wi_node_leave(struct wi_node *node, int blame, const char *why);
/* At the bridge's end: lets go of timers, attempts and models, so that the loop can run empty. The
 * node itself stays, because its own event may be what ends the bridge. */
void wi_node_quiesce(struct wi_node *node);
/* Frees without a word; its sockets are gone. */
void wi_node_free(struct wi_node *node);
/* The live node whose model credential `token` is, or NULL: its id, a dot and its secret, so that
 * no file request has to look through all nodes. */
const struct wi_node *wi_node_by_credential(const struct wi_bridge *bridge, const char *token);
/* Whether it was given work for the model, or told to load it. */
int wi_node_may_fetch(const struct wi_node *node, const struct wi_model *model);

void wi_node_add_attempt(struct wi_node *node, const struct wi_task *task);
struct wi_attempt *wi_node_find_attempt(const struct wi_node *node, const char *id); /* or NULL */
void wi_node_remove_attempt(struct wi_node *node, struct wi_attempt *attempt);
/* Attempts that are in neither list were never received: takes them off and reports them lost. */
void wi_node_reconcile(struct wi_node *node, const json_t *running, const json_t *unacknowledged);

/* Notes that an answer of `bytes` was taken, to be acknowledged soon. */
void wi_node_acknowledge(struct wi_node *node, const char *attempt_id, size_t bytes);
/* Keeps the model fetchable although no attempt holds it. */
void wi_node_offer(struct wi_node *node, struct wi_model *model);

#endif
