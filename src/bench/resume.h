/*
 * A run that goes on: which of the cells that are planned now it has already. Pure.
 */
#ifndef WI_BENCH_RESUME_H
#define WI_BENCH_RESUME_H

#include "bench/plan.h"

/* `done` is the cells of the run as documents. What was run is over and kept; what was not has its
 * number again, and what is new one that is free. The run's cells of a place that has gone since
 * are added: they are over, as that place is, and not kept. */
void wi_bench_resume(struct wi_bench_plan *plan, const json_t *done);

#endif
