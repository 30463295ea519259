/*
 * The dialects of Ollama's clients (webinfer-ollama(7)), one for each endpoint that runs a model.
 * They turn requests into the forms of wire/text.h, and results into the form that those
 * clients expect: lines of JSON if the answer is a stream.
 */
#ifndef WI_WIRE_OLLAMA_H
#define WI_WIRE_OLLAMA_H

#include "base/params.h"
#include "wire/dialect.h"

extern const struct wi_dialect wi_dialect_ollama_chat;
extern const struct wi_dialect wi_dialect_ollama_generate;
extern const struct wi_dialect wi_dialect_ollama_embed;
extern const struct wi_dialect wi_dialect_ollama_embeddings;
/* For endpoints that run no model: it has errors, and reads no requests. */
extern const struct wi_dialect wi_dialect_ollama;

/* The calls of tools in a stream, assembled from its parts: these clients read whole calls.
 * Zero-initialise; free with wi_ollama_calls_clear. */
#define WI_OLLAMA_CALLS_MAX 128
#define WI_OLLAMA_CALLS_BYTES (1 << 20) /* of all arguments */
struct wi_ollama_calls {
    struct wi_ollama_call {
        json_t *id, *name;          /* strings, or NULL */
        struct wi_buffer arguments; /* JSON */
    } * items;
    size_t count;
    size_t bytes; /* of all arguments */
};

/* Wishes for the answer that only these clients have: struct wi_infer's `extras`. Owned. */
struct wi_ollama_extras {
    int generates;  /* the answer is `response`, not a message */
    int has_system; /* of these: the conversation of the prompt begins with a system message */
    int only_load;  /* there is nothing to answer: the model shall be loaded */
    struct wi_ollama_calls calls;
};

/* --- ollama_parse.c
 * ---------------------------------------------------------------------------------- */

/* struct wi_dialect's `params`; the second is for the older endpoint for vectors. */
size_t wi_ollama_params(enum wi_task_kind task, struct wi_param rows[WI_PARAMETERS_MAX]);
size_t wi_ollama_params_embeddings(enum wi_task_kind task, struct wi_param rows[WI_PARAMETERS_MAX]);
/* struct wi_dialect's `parse`, one for each endpoint. */
enum wi_code wi_ollama_parse_chat(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error);
enum wi_code wi_ollama_parse_generate(struct wi_infer *infer, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, struct wi_error *error);
enum wi_code wi_ollama_parse_embed(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error);
enum wi_code wi_ollama_parse_embeddings(struct wi_infer *infer, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, struct wi_error *error);

/* --- ollama_options.c
 * -------------------------------------------------------------------------------- */

/* The object `options`, `format` ("json" or a schema) and `think` (whether, or how much): each adds
 * to the options of `infer`. WI_OK, WI_UNKNOWN_FIELD or WI_INVALID_FIELD. */
enum wi_code wi_ollama_read_options(
    struct wi_infer *infer, const json_t *options, struct wi_error *error);
enum wi_code wi_ollama_read_format(struct wi_infer *infer, json_t *format, struct wi_error *error);
enum wi_code wi_ollama_read_think(struct wi_infer *infer, json_t *think, struct wi_error *error);
/* struct wi_dialect's `check` and `check_stream`. */
enum wi_code wi_ollama_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);
enum wi_code wi_ollama_check_stream(const struct wi_infer *infer, struct wi_error *error);

/* --- ollama_messages.c
 * ------------------------------------------------------------------------------- */

/* Converts a conversation in place to the form of wire/text.h, and reads it. WI_OK, or as
 * wi_text_read_messages. */
enum wi_code wi_ollama_read_messages(
    struct wi_infer *infer, json_t *messages, struct wi_budget *budget, struct wi_error *error);

/* --- ollama_error.c
 * ---------------------------------------------------------------------------------- */

/* Makes an error use these clients' name of the field at fault. */
void wi_ollama_rename(const struct wi_infer *infer, struct wi_error *error);
/* {"error": "…"} */
void wi_ollama_print_error(
    struct wi_buffer *out, const struct wi_error *error, const char *request_id);

/* --- calls.c ---------------------------------------------------------------------------------- */

/* Adds the calls of a part; those beyond the limit are lost. */
void wi_ollama_calls_add(struct wi_ollama_calls *calls, const json_t *part_result);
/* The calls whose arguments are a complete object, as a list, which is empty afterwards; those of a
 * whole answer. A new reference, or NULL if there is none. */
json_t *wi_ollama_calls_take(struct wi_ollama_calls *calls);
json_t *wi_ollama_calls_of(const json_t *choice);
void wi_ollama_calls_clear(struct wi_ollama_calls *calls);

/* --- ollama_answer.c
 * --------------------------------------------------------------------------------- */

/* An object of a model's answer: its name, the time, and whether it is the last. A new reference.
 */
json_t *wi_ollama_head(const char *model_name, int done);
/* Adds the output in the member that the request wants. Takes `calls`, which may be NULL; `text`
 * and `thoughts` are strings or NULL. */
void wi_ollama_put_made(
    json_t *to, const struct wi_infer *infer, json_t *text, const json_t *thoughts, json_t *calls);
/* Adds why it ended, and its figures. */
void wi_ollama_put_end(json_t *to, const struct wi_infer *infer, const struct wi_outcome *outcome);
/* struct wi_dialect's `print`. */
struct wi_printing *wi_ollama_print_text(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
struct wi_printing *wi_ollama_print_embed(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
struct wi_printing *wi_ollama_print_embeddings(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);

/* --- ollama_stream.c
 * --------------------------------------------------------------------------------- */

#define WI_OLLAMA_STREAM_TYPE "application/x-ndjson"
void wi_ollama_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face);
void wi_ollama_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part);
void wi_ollama_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position);
struct wi_printing *wi_ollama_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
void wi_ollama_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id);

#endif
