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

/* --- ollama_parse.c --------------------------------------------------------------------------- */

/* The second are those of the older endpoint for vectors. */
extern const struct wi_parameters wi_ollama_parameters, wi_ollama_old_parameters;
/* The members of `options`. */
extern const struct wi_parameters wi_ollama_options;
wi_read_fn wi_ollama_read;
/* Struct wi_dialect's `parse`. */
enum wi_code wi_ollama_parse(struct wi_infer *infer, struct wi_error *error);
wi_check_fn wi_ollama_check;

/* --- ollama_messages.c ------------------------------------------------------------------------ */

/* Converts a conversation in place to the form of wire/text.h, and reads it. WI_OK, or as
 * wi_text_read_messages. */
enum wi_code wi_ollama_read_messages(
    struct wi_infer *infer, json_t *messages, struct wi_error *error);

/* --- ollama.c --------------------------------------------------------------------------------- */

/* Frees them. Public for tests. */
void wi_ollama_calls_clear(struct wi_ollama_calls *calls);
/* The whole answer. Public for tests. */
wi_print_fn wi_ollama_print_text;
/* The end of a stream. Public for tests. */
wi_print_fn wi_ollama_stream_done;
/* A part of it. Public for tests. */
wi_stream_part_fn wi_ollama_stream_part;

#endif
