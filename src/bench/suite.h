/*
 * webinfer bench --suite: runs ONNX's tests of its operators at each place and compares the outputs
 * with the expected ones. No time is measured.
 */
#ifndef WI_BENCH_SUITE_H
#define WI_BENCH_SUITE_H

#include "bench/bench_plan.h"
#include "cli/cli.h"

/* Has the daemon of `cli`, whose model directory is `folder`, run those tests at the places of
 * `choice`. Prints the number of tests with each outcome, and the operators that are not right
 * everywhere. Nothing is stored, because a cell that is ok would need times. WI_EXIT_FAILED if
 * something is wrong. */
enum wi_exit wi_bench_suite(struct wi_cli *cli, const struct wi_bench_choice *choice,
    const char *folder, const struct wi_strings *names);

#endif
