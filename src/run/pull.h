/*
 * The pull that a run waits for: of a model that is not here, and that [models] pull_on_demand
 * allows requests to pull. It goes on if nobody waits for it any more.
 */
#ifndef WI_RUN_PULL_H
#define WI_RUN_PULL_H

#include "hub/pulls.h"
#include "node/part.h"

struct wi_run_pull;
struct wi_run_pull_owner {
    void *context;
    void (*on_progress)(void *context, const struct wi_progress *progress);
    /* Once: NULL, and the model is there, or why it is not. The pull is gone when this is called.
     */
    void (*on_end)(void *context, const struct wi_error *failure);
};

/* Whether `failure` says that there is no model `name`, and a request for it may pull it. `pulls`
 * may be NULL. */
int wi_run_may_pull(const struct wi_pulls *pulls, const char *name, const struct wi_error *failure);
/* Pulls `name` (copied), or joins those who wait for it, for at most `wait_ms`. NULL with `error`
 * if it does not begin: also the failure of a pull of the same that has just failed. */
struct wi_run_pull *wi_run_pull_begin(uv_loop_t *loop, struct wi_pulls *pulls, const char *name,
    double wait_ms, const struct wi_run_pull_owner *owner, struct wi_error *error);
void wi_run_pull_leave(struct wi_run_pull *pull); /* no callback comes; NULL is fine */

#endif
