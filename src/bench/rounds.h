/*
 * Measures the cells of webinfer bench in rounds, in an order that follows from the seed. Cells
 * that do not disturb each other are measured at the same time, with the yardstick before, between
 * and after. Blocks.
 */
#ifndef WI_BENCH_ROUNDS_H
#define WI_BENCH_ROUNDS_H

#include "bench/room.h"
#include "bench/side.h"

/* Set the first members. */
struct wi_bench_rounds {
    struct wi_bench_side *sides; /* borrowed; two are measured in one order, one cell at a time */
    size_t side_count;
    const struct wi_bench_choice *choice;
    size_t live;               /* cells to measure */
    size_t done;               /* of those */
    struct wi_bench_room room; /* known only with one side */
    double until_ms;
    enum wi_bench_end end; /* why it ended, if cells were left and there was time */
    int terminal;
};
/* The most cells that are measured at a time. */
size_t wi_bench_rounds_together(const struct wi_bench_rounds *rounds);
/* Each cell that has ended is stored at once and reported on standard error. */
void wi_bench_rounds_measure(struct wi_bench_rounds *rounds);

#endif
