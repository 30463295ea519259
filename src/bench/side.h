/*
 * A daemon that webinfer bench measures: the models that it is asked for, what of them can run
 * where, and the run that it keeps. Two of them are two sides of one comparison. Blocks.
 */
#ifndef WI_BENCH_SIDE_H
#define WI_BENCH_SIDE_H

#include "bench/keep.h"
#include "bench/measure.h"
#include "bench/plan.h"
#include "cli/cli.h"

/* Fill in `cli` and `choice`; end with wi_bench_side_end. */
struct wi_bench_side {
    struct wi_cli cli; /* the arguments of the command, and this daemon */
    const struct wi_bench_choice *choice;
    struct wi_bench_subject *subjects; /* owned */
    size_t count;
    struct wi_strings uploads;  /* models that go at the end */
    struct wi_strings browsers; /* that a model can run in */
    struct wi_bench_plan plan;
    struct wi_bench_keep keep;
    int is_lost; /* nobody answers any more, also after a while */
};
/* Asks what there is, starts the browsers, and plans. WI_EXIT_OK, or what to exit with, once that
 * was complained of: of a token that may not write before anything is started or sent. */
enum wi_exit wi_bench_side_plan(struct wi_bench_side *side);
/* Begins a run, of which at most `together` cells are measured at a time, or goes on with one, and
 * has those cells kept that cannot be measured. Likewise. */
enum wi_exit wi_bench_side_begin(struct wi_bench_side *side, uint32_t *seed, size_t together);
/* Adds the browsers that are asked for, else all that the daemon has, once it was tried to start
 * each. Only `cli`, `choice` and `is_lost` are used. WI_EXIT_OK, or what to exit with after a
 * complaint. */
enum wi_exit wi_bench_side_browsers(struct wi_bench_side *side, struct wi_strings *browsers);
/* Whether that is a file or a folder and no model: what begins with a slash or a dot, what no model
 * can be called, and a file that is there. */
int wi_bench_side_is_path(const char *word);
/* How many cells there are to measure. */
size_t wi_bench_side_live(const struct wi_bench_side *side);
/* Removes what was sent for it, and frees all. */
void wi_bench_side_end(struct wi_bench_side *side);

#endif
