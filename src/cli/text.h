/* What the commands for language models share. */
#ifndef WI_CLI_TEXT_H
#define WI_CLI_TEXT_H

#include "cli/cli.h"

/* A request for POST /v1/infer for the model that the first argument names, with what the options
 * say: a new reference, or NULL with `error` filled. `inputs` is taken, also on failure. */
json_t *wi_text_request(
    const struct wi_arguments *arguments, json_t *inputs, long *timeout_ms, struct wi_error *error);
/* One question to a model that chats, and its answer, as in webinfer chat. */
enum wi_exit wi_cli_ask(struct wi_cli *cli, const char *question);
/* A text to a model that finds something in it, which is shown as in webinfer infer. */
enum wi_exit wi_cli_read(struct wi_cli *cli);
/* One line about an answer: how many tokens, how fast, where. */
void wi_text_describe(struct wi_buffer *out, const json_t *answer);

#endif
