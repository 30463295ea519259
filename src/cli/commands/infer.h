/* webinfer infer in two halves: the request from the arguments, and the answer as text for
 * people. */
#ifndef WI_CLI_COMMANDS_INFER_H
#define WI_CLI_COMMANDS_INFER_H

#include "cli/cli.h"
#include "terms/tensor/tensor.h"

/* The server answers within the request's own limit; this is added for the transfer. */
#define WI_CLI_TRAVEL_MS 10000

/* Appends the request to `body`: JSON, followed by the bytes of tensors or a file if there are any.
 * `*json_size` is the length of the JSON if bytes follow, else 0. `asked` (borrowed) has the
 * members that name what to run. WI_OK or the error that says what to change. */
enum wi_code wi_cli_infer_request(const struct wi_arguments *arguments, json_t *asked,
    struct wi_buffer *body, size_t *json_size, long *timeout_ms, struct wi_error *error);
/* Makes the request of the arguments, sends it to `path`, and shows the answer. */
enum wi_exit wi_cli_infer_ask(struct wi_cli *cli, const char *path, json_t *asked);
/* Makes the member `inputs` of the arguments, a new reference; the bytes of tensors or a file go to
 * `tail`. A file that holds a whole request adds its other members to `request`. NULL with the
 * error that says what to change. */
json_t *wi_cli_infer_inputs(const struct wi_arguments *arguments, json_t *request,
    struct wi_buffer *tail, struct wi_error *error);
/* Whether the arguments name no input and nothing else that a model may accept instead. */
int wi_cli_infer_lacks_input(const struct wi_arguments *arguments);
/* {"NAME": …} for a picture or a sound, whose bytes are appended to `tail`: a new reference. NULL
 * with `error` for a file that cannot be read, is too large, or empty. */
json_t *wi_cli_infer_file(
    const char *name, const char *path, struct wi_buffer *tail, struct wi_error *error);
/* Sets the members of `request` for the arguments other than the input: where it may run, its
 * deadline, and the model's options. WI_OK or the error that says what to change. */
enum wi_code wi_cli_infer_choices(json_t *request, const struct wi_arguments *arguments,
    long *timeout_ms, struct wi_error *error);
/* Gives `body` to `request`, which borrows it, and allows the exchange some time for the transfer
 * in addition to the request's own limit. */
void wi_cli_infer_carry(struct wi_rest_request *request, const struct wi_buffer *body);
/* Appends the answer for people to `out`, unless JSON is printed, and saves its outputs as --output
 * says. WI_EXIT_USAGE once the error is printed. */
enum wi_exit wi_cli_infer_put(const struct wi_cli *cli, struct wi_buffer *out, const json_t *answer,
    const struct wi_rest_answer *whole);
/* The length of an answer's JSON. */
size_t wi_cli_json_size(const struct wi_rest_answer *answer);
/* Reads the outputs of an answer, whose bytes follow the JSON of `whole`. */
enum wi_code wi_cli_read_outputs(struct wi_tensors *outputs, const json_t *answer,
    const struct wi_rest_answer *whole, struct wi_error *error);
/* Appends a result in one of the forms of webinfer-inputs(7): tables, or the text. Returns 1, or 0
 * without appending anything if the result has none of these forms. Public for tests. */
int wi_cli_result_print(struct wi_buffer *out, const json_t *result);
/* The answer without its tensors' bytes, for people. */
void wi_cli_infer_print(struct wi_buffer *out, const json_t *answer);
/* Writes the outputs as PATH/NAME.npy, or as a PNG or WAV file if an output is one, and names the
 * files in `out`. If `path` ends in .wav, .png or .npy and is not a folder, the first such output
 * is written to it. Public for tests. */
enum wi_code wi_cli_infer_save(const json_t *answer, const struct wi_rest_answer *whole,
    const char *path, struct wi_buffer *out, struct wi_error *error);

/* How an answer is shown as it comes. All borrowed; members that are 0 have no effect. */
struct wi_live {
    struct wi_cli *cli;
    struct wi_buffer *text; /* gets the text as well */
    int stops;              /* ^C ends the answer without an error */
    void (*describe)(struct wi_buffer *out, const json_t *answer); /* NULL: wi_cli_infer_print */
};
/* Sends a request for a stream and shows the answer. WI_EXIT_OK also if it was stopped. */
enum wi_exit wi_cli_live(const struct wi_live *live, struct wi_rest_request *request);

#endif
