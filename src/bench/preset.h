/* Named sets of options of webinfer bench. What a preset says holds where the command line says
 * nothing else. */
#ifndef WI_BENCH_PRESET_H
#define WI_BENCH_PRESET_H

#include "cli/arguments.h"
#include "cli/cli.h"

/* Adds the options of the preset that --preset names, if it is given. WI_OK, or WI_BAD_REQUEST for
 * a name that there is not. */
enum wi_code wi_bench_preset_take(struct wi_arguments *arguments, struct wi_error *error);
/* Has the daemon verify what computes on WebGPU, in those browsers (none: in all), and says on
 * standard error what came of it, a line for each place. What cannot be verified stops nothing: the
 * cells say what is wrong. */
void wi_bench_preset_verify(const struct wi_cli *cli, const struct wi_strings *browsers);

#endif
