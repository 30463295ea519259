/* webinfer infer in two halves: the request from the arguments, and the answer as people read it.
 */
#ifndef WI_CLI_COMMANDS_INFER_H
#define WI_CLI_COMMANDS_INFER_H

#include "cli/cli.h"
#include "terms/tensor/tensor.h"

/* Appends the body to `body`: JSON, and behind it the bytes of tensors or a file if there are any;
 * then `*json_size` is how much is JSON, else 0. `asked` (borrowed) has the members that say what
 * is run. WI_OK or the error that says what to change. */
enum wi_code wi_cli_infer_request(const struct wi_arguments *arguments, json_t *asked,
    struct wi_buffer *body, size_t *json_size, long *timeout_ms, struct wi_error *error);
/* Makes that of the arguments, sends it to `path`, and shows the answer. */
enum wi_exit wi_cli_infer_ask(struct wi_cli *cli, const char *path, json_t *asked);
/* The member `inputs` from the arguments, a new reference; the bytes of tensors or a file go to
 * `tail`. A file that holds a whole request adds its other members to `request`. NULL with the
 * error that says what to change. */
json_t *wi_cli_infer_inputs(const struct wi_arguments *arguments, json_t *request,
    struct wi_buffer *tail, struct wi_error *error);
/* Whether no input is named, and nothing else that a model may do with alone. */
int wi_cli_infer_lacks_input(const struct wi_arguments *arguments);
/* {"NAME": …} for a picture or a sound, whose bytes are appended to `tail`: a new reference. NULL
 * with `error` for a file that cannot be read, is too large, or empty. */
json_t *wi_cli_infer_file(
    const char *name, const char *path, struct wi_buffer *tail, struct wi_error *error);
/* What the arguments say beside the input: where it may run, until when, and the model's options.
 * Sets members of `request`. WI_OK or the error that says what to change. */
enum wi_code wi_cli_infer_choices(json_t *request, const struct wi_arguments *arguments,
    long *timeout_ms, struct wi_error *error);
/* Hands `body` to `request`, which borrows it, and gives the exchange time for the way beside the
 * limit that the request has for itself. */
void wi_cli_infer_carry(struct wi_rest_request *request, const struct wi_buffer *body);
/* A result in one of the forms of webinfer-inputs(7): tables, or the text. 1, or 0 if it has none
 * of them, and then appends nothing. Public for tests. */
int wi_cli_result_print(struct wi_buffer *out, const json_t *result);
/* The answer without its tensors' bytes, for people. */
void wi_cli_infer_print(struct wi_buffer *out, const json_t *answer);
/* Writes the outputs, which follow the first `json_size` bytes of `body`, as PATH/NAME.npy, or
 * where one is a PNG or WAV file as that, and says so in `out`. Where `path` ends in .wav, .png or
 * .npy and is no folder, it is the first such output. */
enum wi_code wi_cli_infer_save(const json_t *answer, const struct wi_buffer *body, size_t json_size,
    const char *path, struct wi_buffer *out, struct wi_error *error);

#endif
