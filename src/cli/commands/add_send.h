/* Sends the files of a model to the daemon (webinfer-api(7), uploads), and publishes them there. */
#ifndef WI_CLI_COMMANDS_ADD_SEND_H
#define WI_CLI_COMMANDS_ADD_SEND_H

#include "cli/cli.h"
#include "cli/commands/add_files.h"

/* Hashes the files, sends those that the daemon lacks, and has them published as `name` (checked),
 * with `replace` even if there is a model of that name. Prints errors by itself, and removes an
 * upload that does not become a model. With WI_EXIT_OK `answer` is the model; the caller clears it
 * in any case. A SIGINT, SIGTERM or SIGHUP that is blocked and pending ends it. */
enum wi_exit wi_add_send(struct wi_cli *cli, struct wi_add_files *files, const char *name,
    int replace, struct wi_rest_answer *answer);
/* The same under a name made of `prefix` and a part that follows from the files' hashes; replaces a
 * model of that name. The caller frees `*name`, also after a failure. */
enum wi_exit wi_add_send_hashed(struct wi_cli *cli, struct wi_add_files *files, const char *prefix,
    char **name, struct wi_rest_answer *answer);

#endif
