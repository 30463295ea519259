/* webinfer infer in two halves: the request from the arguments, and the answer as people read it.
 */
#ifndef WI_CLI_INFER_H
#define WI_CLI_INFER_H

#include "cli/cli.h"
#include "model/tensor.h"

/* Appends the body to `body`: JSON, and behind it the tensors' bytes if there are any; then
 * `*json_size` is how much is JSON, else 0. WI_OK or the error that says what to change. */
enum wi_code wi_cli_infer_request(const struct wi_arguments *arguments, struct wi_buffer *body,
    size_t *json_size, long *timeout_ms, struct wi_error *error);
/* What the arguments say beside the input: where it may run, until when, and the model's options.
 * Sets members of `request`. WI_OK or the error that says what to change. */
enum wi_code wi_cli_infer_choices(json_t *request, const struct wi_arguments *arguments,
    long *timeout_ms, struct wi_error *error);
/* Hands `body` to `request`, which borrows it, and gives the exchange time for the way beside the
 * limit that the request has for itself. */
void wi_cli_infer_carry(struct wi_rest_request *request, const struct wi_buffer *body);
/* The answer without its tensors' bytes, for people. */
void wi_cli_infer_print(struct wi_buffer *out, const json_t *answer);
/* Writes the outputs that follow the first `json_size` bytes of `body` as DIR/NAME.npy and says so
 * in `out`. */
enum wi_code wi_cli_infer_save(const json_t *answer, const struct wi_buffer *body, size_t json_size,
    const char *directory, struct wi_buffer *out, struct wi_error *error);

#endif
