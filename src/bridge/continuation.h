/*
 * What other nodes have made of a stream, where its JSON might not fit a message: as two tensors
 * behind those of the task (webinfer-streams(7), "A long continuation").
 */
#ifndef WI_BRIDGE_CONTINUATION_H
#define WI_BRIDGE_CONTINUATION_H

#include "bridge/bridge.h"

/* Whether text and tokens, as JSON, may be larger than the head of a message has room for. */
int wi_continuation_is_long(const struct wi_continuation *from);
/* A list of the task's tensors, shared, and behind them its text and its tokens, as far as it has
 * them: copies, charged to `budget`. 0, or -1 where there is no memory, and the list is empty. */
int wi_continuation_lay_out(
    struct wi_tensors *list, const struct wi_task *task, struct wi_budget *budget);

#endif
