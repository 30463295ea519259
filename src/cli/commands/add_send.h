/* The files of a model sent to the daemon (webinfer-api(7), uploads), and published there. */
#ifndef WI_CLI_COMMANDS_ADD_SEND_H
#define WI_CLI_COMMANDS_ADD_SEND_H

#include "cli/cli.h"
#include "cli/commands/add_files.h"

/* Hashes what was found, sends what the daemon lacks, and has it published as `name` (checked),
 * with `replace` also where there is a model of that name. Says by itself what is wrong; an upload
 * that does not become a model is taken back. With WI_EXIT_OK `answer` is the model, which the
 * caller clears in any case. A SIGINT, SIGTERM or SIGHUP that is blocked and pending ends it. */
enum wi_exit wi_add_send(struct wi_cli *cli, struct wi_add_files *files, const char *name,
    int replace, struct wi_rest_answer *answer);
/* The same under a name that is `prefix` and what follows from the files' hashes, in the place of
 * what had it. `*name` is the caller's, also after a failure. */
enum wi_exit wi_add_send_hashed(struct wi_cli *cli, struct wi_add_files *files, const char *prefix,
    char **name, struct wi_rest_answer *answer);

#endif
