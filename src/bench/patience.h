/*
 * Waiting for a daemon that went away, and asking it again. Blocks.
 */
#ifndef WI_BENCH_PATIENCE_H
#define WI_BENCH_PATIENCE_H

#include "cli/cli.h"

#define WI_BENCH_PATIENCE_MS 30000 /* for a daemon that went away */

/* Like wi_cli_send, for requests that may be sent twice: without an answer, the request is
 * sent again for WI_BENCH_PATIENCE_MS. The answer has status 0 and is not late if the daemon did
 * not come back, ^C came, or the daemon was started by this command and has ended. */
void wi_bench_exchange(
    const struct wi_cli *cli, const struct wi_rest_request *request, struct wi_rest_answer *answer);
/* How a request ended. */
enum wi_bench_end {
    WI_BENCH_DONE,
    WI_BENCH_STOPPED, /* ^C came */
    WI_BENCH_LOST,    /* no more answers; what is known stays as it was */
};

/* One of several requests that are sent at the same time. */
struct wi_bench_call {
    struct wi_rest_request request;
    struct wi_buffer body;        /* of the request, unless it has `json`; cleared by the caller */
    struct wi_rest_answer answer; /* cleared by the caller */
};
/* Sends all of them, and returns when they are answered or ^C has ended them. */
void wi_bench_exchange_all(const struct wi_cli *cli, struct wi_bench_call *rows, size_t count);
/* Whether an answer was lost with its daemon. */
int wi_bench_is_lost(const struct wi_rest_answer *answer);
/* How the request of an answer ended; an answer that came too late is one. */
enum wi_bench_end wi_bench_end_of(const struct wi_rest_answer *answer);
/* Waits for a daemon that went away, with the same limits. Returns whether it answers again. */
int wi_bench_await(const struct wi_cli *cli);

#endif
