/*
 * The numerics guard, and shadow runs. After a client was answered, the same inputs may run once
 * more on another platform: to compare an accelerated platform with WASM, or to measure it. For a
 * task an input of ours replaces the client's; a language model on a GPU then also gets the
 * client's own prompt (wire/probe.h). The client never waits for this, and it gives way to clients:
 * it is only begun when no request waits, and its answers come from shadow runs (WI_RUN_SHADOW).
 * WASM's answers about a model are also recorded, and are used to check jobs that name another
 * platform.
 *
 * A client's input can make a place trusted, but never wrong. If the answers to it differ, an input
 * of ours decides, and only one for which nearly the same numbers give nearly the same answer.
 *
 * The answers of joined nodes are checked as well: a fraction of them is computed again by a
 * browser of ours (cross.c). The results are evidence, from which the pool draws the consequences
 * (work/pool/evidence.h).
 */
#ifndef WI_OWNERS_CHECK_CHECK_H
#define WI_OWNERS_CHECK_CHECK_H

#include "work/run/run.h"

struct wi_checks;
/* `runs` is copied; all else is borrowed. The jobs, which it watches from now on, and `pool` must
 * outlive its work on the loop; the configuration lasts until wi_checks_reload replaces it. */
struct wi_checks *wi_checks_new(const struct wi_run_deps *runs, struct wi_pool *pool);
void wi_checks_reload(struct wi_checks *checks, const struct wi_config *config);
/* Begins no more. Those under way end with their jobs. */
void wi_checks_stop(struct wi_checks *checks);
/* Called when there are no more jobs, but before the loop has ended. NULL is fine. */
void wi_checks_free(struct wi_checks *checks);

/* Shadow runs by their results. */
struct wi_check_counters {
    uint64_t trusted, wrong, unable; /* with that verdict */
    uint64_t measured;               /* without comparing */
    uint64_t failed;                 /* before there was an answer to compare */
    uint64_t dropped; /* because of load, or because a node or the service went away */
    size_t running;   /* now */
};
void wi_checks_counters(const struct wi_checks *checks, struct wi_check_counters *counters);

/* Cross-checks by their results, each counted once: answers of joined nodes that browsers of ours
 * compute again, and kernels with known answers ([pool] recheck_strangers). */
struct wi_cross_counters {
    uint64_t agreed;
    uint64_t wrong;     /* for inputs of ours: the node is under quarantine */
    uint64_t suspected; /* an input differed, and others of ours did not or are inconclusive */
    uint64_t disputed;  /* two places of ours disagreed with each other */
    uint64_t unable;    /* no browser of ours computes it, or it is inconclusive */
    uint64_t dropped;   /* for lack of memory, or because a node or the service went away */
    size_t waiting;     /* now, including those that run */
    size_t bytes;       /* bytes that these hold */
};
void wi_checks_cross_counters(const struct wi_checks *checks, struct wi_cross_counters *counters);

#endif
