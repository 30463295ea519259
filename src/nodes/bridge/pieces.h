/*
 * Tensors in pieces, as nodes see them: outlines, credit, pieces both ways, and what is wanted next
 * after a reconnection. Memory for an answer is taken step by step as it comes. A node has its
 * share (base/share.h); what it takes beyond that leaves an eighth of all memory free, or a
 * sixteenth for the answer that lacks the least, and all answers that lack less can still become
 * whole. An answer whose next step finds no memory waits, and none waits for another: all are tried
 * again, those that lack the least first, until their attempt ends. One that comes too slowly is
 * given up.
 */
#ifndef WI_NODES_BRIDGE_PIECES_H
#define WI_NODES_BRIDGE_PIECES_H

#include "nodes/bridge/private.h"
#include "nodes/bridge/response.h"

/* task_outline, task_data. What is well-formed and wrong ends the attempt as a failure that another
 * node may not have; only a message that names no attempt is WI_HEARD_WRONG. */
enum wi_heard wi_pieces_outline(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error);
enum wi_heard wi_pieces_data(struct wi_node *node, struct wi_frame *frame, struct wi_error *error);
/* Of wi_link_events: the next piece to the node. */
struct wi_message *wi_pieces_next(void *node, struct wi_link *link);
/* {ATTEMPT: {tensor, position}}: where each answer goes on that comes in pieces. One that has no
 * memory yet begins anew. New reference. */
json_t *wi_pieces_wanted(struct wi_node *node);
/* The node is back, and wants `data`, {ATTEMPT: {tensor, position}}, of what is sent to it; what it
 * does not name it has. Answers that had credit get it again. 0, or -1 with `error` filled if it
 * wants what there is not. */
int wi_pieces_resume(struct wi_node *node, const json_t *data, struct wi_error *error);
/* At the bridge's end: waits for nothing any more. */
void wi_pieces_quiesce(struct wi_bridge *bridge);

#endif
