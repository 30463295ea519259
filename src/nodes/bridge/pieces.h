/*
 * The handling of tensors in pieces for nodes: outlines, credit, pieces in both directions, and
 * which bytes are expected next after a reconnection. Memory for an answer is taken step by step as
 * the answer arrives. A node has its share (base/share.h). Beyond its share it may take memory only
 * if an eighth of all memory stays free, or a sixteenth for the answer that lacks the least, and
 * only if all answers that lack less can still be completed. An answer whose next step finds no
 * memory waits, without holding up others: all are retried, those that lack the least first, until
 * their attempts end. An answer that arrives too slowly is abandoned.
 */
#ifndef WI_NODES_BRIDGE_PIECES_H
#define WI_NODES_BRIDGE_PIECES_H

#include "nodes/bridge/private.h"
#include "nodes/bridge/response.h"

/* task_outline, task_data. */
wi_attempt_fn wi_pieces_outline, wi_pieces_data;
/* For wi_link_events: the next piece for the node. */
struct wi_message *wi_pieces_next(void *node, struct wi_link *link);
/* {ATTEMPT: {tensor, position}}: where each answer that comes in pieces continues. An answer that
 * has no memory yet starts over. New reference. */
json_t *wi_pieces_wanted(struct wi_node *node);
/* The node has come back, and asks for `data`, {ATTEMPT: {tensor, position}}, of what is being sent
 * to it; it already has everything that it does not name. Answers that had credit get it again.
 * Returns 0, or -1 with `error` filled if it asks for something that does not exist. */
int wi_pieces_resume(struct wi_node *node, const json_t *data, struct wi_error *error);
/* When the bridge closes: stops all waiting. */
void wi_pieces_quiesce(struct wi_bridge *bridge);

#endif
