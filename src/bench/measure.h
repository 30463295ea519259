/*
 * What webinfer bench asks the daemon for a cell, and what the answers say of it. Blocks.
 */
#ifndef WI_BENCH_MEASURE_H
#define WI_BENCH_MEASURE_H

#include "bench/plan.h"
#include "bench/subject.h"
#include "cli/cli.h"

/* Has all pages give the model back, so that the next run loads it afresh. */
void wi_bench_unload(const struct wi_cli *cli, const struct wi_bench_subject *subject);

/* A cell that samples are wanted of. */
struct wi_bench_turn {
    struct wi_bench_cell *cell;
    unsigned share;        /* how many, at least one */
    int is_last;           /* no more will be wanted */
    enum wi_bench_end end; /* what came of it */
};
/* Adds samples to cells; what cannot be measured ends its cell. Several are measured at the same
 * time, each by the page's clock, with one batch, and in a browser of its own kind. */
void wi_bench_measure(const struct wi_cli *cli, const struct wi_bench_subject *subject,
    struct wi_bench_turn *turns, size_t count);

/* Ends a cell that was answered with a problem document; NULL: with something else. */
void wi_bench_cell_problem(struct wi_bench_cell *cell, const json_t *problem, long status);
/* Notes where an answer says that it was computed: 0, or -1 where that is another place than the
 * cell's, which ends it. */
int wi_bench_cell_take_place(struct wi_bench_cell *cell, const json_t *answer);
/* What a code of a problem document says of a cell. */
enum wi_lab_outcome wi_bench_outcome_of(const char *code);

#endif
