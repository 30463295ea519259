/* Functions that the commands for language models share. */
#ifndef WI_CLI_COMMANDS_TEXT_COMMAND_H
#define WI_CLI_COMMANDS_TEXT_COMMAND_H

#include "cli/live.h"

/* A request for POST /v1/infer for the model that the first argument names, with the options: a new
 * reference, or NULL with `error` filled. Takes over `inputs`, also on failure. */
json_t *wi_text_request(
    const struct wi_arguments *arguments, json_t *inputs, long *timeout_ms, struct wi_error *error);
/* Sends such a request (taken over) for a stream, and shows it. */
enum wi_exit wi_text_stream(const struct wi_live *live, json_t *request, long timeout_ms);
/* One line about an answer: number of tokens, speed, place. */
void wi_text_describe(struct wi_buffer *out, const json_t *answer);

#endif
