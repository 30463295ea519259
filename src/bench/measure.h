/*
 * The requests that webinfer bench sends to measure a cell, and the reading of their answers.
 * Blocks.
 */
#ifndef WI_BENCH_MEASURE_H
#define WI_BENCH_MEASURE_H

#include "bench/bench_plan.h"
#include "bench/subject.h"
#include "cli/cli.h"

/* Unloads the model from all pages, so that the next run loads it again. */
void wi_bench_unload(const struct wi_cli *cli, const struct wi_bench_subject *subject);

/* A cell to take samples of. */
struct wi_bench_turn {
    struct wi_bench_cell *cell;
    unsigned share;        /* number of samples, at least one */
    int is_last;           /* no samples follow these */
    enum wi_bench_end end; /* the result */
};
/* Adds samples to cells, and ends a cell that cannot be measured. Cells that are measured at the
 * same time use the page's clock, share one batch size, and each have a kind of browser of their
 * own. */
void wi_bench_measure(const struct wi_cli *cli, const struct wi_bench_subject *subject,
    struct wi_bench_turn *turns, size_t count);

/* Ends a cell whose answer is a problem document; NULL: the answer is something else. */
void wi_bench_cell_problem(struct wi_bench_cell *cell, const json_t *problem, long status);
/* Stores the place where an answer was computed. 0, or -1 if that is not the cell's place, which
 * ends the cell. */
int wi_bench_cell_take_place(struct wi_bench_cell *cell, const json_t *answer);
/* The outcome of a cell for a code of a problem document. */
enum wi_lab_outcome wi_bench_outcome_of(const char *code);

#endif
