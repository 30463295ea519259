/*
 * The dialects of OpenAI's clients (webinfer-openai(7)), one for each endpoint, which share their
 * errors and their parameters. They only turn requests into the forms of wire/text.h, and
 * results into the form that those clients expect.
 */
#ifndef WI_WIRE_OPENAI_H
#define WI_WIRE_OPENAI_H

#include "base/params.h"
#include "wire/dialect.h"

extern const struct wi_dialect wi_dialect_openai_chat;
extern const struct wi_dialect wi_dialect_openai_completions;
extern const struct wi_dialect wi_dialect_openai_embeddings;
extern const struct wi_dialect wi_dialect_openai_rerank;
extern const struct wi_dialect wi_dialect_openai_tokenize;
extern const struct wi_dialect wi_dialect_openai_speech;
/* These two read forms (multipart/form-data). */
extern const struct wi_dialect wi_dialect_openai_transcriptions;
extern const struct wi_dialect wi_dialect_openai_translations;
/* For addresses that are both OpenAI's and ours, or neither: errors in both forms in one object. It
 * reads no requests. */
extern const struct wi_dialect wi_dialect_openai_both;

/* The requested form of a transcription or of speech. */
enum wi_openai_form {
    WI_OPENAI_JSON, /* {"text"} */
    WI_OPENAI_TEXT,
    WI_OPENAI_SRT,
    WI_OPENAI_VTT,
    WI_OPENAI_VERBOSE, /* JSON with times */
    WI_OPENAI_WAV,
    WI_OPENAI_PCM
};

/* Wishes for the answer that only these clients have: struct wi_infer's `extras`. Owned. */
struct wi_openai_extras {
    int64_t created;   /* Unix seconds, in the answer and all its chunks */
    int64_t answers;   /* how many */
    int include_usage; /* at the end of a stream */
    int base64;        /* embeddings */
    int64_t top;       /* number of rows of a ranking; 0: all */
    json_t *documents; /* that a ranking repeats; NULL: none */
    enum wi_openai_form form;
    int segments, words; /* whose times are wanted */
    json_int_t *begun;   /* characters of each answer that a stream has sent; NULL: none yet */
};

/* --- openai_parse.c
 * ---------------------------------------------------------------------------------- */

/* struct wi_dialect's `params`. */
size_t wi_openai_params(enum wi_task_kind task, struct wi_param rows[WI_PARAMETERS_MAX]);
/* The body of a request for `task`. */
enum wi_code wi_openai_parse(enum wi_task_kind task, struct wi_infer *infer, struct wi_blob *body,
    size_t json_size, struct wi_budget *budget, struct wi_error *error);
/* Makes the empty request for that task, and the extras to read into. */
void wi_openai_begin(struct wi_infer *infer, enum wi_task_kind task);
/* Like wi_openai_parse, for an object with the parameters, which is borrowed, after
 * wi_openai_begin. */
enum wi_code wi_openai_read(
    struct wi_infer *infer, const json_t *root, struct wi_budget *budget, struct wi_error *error);

/* --- openai_sound.c
 * ---------------------------------------------------------------------------------- */

/* The name of the parameter for the requested times. */
#define WI_OPENAI_TIMES "timestamp_granularities[]"
enum wi_code wi_openai_check_stream(const struct wi_infer *infer, struct wi_error *error);
/* Reads the special parameters of either task with sound: WI_OK or WI_INVALID_FIELD. */
enum wi_code wi_openai_read_recognition(
    struct wi_infer *infer, const json_t *root, struct wi_error *error);
enum wi_code wi_openai_read_speech(
    struct wi_infer *infer, const json_t *root, struct wi_error *error);

/* --- audio.c ---------------------------------------------------------------------------------- */

struct wi_printing *wi_openai_print_speech(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);

/* --- openai_error.c
 * ---------------------------------------------------------------------------------- */

int wi_openai_status(enum wi_code code);
/* Appends the object {"message", "type", "param", "code"}. `input` is this endpoint's name of its
 * input. */
void wi_openai_error(struct wi_buffer *out, const struct wi_error *error, const char *input);

/* --- openai_choice.c: answers and their parts
 * -------------------------------------------------------- */

/* Every function here returns a new reference made from a node's answer; values without the right
 * form are left out. `result` may be NULL. */
json_t *wi_openai_head(const char *prefix, const char *id, const char *object,
    const char *model_name, int64_t created);
json_t *wi_openai_usage(const json_t *result);
/* A choice of a whole answer, and the one of a part, or NULL if the part has nothing to send. */
json_t *wi_openai_message(const json_t *choice, json_int_t index);
json_t *wi_openai_delta(const struct wi_part *part);
json_t *wi_openai_text(const json_t *choice, json_int_t index);
/* `*begun` is the number of characters of the answer that have begun before this part, and
 * afterwards includes this part. */
json_t *wi_openai_text_delta(const struct wi_part *part, json_int_t *begun);

/* --- openai_print.c
 * ---------------------------------------------------------------------------------- */

struct wi_printing *wi_openai_print_chat(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
struct wi_printing *wi_openai_print_completion(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
struct wi_printing *wi_openai_print_embeddings(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
struct wi_printing *wi_openai_print_ranking(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
struct wi_printing *wi_openai_print_tokens(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);

/* --- openai_stream.c
 * --------------------------------------------------------------------------------- */

void wi_openai_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face);
void wi_openai_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part);
void wi_openai_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position);
struct wi_printing *wi_openai_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
void wi_openai_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id);

#endif
