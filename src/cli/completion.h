/* What a shell may offer for a word. */
#ifndef WI_CLI_COMPLETION_H
#define WI_CLI_COMPLETION_H

#include "cli/options.h"

/* completions/webinfer.bash, which asks wi_cli_complete. */
extern const char wi_cli_bash[];
/* What may stand in the place of the last of `words`, those behind the program's name: a line that
 * says what of ("word", "file", "directory" or "model"), one with what of the word stays before it,
 * then a line for each word, or of models for each option that says how to ask for them. Nothing
 * where there is nothing to offer. */
void wi_cli_complete(struct wi_buffer *out, const char *const *words, size_t count);

#endif
