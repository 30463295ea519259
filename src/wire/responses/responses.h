/*
 * The dialect of OpenAI's Responses (webinfer-openai(7)): conversations as lists of items, and
 * answers whose streams describe each item as it grows. Nothing is kept from one request to the
 * next. Errors are those of wire/openai.
 */
#ifndef WI_WIRE_RESPONSES_H
#define WI_WIRE_RESPONSES_H

#include "wire/dialect.h"
#include "wire/generation.h"

extern const struct wi_dialect wi_dialect_openai_responses;

/* The contents of an answer as it grows. Zero-initialise; free with wi_output_clear. */
struct wi_output {
    json_t *items;           /* those that are complete; NULL: none yet */
    struct wi_blocks blocks; /* the open item, as a kind of block; WI_BLOCK_NONE: none */
    struct wi_buffer text;   /* of that one */
    json_t *logprobs;        /* likewise; NULL: none */
    json_t *waiting;         /* those of tokens whose text is held back; NULL: none */
    json_t *call_id, *name;  /* likewise, of a call; NULL: absent */
    int64_t events;          /* of its stream, so far */
};
void wi_output_clear(struct wi_output *output);

/* Wishes for the answer that only these clients have: struct wi_infer's `extras`. Owned. */
struct wi_responses_extras {
    int64_t created; /* Unix seconds */
    json_t *echo;    /* the members of an answer that repeat its request */
    struct wi_output streamed;
};

/* --- responses_parse.c ------------------------------------------------------------------------ */

extern const struct wi_parameters wi_responses_parameters;
extern const struct wi_parameter_name wi_responses_names[];
wi_read_fn wi_responses_read;
void wi_responses_free_extras(void *extras);

/* --- responses_input.c ------------------------------------------------------------------------ */

/* Makes `instructions` (NULL: none) and `input`, a string or a list of items, the conversation.
 * WI_OK, or as what reads texts, pictures and tables of parameters. */
enum wi_code wi_responses_read_input(
    struct wi_infer *infer, json_t *instructions, json_t *input, struct wi_error *error);

/* --- output.c --------------------------------------------------------------------------------- */

/* Adds a part to the output of the answer `id`, and its events to `events`; NULL: without
 * events. */
void wi_output_add(
    struct wi_output *output, const char *id, const struct wi_part *part, struct wi_buffer *events);
/* The answer is complete; an empty answer is an empty message. */
void wi_output_end(
    struct wi_output *output, const char *id, int is_complete, struct wi_buffer *events);
/* Adds an event of the stream: `event`, which is taken over, with its type and number. */
void wi_output_event(
    struct wi_output *output, const char *type, json_t *event, struct wi_buffer *events);

#endif
