/*
 * What --against names: a second daemon, which is measured as well, or an earlier run, with which
 * the run is compared when it has ended.
 */
#ifndef WI_BENCH_GATE_H
#define WI_BENCH_GATE_H

#include "bench/side.h"

enum wi_bench_against {
    WI_BENCH_AGAINST_NOTHING,
    WI_BENCH_AGAINST_DAEMON, /* by its address */
    WI_BENCH_AGAINST_FILE,   /* a run that was exported */
    WI_BENCH_AGAINST_LATEST, /* the newest run that the daemon has of the model */
};
enum wi_bench_against wi_bench_gate_read(const struct wi_arguments *arguments);
/* Whether the run can be read if it is in a file, so that nothing is measured for one that cannot.
 * WI_EXIT_OK, or the exit status once the error is printed. */
enum wi_exit wi_bench_gate_check(const struct wi_arguments *arguments);
/* Finds the earlier run of a side whose plan is made, and prints which one it is: `*before` gets
 * the name of the file or the id, which the caller frees, or NULL if there is none. Returns as
 * wi_bench_gate_check. */
enum wi_exit wi_bench_gate_find(const struct wi_bench_side *side, char **before);

#endif
