/*
 * What a node made of a conversation or a text, as every format that tells it reads it: answers,
 * why they ended, and figures. It is a stranger's: what has not its form is as if it were not
 * there.
 */
#ifndef WI_WIRE_GENERATION_H
#define WI_WIRE_GENERATION_H

#include "terms/part.h"
#include <jansson.h>
#include <stddef.h>

/* The answers in a result, one after the other; NULL behind the last. Borrowed; `result` may be
 * NULL. */
const json_t *wi_generation_choice(const json_t *result, size_t index);
/* Why an answer ended: "stop", "length" or "tool_calls". */
const char *wi_generation_finish(const json_t *choice);
/* The text of the request's at which it ended; NULL: at none. Borrowed; `choice` may be NULL. */
const char *wi_generation_stop(const json_t *choice);
/* A figure of its tokens, "prompt_tokens", "completion_tokens" or "cached_tokens"; else 0. */
json_int_t wi_generation_tokens(const json_t *result, const char *name);

/* A call of a tool, or a stretch of one. Strings, NULL where they are not said. */
struct wi_generation_call {
    json_int_t index; /* which call of the answer it is */
    json_t *id, *type, *name, *arguments;
};
/* The calls in a choice or in what is beside a part's text, one after the other; 0 behind the last.
 * Borrowed; `from` may be NULL. */
int wi_generation_call(const json_t *from, size_t place, struct wi_generation_call *call);
/* A whole answer as if it were a part. Borrowed of `choice`, which may be NULL. */
struct wi_part wi_generation_part(const json_t *choice, unsigned index);

/* What formats tell one after the other that have an answer as a list: thoughts, text, calls. */
enum wi_block_kind { WI_BLOCK_NONE, WI_BLOCK_THOUGHT, WI_BLOCK_TEXT, WI_BLOCK_CALL };
/* Which block an answer is in. Zero-initialise. */
struct wi_blocks {
    enum wi_block_kind kind;
    json_int_t call; /* its index */
};
/* A piece of one. Borrowed. */
struct wi_piece {
    enum wi_block_kind kind;
    int begins; /* another block than the piece before it was of */
    const char *text;
    size_t length;        /* 0: a call of which nothing but the name is known yet */
    json_t *id, *name;    /* of a call that begins; NULL: not said */
    const json_t *beside; /* what is beside the text of a part, once; NULL: nothing */
};
typedef void wi_piece_fn(void *context, const struct wi_piece *piece);
/* Hands over the pieces of a part in their order; the kind of `blocks` is that of the piece before
 * until the call returns. A stretch of a call that is neither under way nor begins with a name is
 * left out. */
void wi_blocks_cut(
    struct wi_blocks *blocks, const struct wi_part *part, wi_piece_fn *on_piece, void *context);

#endif
