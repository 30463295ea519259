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

/* --- openai_parse.c -------------------------------------------------------------------------- */

extern const struct wi_parameters wi_openai_parameters;
wi_read_fn wi_openai_read;
void wi_openai_free_extras(void *extras);
/* The name of the parameter for the requested times. */
#define WI_OPENAI_TIMES "timestamp_granularities[]"
wi_check_stream_fn wi_openai_check_stream;

/* --- openai_error.c --------------------------------------------------------------------------- */

wi_status_fn wi_openai_status;
/* Appends the object {"message", "type", "param", "code"}. `input` is this endpoint's name of its
 * input. */
void wi_openai_error(struct wi_buffer *out, const struct wi_error *error, const char *input);
wi_print_error_fn wi_openai_print_error;

/* The form of errors, and all members of the dialects here that concern reading. */
#define WI_OPENAI_ERRORS                                                                           \
    .error_type = "application/json", .error_form = "OpenaiError", .error_code = "error.code",     \
    .status = wi_openai_status, .print_error = wi_openai_print_error,                              \
    .check = wi_parameters_check, .stream_progress = wi_openai_stream_progress
#define WI_OPENAI_READS                                                                            \
    WI_OPENAI_ERRORS, .parameters = &wi_openai_parameters,                                         \
                      .extras_size = sizeof(struct wi_openai_extras),                              \
                      .free_extras = wi_openai_free_extras, .read = wi_openai_read,                \
                      .check_stream = wi_openai_check_stream

/* --- audio.c and openai_print.c --------------------------------------------------------------- */

wi_print_fn wi_openai_print_speech, wi_openai_print_text, wi_openai_print_embeddings,
    wi_openai_print_ranking, wi_openai_print_tokens, wi_openai_stream_done;
wi_stream_begin_fn wi_openai_stream_begin;
wi_stream_part_fn wi_openai_stream_part;
wi_stream_progress_fn wi_openai_stream_progress;
wi_stream_error_fn wi_openai_stream_error;

#endif
