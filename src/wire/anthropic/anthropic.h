/*
 * The dialects of Anthropic's clients (webinfer-anthropic(7)): messages of blocks, whole and in
 * streams, and how many tokens a conversation has. They share their parameters, their reading of
 * conversations, and their form of errors.
 */
#ifndef WI_WIRE_ANTHROPIC_H
#define WI_WIRE_ANTHROPIC_H

#include "wire/dialect.h"
#include "wire/generation.h"

extern const struct wi_dialect wi_dialect_anthropic_messages;
extern const struct wi_dialect wi_dialect_anthropic_count;

/* The blocks of an answer as they arrive. Zero-initialise; free with wi_content_clear. */
struct wi_content {
    struct wi_blocks blocks; /* which one is open; WI_BLOCK_NONE: none is */
    json_int_t index;        /* its place */
    /* For an answer that is sent as a whole: the complete blocks, the text of the open block, and
     * the call that it is. */
    json_t *list, *call_id, *name;
    struct wi_buffer text;
};
void wi_content_clear(struct wi_content *content);

/* --- anthropic_parse.c
 * ---------------------------------------------------------------------------------- */

size_t wi_anthropic_params(enum wi_task_kind task, struct wi_param rows[WI_PARAMETERS_MAX]);
/* A request for an answer, WI_TASK_CHAT, or for its number of tokens, WI_TASK_TOKENIZE. The extras
 * of the first are a struct wi_content, its stream's. */
enum wi_code wi_anthropic_parse(enum wi_task_kind task, struct wi_infer *infer,
    struct wi_blob *body, size_t json_size, struct wi_budget *budget, struct wi_error *error);
enum wi_code wi_anthropic_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error);

/* --- anthropic_input.c
 * ---------------------------------------------------------------------------------- */

/* Makes `system` (NULL: none) and `messages` the conversation. WI_OK, or as what reads texts,
 * pictures and tables of parameters. */
enum wi_code wi_anthropic_read_messages(struct wi_infer *infer, json_t *system, json_t *messages,
    struct wi_budget *budget, struct wi_error *error);

/* --- anthropic_content.c
 * -------------------------------------------------------------------------------- */

/* Adds a part, and its events to `events`; NULL: the answer is sent as a whole. */
void wi_content_add(
    struct wi_content *content, const struct wi_part *part, struct wi_buffer *events);
/* The answer is complete. */
void wi_content_end(struct wi_content *content, struct wi_buffer *events);
/* Adds an event of a stream: `event`, which is taken over, with its type. */
void wi_content_event(const char *type, json_t *event, struct wi_buffer *events);

/* --- anthropic_print.c
 * ---------------------------------------------------------------------------------- */

struct wi_printing *wi_anthropic_print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
struct wi_printing *wi_anthropic_print_count(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
/* Appends {"type": "error", "error": {"type", "message"}, "request_id"}; `request_id` may be NULL.
 */
void wi_anthropic_error(
    struct wi_buffer *out, const struct wi_error *error, const char *request_id);
void wi_anthropic_stream_begin(struct wi_buffer *out, const struct wi_stream_face *face);
void wi_anthropic_stream_part(
    struct wi_buffer *out, const struct wi_stream_face *face, const struct wi_part *part);
void wi_anthropic_stream_progress(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_progress *progress, unsigned position);
struct wi_printing *wi_anthropic_stream_done(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_error *error);
void wi_anthropic_stream_error(struct wi_buffer *out, const struct wi_stream_face *face,
    const struct wi_error *error, const char *request_id);

#endif
