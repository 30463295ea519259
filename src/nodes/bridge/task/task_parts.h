/* task_part and task_progress: messages of an attempt before its answer. */
#ifndef WI_NODES_BRIDGE_TASK_PARTS_H
#define WI_NODES_BRIDGE_TASK_PARTS_H

#include "nodes/bridge/response.h"

/* Hands the part up if it is the next one due, and acknowledges it. */
wi_attempt_fn wi_part_handle;
wi_attempt_fn wi_progress_handle;

/* For a node that comes back with this list of attempts, and in `next` (may be NULL) {ATTEMPT: seq}
 * of the part that each stream makes next: adds to `resumed` where the streams among them continue.
 * A stream that has started over is to be cancelled and is removed from the list: it counts as
 * lost. */
void wi_parts_resume(const struct wi_node *node, json_t *attempts, const json_t *next,
    const struct wi_resumed *resumed);

#endif
