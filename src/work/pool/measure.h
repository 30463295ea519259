/*
 * Turns attempts into estimates: to which place (place.h) an answer, a failure or a silence
 * applies, and how long it took there. Simulated nodes and built-in models are not measured.
 */
#ifndef WI_WORK_POOL_MEASURE_H
#define WI_WORK_POOL_MEASURE_H

#include "work/pool/private.h"

/* Measures by the page's report, which also covers the platforms that failed before. */
void wi_pool_measure_answer(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer);
/* That platform (-1: none) failed with the attempt's model. */
void wi_pool_measure_failure(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, int platform);
/* Notes where the model was not loaded because of a lack of memory, by `models`, the node's latest
 * list (may be NULL). Returns whether that is why the attempt failed. */
int wi_pool_measure_shortage(struct wi_pool *pool, const struct pool_node *node,
    const struct pool_attempt *attempt, const struct wi_answer *answer, const json_t *models);
/* The attempt was stopped at its deadline. */
void wi_pool_measure_exceeded(
    struct wi_pool *pool, const struct pool_node *node, const struct pool_attempt *attempt);
/* The time of a model's warm-up when it was loaded: `model` is the node's report of it
 * (nodes/bridge/model_status.h), `now` is wi_now_ms(). */
void wi_pool_measure_warm_up(
    struct wi_pool *pool, const struct pool_node *node, const json_t *model, double now);

/* The timings of a successful answer to a text task, which took `took_ms` by our clock. If the task
 * makes no text and reports only its usage, all of the time was spent reading the prompt. Public
 * for tests. */
struct wi_timings wi_timings_of(
    enum wi_task_kind task, const struct wi_answer *answer, double took_ms);
/* The time to load and run the task on nodes like this one, in ms; 0 if unknown, as for streams and
 * for tasks of varying length. */
double wi_pool_usual_ms(
    const struct wi_pool *pool, const struct pool_node *node, const struct wi_task *task);
/* The time per token of a prompt there, in ms; 0 if unknown. */
double wi_pool_prompt_ms(const struct wi_pool *pool, const struct pool_node *node,
    const struct wi_model *model, enum wi_platform platform);

#endif
