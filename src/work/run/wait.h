/*
 * What a run waits for before it can go on: the pull of a model that is not here and that [models]
 * pull_on_demand allows requests to pull, or the making of a variant that is not there, as [models]
 * quantize_on_demand allows. Either goes on if nobody waits for it any more.
 */
#ifndef WI_WORK_RUN_WAIT_H
#define WI_WORK_RUN_WAIT_H

#include "models/arrive/hub/pulls.h"
#include "work/run/maker.h"

struct wi_run_wait;
struct wi_run_wait_owner {
    void *context;
    void (*on_progress)(void *context, const struct wi_progress *progress);
    /* Once: NULL, and the model is there, or why it is not. What waited is gone when this is
     * called. */
    void (*on_end)(void *context, const struct wi_error *failure);
};

/* Whether `failure` says that there is no model `name`, and a request for it may pull it. `pulls`
 * may be NULL. */
int wi_run_may_pull(const struct wi_pulls *pulls, const char *name, const struct wi_error *failure);
/* Pulls `name` (copied), or joins those who wait for it, for at most `wait_ms`. NULL with `error`
 * if it does not begin: also the failure of a pull of the same that has just failed. */
struct wi_run_wait *wi_run_wait_pull(uv_loop_t *loop, struct wi_pulls *pulls, const char *name,
    double wait_ms, const struct wi_run_wait_owner *owner, struct wi_error *error);
/* Has the maker make a variant of `model`, and waits likewise. */
struct wi_run_wait *wi_run_wait_made(uv_loop_t *loop, const struct wi_run_maker *maker,
    struct wi_model *model, const char *variant, double wait_ms,
    const struct wi_run_wait_owner *owner);
void wi_run_wait_leave(struct wi_run_wait *wait); /* no callback comes; NULL is fine */

#endif
