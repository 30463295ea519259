/*
 * Preparations that a run waits for: the pull of a missing model, if [models] pull_on_demand lets
 * requests pull it, or the making of a missing variant, if [models] quantize_on_demand allows. Both
 * continue if no run waits for them any more.
 */
#ifndef WI_WORK_RUN_WAIT_H
#define WI_WORK_RUN_WAIT_H

#include "models/models.h"
#include "work/run/run.h"

struct wi_run_wait;
struct wi_run_wait_owner {
    void *context;
    void (*on_progress)(void *context, const struct wi_progress *progress);
    /* Comes once: NULL if the model is there, else the reason that it is not. The wait is already
     * freed when this is called. */
    void (*on_end)(void *context, const struct wi_error *failure);
};

/* Whether `failure` says that there is no model `name`, and requests may pull it. `pulls` may be
 * NULL. */
int wi_run_may_pull(const struct wi_pulls *pulls, const char *name, const struct wi_error *failure);
/* Pulls `name` (copied), or joins a pull under way, and waits for at most `wait_ms`. NULL with
 * `error` if no pull begins; `error` may be that of a pull of the same name that has just
 * failed. */
struct wi_run_wait *wi_run_wait_pull(uv_loop_t *loop, struct wi_pulls *pulls, const char *name,
    double wait_ms, const struct wi_run_wait_owner *owner, struct wi_error *error);
/* Has the maker make a variant of `model`, and waits for it likewise. */
struct wi_run_wait *wi_run_wait_made(uv_loop_t *loop, const struct wi_run_maker *maker,
    struct wi_model *model, const char *variant, double wait_ms,
    const struct wi_run_wait_owner *owner);
void wi_run_wait_leave(struct wi_run_wait *wait); /* no callback comes; NULL is fine */

#endif
