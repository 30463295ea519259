/* Named sets of options of webinfer bench. Options of the command line take precedence over those
 * of a preset. */
#ifndef WI_BENCH_PRESET_H
#define WI_BENCH_PRESET_H

#include "cli/arguments.h"
#include "cli/cli.h"

/* Adds the options of the preset that --preset names, if it is given. WI_OK, or WI_BAD_REQUEST for
 * an unknown name. */
enum wi_code wi_bench_preset_take(struct wi_arguments *arguments, struct wi_error *error);
/* Has the daemon verify the nodes that compute on WebGPU in those browsers (an empty list: in all),
 * and prints a line for each place on standard error. A failed verification stops nothing, because
 * the cells show what is wrong. */
void wi_bench_preset_verify(const struct wi_cli *cli, const struct wi_strings *browsers);

#endif
