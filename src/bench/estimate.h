/*
 * How long the rest of a run takes, by what the first requests of its cells took. Pure.
 */
#ifndef WI_BENCH_ESTIMATE_H
#define WI_BENCH_ESTIMATE_H

#include "bench/bench_plan.h"

struct wi_bench_outlook {
    const struct wi_bench_choice *choice;
    size_t together; /* cells that are timed at the same time */
    size_t starts;   /* of browsers that are still to be started */
    double start_ms; /* of one */
};
/* In milliseconds, for the cells that have not ended. Each cell has had one request, with a load
 * and a sample. Cells of browsers that are still to be started are taken to be like those of the
 * others. At least one yardstick has ended. */
double wi_bench_estimate(const struct wi_bench_plan *plan, const struct wi_bench_outlook *outlook);

#endif
