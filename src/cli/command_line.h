/* The way of a command line, for each program that is a client. */
#ifndef WI_CLI_COMMAND_LINE_H
#define WI_CLI_COMMAND_LINE_H

#include "cli/options.h"

/* Runs the command line and returns the exit status (enum wi_exit). `own` runs the verb in the
 * place of its row; NULL: the row's function runs it, or the program webinfer-VERB where the row
 * has none. */
int wi_cli_main(int argc, char **argv, wi_verb_fn *own);

#endif
