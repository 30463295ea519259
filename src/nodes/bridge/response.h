/* task_response: the answer to an attempt, believed only as far as it can be checked. */
#ifndef WI_NODES_BRIDGE_RESPONSE_H
#define WI_NODES_BRIDGE_RESPONSE_H

#include "nodes/bridge/answer_check.h"
#include "nodes/bridge/private.h"

struct wi_attempt;

/* What became of a message: one about an attempt of ours is not counted as loose; a wrong one
 * closes the connection. */
enum wi_heard { WI_HEARD_LOOSE, WI_HEARD_OURS, WI_HEARD_WRONG };

/* Ends the attempt that it names, and acknowledges it. What is well-formed and wrong is a retryable
 * failure of the attempt; only a message that names no attempt is WI_HEARD_WRONG. */
enum wi_heard wi_response_handle(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error);
/* wi_answer_check_outputs, and a shape that is not the model's is judged by whose node it is.
 * WI_OK, or WI_INFERENCE_FAILED. */
enum wi_code wi_response_check_outline(struct wi_node *node, const struct wi_sent *sent,
    const struct wi_tensors *outline, struct wi_error *error);
/* Why an answer of so many bytes is not taken. */
void wi_response_too_large(const struct wi_bridge *bridge, size_t bytes, struct wi_error *error);

/* Before its answer is there: ends the attempt as failed, and tells the node to stop it. */
void wi_response_end(struct wi_node *node, struct wi_attempt *attempt, const struct wi_error *why,
    int retryable, const char *reason);
/* The same where what has come of its answer cannot be used, as `problem` says. */
void wi_response_reject(
    struct wi_node *node, struct wi_attempt *attempt, const struct wi_error *problem);

#endif
