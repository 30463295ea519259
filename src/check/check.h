/*
 * The numerics guard, and shadow runs. After a client was answered, the same
 * inputs may run once more on another platform: to compare an accelerated platform with WASM, or to
 * measure it. For a task that is an input of ours, in the place of the client's; a language model
 * on a GPU is then asked the client's own prompt, too (wire/probe.h). The client never waits for
 * it, and it gives way to clients: it is only begun when nothing waits, and its answers come from
 * shadow runs (WI_RUN_SHADOW). What WASM says of a model is noted on the way, and held against jobs
 * that name another platform.
 */
#ifndef WI_CHECK_CHECK_H
#define WI_CHECK_CHECK_H

#include "job/job.h"

struct wi_checks;
/* All borrowed: `jobs`, which it watches from now on, and `pool` must outlive what it does on the
 * loop, `config` lasts until wi_checks_reload brings the next. */
struct wi_checks *wi_checks_new(
    uv_loop_t *loop, struct wi_jobs *jobs, struct wi_pool *pool, const struct wi_config *config);
void wi_checks_reload(struct wi_checks *checks, const struct wi_config *config);
/* Begins none any more. Those under way end with their jobs. */
void wi_checks_stop(struct wi_checks *checks);
/* When there are no jobs any more, but before the loop has ended. NULL is fine. */
void wi_checks_free(struct wi_checks *checks);

/* Shadow runs, by how they ended. */
struct wi_check_counters {
    uint64_t trusted, wrong, unable; /* with that verdict */
    uint64_t measured;               /* without comparing */
    uint64_t failed;                 /* before there was anything to compare */
    uint64_t dropped;                /* for the load, or because a node or the service went */
    size_t running;                  /* now */
};
void wi_checks_counters(const struct wi_checks *checks, struct wi_check_counters *counters);

#endif
