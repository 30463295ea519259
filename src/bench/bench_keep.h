/*
 * Sends a run to the daemon, which stores it: the head first, then each cell as soon as it has
 * ended. If the daemon has no room, the cells go into a file on this machine.
 */
#ifndef WI_BENCH_BENCH_KEEP_H
#define WI_BENCH_BENCH_KEEP_H

#include "bench/bench_plan.h"
#include "cli/cli.h"

/* Free with wi_bench_keep_clear. */
struct wi_bench_keep {
    const struct wi_cli *cli;
    json_t *head;   /* owned: the run without its cells */
    const char *id; /* in `head` */
    json_t *here;   /* owned: the cells that the daemon has no room for; NULL: it has room */
    char *file;     /* owned: the file for those cells; NULL: none yet */
};
/* Checks that the token may write. WI_EXIT_OK, or the exit status once the error is printed. */
enum wi_exit wi_bench_keep_may(const struct wi_cli *cli);
/* Whether the daemon is on this machine. */
int wi_bench_keep_is_here(const struct wi_cli *cli);
/* The head of a run. */
struct wi_bench_head {
    const char *name;
    const char *options; /* models and options; not stored if they are too long */
    int64_t began_at;    /* Unix time in milliseconds */
    uint32_t *seed;      /* set from the stored run when one is resumed */
    int simulated;       /* all nodes are simulated */
    size_t together;     /* most cells measured at a time */
};
/* Begins a run, or resumes the run with the id `again` (may be NULL) and adds its cells to `done`
 * as documents. WI_EXIT_OK, or the exit status once the error is printed. */
enum wi_exit wi_bench_keep_begin(struct wi_bench_keep *keep, const struct wi_cli *cli,
    const struct wi_bench_head *head, const char *again, json_t *done);
/* Stores a cell. 0, or -1 if the daemon did not answer within WI_BENCH_PATIENCE_MS and the cell is
 * not stored. */
int wi_bench_keep_cell(struct wi_bench_keep *keep, const struct wi_bench_cell *cell);
/* Marks the run as ended. 0 or -1. */
int wi_bench_keep_end(struct wi_bench_keep *keep);
void wi_bench_keep_clear(struct wi_bench_keep *keep);

#endif
