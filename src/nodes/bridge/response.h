/* task_response: the answer to an attempt, trusted only as far as it can be checked. */
#ifndef WI_NODES_BRIDGE_RESPONSE_H
#define WI_NODES_BRIDGE_RESPONSE_H

#include "nodes/bridge/answer_check.h"
#include "nodes/bridge/private.h"

struct wi_attempt;

/* The outcome of a message: about no attempt of ours, and counted as loose; about one of ours; or
 * wrong, which closes the connection. */
enum wi_heard { WI_HEARD_LOOSE, WI_HEARD_OURS, WI_HEARD_WRONG };

/* Handles a message about an attempt: `id` is the one that it names, and `attempt` is NULL if the
 * node has none of that id any more. A well-formed message with wrong content ends the attempt with
 * a failure that another node may avoid. */
typedef enum wi_heard wi_attempt_fn(struct wi_node *node, const char *id,
    struct wi_attempt *attempt, struct wi_frame *frame, struct wi_error *error);

/* Ends the attempt, and acknowledges it. */
wi_attempt_fn wi_response_handle;
/* As wi_answer_check_outputs; whether a shape that is not the model's is accepted depends on whose
 * node it is. WI_OK, or WI_INFERENCE_FAILED. */
enum wi_code wi_response_check_outline(struct wi_node *node, const struct wi_sent *sent,
    const struct wi_tensors *outline, struct wi_error *error);
/* Fills `error` with the reason that an answer of `bytes` is refused: WI_ANSWER_TOO_LARGE. */
enum wi_code wi_response_too_large(
    const struct wi_bridge *bridge, size_t bytes, struct wi_error *error);

/* Ends the attempt as failed before its answer is complete, and tells the node to stop it. */
void wi_response_end(struct wi_node *node, struct wi_attempt *attempt, const struct wi_error *why,
    int retryable, const char *reason);
/* The same if the part of its answer that has arrived cannot be used, for the reason in
 * `problem`. */
void wi_response_reject(
    struct wi_node *node, struct wi_attempt *attempt, const struct wi_error *problem);

#endif
