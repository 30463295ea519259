/*
 * What a node's answer says of the time that its text took, as far as that can be believed.
 */
#ifndef WI_POOL_TIMINGS_H
#define WI_POOL_TIMINGS_H

#include "bridge/bridge.h"
#include "task/task.h"

/* Each pair is filled whole, or 0. */
struct wi_timings {
    double prompt_tokens, prompt_ms; /* new ones, which were in no cache, and reading them */
    double answer_tokens, answer_ms; /* those that were generated after the first */
    int stands_in;                   /* the latter only say something while nothing else does */
};

/* Of the answer to a text task that went well, which took `took_ms` by our clock. A task that makes
 * no text and says no more than its usage has read its prompt all the time. */
struct wi_timings wi_timings_of(
    enum wi_task_kind task, const struct wi_answer *answer, double took_ms);

#endif
