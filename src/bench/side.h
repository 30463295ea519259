/*
 * A daemon that webinfer bench measures: its models, the places where they can run, and the run
 * that it stores. Two daemons are the two sides of a comparison. Blocks.
 */
#ifndef WI_BENCH_SIDE_H
#define WI_BENCH_SIDE_H

#include "bench/bench_keep.h"
#include "bench/measure.h"

/* Fill in `cli` and `choice`; end with wi_bench_side_end. */
struct wi_bench_side {
    struct wi_cli cli; /* the arguments of the command, and this daemon */
    const struct wi_bench_choice *choice;
    struct wi_bench_subject *subjects; /* owned */
    size_t count;
    char *options;              /* owned: the models and options, as the head of the run has them */
    struct wi_strings uploads;  /* models to remove at the end */
    struct wi_strings browsers; /* in which a model can run */
    struct wi_bench_plan plan;
    struct wi_bench_keep keep;
    int64_t began_at; /* of the run, before its browsers are started: Unix time in milliseconds */
    int is_tight;     /* fewer browsers can run at a time than are measured */
    double start_ms;  /* if it is: of the first browser */
    int is_lost;      /* it no longer answers, even after a while */
};
/* Adds the models of the command line, or all that the daemon has. WI_EXIT_OK, or the exit status
 * once the error is printed. */
enum wi_exit wi_bench_side_models(struct wi_bench_side *side);
/* Asks for the models, prints how long the latest run of that name and with the same options took,
 * starts the browsers, and makes the plan. If it is tight, only one browser is started, and the
 * others are listed in the order of the seed; what they cannot do may be known only once they run.
 * WI_EXIT_OK, or the exit status once the error is printed. A token that may not write is an error
 * before anything is started or sent. */
enum wi_exit wi_bench_side_plan(struct wi_bench_side *side);
/* Begins a run, of which at most `together` cells are measured at a time, or resumes one, and
 * stores the cells that cannot be measured. Returns as wi_bench_side_plan. */
enum wi_exit wi_bench_side_begin(struct wi_bench_side *side, uint32_t *seed, size_t together);
/* Starts a browser of a side that is tight, and ends those of its cells that cannot be measured. If
 * the daemon is lost meanwhile, nothing ends. */
void wi_bench_side_open(struct wi_bench_side *side, const char *browser);
/* Adds the requested browsers, or by default all that the daemon has, after trying to start each.
 * Uses only `cli`, `choice` and `is_lost`. WI_EXIT_OK, or the exit status once the error is
 * printed. */
enum wi_exit wi_bench_side_browsers(struct wi_bench_side *side, struct wi_strings *browsers);
/* Whether `word` is a file or a folder and not a model: it begins with a slash, "./" or "../", or
 * it exists and is a regular file or has a name that no model can have. */
int wi_bench_side_is_path(const char *word);
/* How many cells there are to measure. */
size_t wi_bench_side_live(const struct wi_bench_side *side);
/* Removes the models that were uploaded for it, and frees everything. */
void wi_bench_side_end(struct wi_bench_side *side);

#endif
