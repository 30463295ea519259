/*
 * webinfer bench --suite: ONNX's tests of its operators, computed at each place and held against
 * the outputs that they have to have. No time is measured.
 */
#ifndef WI_BENCH_SUITE_H
#define WI_BENCH_SUITE_H

#include "bench/plan.h"
#include "cli/cli.h"

/* Has those tests of `folder` run by the daemon of `cli`, whose folder of models that is, at the
 * places of `choice`. Prints how many came to what, and the operators that are not right
 * everywhere; nothing is kept, since a cell of a run that is ok has times. WI_EXIT_FAILED where
 * something is wrong. */
enum wi_exit wi_bench_suite(struct wi_cli *cli, const struct wi_bench_choice *choice,
    const char *folder, const struct wi_strings *names);

#endif
