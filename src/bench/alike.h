/*
 * Whether an earlier run was begun with the same choice, so that its time foretells that of another
 * one. Pure.
 */
#ifndef WI_BENCH_ALIKE_H
#define WI_BENCH_ALIKE_H

#include "bench/bench_plan.h"

/* As far as the cells of the run (its document) show. `browsers` are those to be measured. */
int wi_bench_is_alike(
    const json_t *run, const struct wi_bench_choice *choice, const struct wi_strings *browsers);

#endif
