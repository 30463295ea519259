/*
 * A run on its way to the daemon, which keeps it: its head first, then each cell as soon as it is
 * over. Where there is no room for it the cells go into a file here.
 */
#ifndef WI_BENCH_KEEP_H
#define WI_BENCH_KEEP_H

#include "bench/plan.h"
#include "cli/cli.h"

/* Free with wi_bench_keep_clear. */
struct wi_bench_keep {
    const struct wi_cli *cli;
    json_t *head; /* owned: the run without its cells */
    char *id;     /* owned */
    json_t *here; /* owned: the cells that the daemon has no room for; NULL: it has */
    char *file;   /* owned: where those go; NULL: nowhere yet */
};
/* Whether the token may write; WI_EXIT_OK, or what to exit with after a complaint. */
enum wi_exit wi_bench_keep_may(const struct wi_cli *cli);
/* Whether the daemon is on this machine. */
int wi_bench_keep_is_here(const struct wi_cli *cli);
/* What a run is. */
struct wi_bench_head {
    const char *name;
    uint32_t *seed;  /* of one that goes on it is set */
    int simulated;   /* all of its nodes are */
    size_t together; /* cells that are measured at a time, at most */
};
/* Begins a run, or with `again` (may be NULL) goes on with the one of that id, whose cells are
 * added to `done` as documents. WI_EXIT_OK, or what to exit with after a complaint. */
enum wi_exit wi_bench_keep_begin(struct wi_bench_keep *keep, const struct wi_cli *cli,
    const struct wi_bench_head *head, const char *again, json_t *done);
/* 0, or -1 where nobody has answered for WI_BENCH_PATIENCE_MS, and it is not kept. */
int wi_bench_keep_cell(struct wi_bench_keep *keep, const struct wi_bench_cell *cell);
/* Says that the run has ended. 0 or -1. */
int wi_bench_keep_end(struct wi_bench_keep *keep);
void wi_bench_keep_clear(struct wi_bench_keep *keep);

#endif
