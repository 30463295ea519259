/* Measuring models wherever they can run: the command `bench` of the client. */
#ifndef WI_BENCH_BENCH_H
#define WI_BENCH_BENCH_H

#include "cli/cli.h"

/* Runs the parsed command and returns its exit status. */
enum wi_exit wi_bench(struct wi_cli *cli);

#endif
