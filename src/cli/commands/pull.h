/* Pulls a model, for several commands. */
#ifndef WI_CLI_COMMANDS_PULL_H
#define WI_CLI_COMMANDS_PULL_H

#include "cli/cli.h"

/* Has the daemon pull `reference` with the options --as, --hub, --file and --precision, and shows
 * the progress until the end: bars on a terminal, lines otherwise, on standard error; with `events`
 * each event as a line of JSON on standard output. `*name` gets the model's name at the daemon; the
 * caller frees it, also after a failure. */
enum wi_exit wi_cli_pull_model(struct wi_cli *cli, const char *reference, int events, char **name);
/* The name for requests to the model that was pulled as `name` from `reference`: with its variant.
 * The caller frees it. */
char *wi_cli_pulled_name(const char *reference, const char *name);
/* The name under which a pull of `reference` begins, according to --as; the caller frees it. WI_OK,
 * or the error of a CID. */
enum wi_code wi_cli_begun_name(
    struct wi_cli *cli, const char *reference, char **name, struct wi_error *error);

#endif
