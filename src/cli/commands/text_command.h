/* Functions that the commands for language models share. */
#ifndef WI_CLI_COMMANDS_TEXT_COMMAND_H
#define WI_CLI_COMMANDS_TEXT_COMMAND_H

#include "cli/commands/infer.h"

/* Asks the language model that the first argument names for a stream, with the options, and shows
 * it. Takes over `inputs`. */
enum wi_exit wi_text_stream(const struct wi_live *live, json_t *inputs);
/* One line about an answer: number of tokens, speed, place. */
void wi_text_describe(struct wi_buffer *out, const json_t *answer);

#endif
