/*
 * Resumes a run: finds the planned cells that the run already has. Pure.
 */
#ifndef WI_BENCH_RESUME_H
#define WI_BENCH_RESUME_H

#include "bench/bench_plan.h"

/* `done` has the cells of the run as documents. A planned cell that the run has measured is marked
 * as over and kept. A planned cell that the run has but did not measure gets its old index, and a
 * new cell gets a free one. Cells of the run whose place has gone since are added: they end with
 * the outcome of that place, and are not yet kept. */
void wi_bench_resume(struct wi_bench_plan *plan, const json_t *done);

#endif
