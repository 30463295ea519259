/*
 * From attempts to estimates: which place (place.h) an answer, a failure or a silence says
 * something of, and how long it took there. Simulated nodes and built-in models say nothing.
 */
#ifndef WI_WORK_POOL_MEASURE_H
#define WI_WORK_POOL_MEASURE_H

#include "work/pool/private.h"

/* What the page reports, of the platforms that failed before as well. */
void wi_pool_measure_answer(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer);
/* That platform (-1: none) failed at the attempt's model. */
void wi_pool_measure_failure(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, int platform);
/* Notes where the model was not loaded for want of memory, by `models` that the node has told of
 * last (may be NULL). Whether that is what the attempt failed by. */
int wi_pool_measure_shortage(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer, const json_t *models);
/* It was stopped at its deadline. */
void wi_pool_measure_exceeded(
    struct wi_pool *pool, const struct pool_node *node, const struct pool_attempt *attempt);
/* What a model took for nobody when it was loaded: `model` is as the node tells of it
 * (nodes/bridge/model_status.h), `now` is wi_now_ms(). */
void wi_pool_measure_warm_up(
    struct wi_pool *pool, const struct pool_node *node, const json_t *model, double now);

/* Of the answer to a text task that went well, which took `took_ms` by our clock. A task that makes
 * no text and says no more than its usage has read its prompt all the time. Public for tests. */
struct wi_timings wi_timings_of(
    enum wi_task_kind task, const struct wi_answer *answer, double took_ms);
/* What loading and running it takes on nodes like this one, in ms; 0 where that is not known, as of
 * a stream or of what differs in length. */
double wi_pool_usual_ms(
    const struct wi_pool *pool, const struct pool_node *node, const struct wi_task *task);
/* What each token of a prompt takes there, in ms; 0 where that is not known. */
double wi_pool_prompt_ms(const struct wi_pool *pool, const struct pool_node *node,
    const struct wi_model *model, enum wi_platform platform);

#endif
