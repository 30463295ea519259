/* Pulling a model, for the commands that do. */
#ifndef WI_CLI_COMMANDS_PULL_H
#define WI_CLI_COMMANDS_PULL_H

#include "cli/cli.h"

/* Has the daemon pull `reference`, as the options --as, --hub, --file and --precision say, and
 * shows how far that is until it is done: bars on a terminal, lines otherwise, on standard error;
 * with `events` each as a line of JSON on standard output. `*name` gets what it is called there;
 * the caller frees, also after a failure. */
enum wi_exit wi_cli_pull_model(struct wi_cli *cli, const char *reference, int events, char **name);
/* The model's name as it is asked for when it is here: what was pulled as `name` from `reference`,
 * with its variant. The caller frees. */
char *wi_cli_pulled_name(const char *reference, const char *name);
/* What a pull of `reference` is begun under, as --as says; the caller frees it. WI_OK, or what is
 * wrong with a CID. */
enum wi_code wi_cli_begun_name(
    struct wi_cli *cli, const char *reference, char **name, struct wi_error *error);

#endif
