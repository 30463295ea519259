/* The text of --help, and the parts of webinfer(1) that are made from the tables. */
#ifndef WI_CLI_HELP_H
#define WI_CLI_HELP_H

#include "cli/options.h"

/* `verb` NULL: the overview. */
void wi_cli_help(struct wi_buffer *out, const struct wi_verb *verb);
/* All verbs whose first word is `group`. */
void wi_cli_help_group(struct wi_buffer *out, const char *group);
/* The parts of webinfer(1) that are made from the tables, in mdoc: how each verb is called, and the
 * lists of verbs and options. */
void wi_cli_mdoc_synopsis(struct wi_buffer *out);
void wi_cli_mdoc_commands(struct wi_buffer *out);

#endif
