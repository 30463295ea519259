/* The runs of daemons that commands start for themselves, which outlive those daemons. */
#ifndef WI_CLI_OWN_OWN_STORE_H
#define WI_CLI_OWN_OWN_STORE_H

#include "base/memory.h"
#include "cli/cli.h"

/* Whether --url or $WEBINFER_URL names the daemon to use. */
int wi_own_names_daemon(const struct wi_arguments *arguments);
/* Whether none is named, and none answers where one would be. */
int wi_own_is_needed(const struct wi_cli *cli);
/* Adds the setting of a daemon that keeps its runs there; nothing if there is no home. */
void wi_own_store_set(struct wi_strings *settings);
/* Runs a command that asks for runs. If a daemon is needed for it, and runs are kept there, it asks
 * one that is started over them for this command; that one starts no browser. */
enum wi_exit wi_own_store_ask(struct wi_cli *cli, wi_verb_fn *run);

#endif
