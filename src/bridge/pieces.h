/*
 * Tensors in pieces, as nodes see them: outlines, credit, pieces both ways, and what is wanted next
 * after a reconnection. An answer gets its first credit when there is memory for the whole of it,
 * and more as it comes; those that wait for memory are served in the order in which they came,
 * until their attempt ends.
 */
#ifndef WI_BRIDGE_PIECES_H
#define WI_BRIDGE_PIECES_H

#include "bridge/private.h"
#include "bridge/response.h"

/* task_outline, task_data. What is well-formed and wrong ends the attempt as a failure that another
 * node may not have; only a message that names no attempt is WI_HEARD_WRONG. */
enum wi_heard wi_pieces_outline(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error);
enum wi_heard wi_pieces_data(struct wi_node *node, struct wi_frame *frame, struct wi_error *error);
/* Of wi_link_events: the next piece to the node. */
struct wi_message *wi_pieces_next(void *node, struct wi_link *link);
/* The node is back, and wants `data`, {ATTEMPT: {tensor, position}}, of what is sent to it; what it
 * does not name it has. Answers whose memory is there get their credit again. 0, or -1 with `error`
 * filled if it wants what there is not. */
int wi_pieces_resume(struct wi_node *node, const json_t *data, struct wi_error *error);
/* At the bridge's end: lets go of those who wait for memory. */
void wi_pieces_quiesce(struct wi_bridge *bridge);

#endif
