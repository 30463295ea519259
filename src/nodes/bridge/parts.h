/* task_part and task_progress: what comes of an attempt before its answer. */
#ifndef WI_NODES_BRIDGE_PARTS_H
#define WI_NODES_BRIDGE_PARTS_H

#include "nodes/bridge/response.h"

/* Hands the part up if it is the one that is due, and acknowledges it. One that is not as it must
 * be ends its attempt as a bad answer does; only a message that names no attempt is
 * WI_HEARD_WRONG. */
enum wi_heard wi_part_handle(struct wi_node *node, struct wi_frame *frame, struct wi_error *error);
enum wi_heard wi_progress_handle(
    struct wi_node *node, struct wi_frame *frame, struct wi_error *error);

/* Of a node that comes back with this list of attempts and, in `next` (may be NULL), {ATTEMPT: seq}
 * of the part that each stream makes next: adds to `resumed` where the streams among them go on.
 * One that has begun again is to be cancelled, and is taken out of the list: it counts as lost. */
void wi_parts_resume(const struct wi_node *node, json_t *attempts, const json_t *next,
    const struct wi_resumed *resumed);

#endif
