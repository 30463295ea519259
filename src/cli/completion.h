/* Completions that a shell may offer for a word. */
#ifndef WI_CLI_COMPLETION_H
#define WI_CLI_COMPLETION_H

#include "cli/options.h"

/* The text of completions/webinfer.SHELL, which calls wi_cli_complete through `webinfer completion
 * words`; NULL if there is none for this shell. */
const char *wi_cli_completion(const char *shell);
/* Appends the completions of the last of `words`, which are the words after the program's name: a
 * line with their kind ("word", "file", "directory" or "model"), a line with the part of the word
 * that stays before them, then a line for each completion, or for models a line for each option
 * that is needed to ask for them. Appends nothing if there is nothing to offer. */
void wi_cli_complete(struct wi_buffer *out, const char *const *words, size_t count);

#endif
