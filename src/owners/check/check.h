/*
 * The numerics guard, and shadow runs. After a client was answered, the same
 * inputs may run once more on another platform: to compare an accelerated platform with WASM, or to
 * measure it. For a task that is an input of ours, in the place of the client's; a language model
 * on a GPU is then asked the client's own prompt, too (wire/probe.h). The client never waits for
 * it, and it gives way to clients: it is only begun when nothing waits, and its answers come from
 * shadow runs (WI_RUN_SHADOW). What WASM says of a model is noted on the way, and held against jobs
 * that name another platform.
 *
 * A client's input makes a place trusted, never wrong: where it differs an input of ours decides,
 * and only one of which nearly the same numbers make nearly the same.
 *
 * Nodes that joined are held to their answers as well: a share of these is computed again by a
 * browser of ours (cross.c). What is found is evidence, and the pool says what follows from it
 * (work/pool/evidence.h).
 */
#ifndef WI_OWNERS_CHECK_CHECK_H
#define WI_OWNERS_CHECK_CHECK_H

#include "work/job/job.h"

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

/* Cross-checks: answers of nodes that joined, computed again by browsers of ours, and kernels of
 * which the answers are known ([pool] recheck_strangers). By how they ended, each once. */
struct wi_cross_counters {
    uint64_t agreed;
    uint64_t wrong;     /* for inputs of ours: and the node is under quarantine */
    uint64_t suspected; /* an input differed, and others of ours did not, or do not tell */
    uint64_t disputed;  /* two places of ours did not agree with each other */
    uint64_t unable;    /* nobody of ours computes it, or it cannot be told */
    uint64_t dropped;   /* for want of memory, or because a node or the service went */
    size_t waiting;     /* now, those that run included */
    size_t bytes;       /* that these hold */
};
void wi_checks_cross_counters(const struct wi_checks *checks, struct wi_cross_counters *counters);

#endif
