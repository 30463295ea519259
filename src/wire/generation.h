/*
 * A node's answer to a conversation or a text, as all formats read it: answers, why they ended, and
 * figures. A node is not trusted: anything without the right form counts as absent.
 */
#ifndef WI_WIRE_GENERATION_H
#define WI_WIRE_GENERATION_H

#include "terms/part.h"
#include <jansson.h>
#include <stddef.h>

/* The answers in a result, one after the other; NULL after the last. Borrowed; `result` may be
 * NULL. */
const json_t *wi_generation_choice(const json_t *result, size_t index);
/* Why an answer ended: "stop", "length" or "tool_calls". */
const char *wi_generation_finish(const json_t *choice);
/* The stop string of the request at which it ended; NULL: at none. Borrowed; `choice` may be
 * NULL. */
const char *wi_generation_stop(const json_t *choice);
/* One of its numbers of tokens, "prompt_tokens", "completion_tokens" or "cached_tokens"; 0 if
 * absent. */
json_int_t wi_generation_tokens(const json_t *result, const char *name);

/* A text of a node as JSON, a new reference: "" for NULL, and for bytes that are not UTF-8. */
json_t *wi_generation_text(const char *text, size_t length);
/* The part of a job's id that other ids are made of. Borrowed of `id`. */
const char *wi_generation_id(const char *id);

/* A call of a tool, or a piece of one. Strings are NULL if absent. */
struct wi_generation_call {
    json_int_t index; /* which call of the answer it is */
    json_t *id, *type, *name, *arguments;
};
/* The calls in a choice or in the further members of a part, one after the other; 0 after the last.
 * Borrowed; `from` may be NULL. */
int wi_generation_call(const json_t *from, size_t place, struct wi_generation_call *call);
/* A whole answer as if it were a part. Borrowed of `choice`, which may be NULL. */
struct wi_part wi_generation_part(const json_t *choice, unsigned index);

/* The blocks of an answer, in formats that have it as a list: thoughts, text, calls. */
enum wi_block_kind { WI_BLOCK_NONE, WI_BLOCK_THOUGHT, WI_BLOCK_TEXT, WI_BLOCK_CALL };
/* The current block of an answer. Zero-initialise. */
struct wi_blocks {
    enum wi_block_kind kind;
    json_int_t call; /* its index */
};
/* A piece of one. Borrowed. */
struct wi_piece {
    enum wi_block_kind kind;
    int begins; /* it begins another block than the previous piece */
    const char *text;
    size_t length;        /* 0: a call of which only the name is known so far */
    json_t *id, *name;    /* of a call that begins; NULL: absent */
    const json_t *beside; /* further members of a part, once; NULL: none */
};
typedef void wi_piece_fn(void *context, const struct wi_piece *piece);
/* Hands over the pieces of a part in their order; until the call returns, the kind of `blocks` is
 * that of the previous piece. A piece of a call that is not the current one and does not begin with
 * a name is left out. */
void wi_blocks_cut(
    struct wi_blocks *blocks, const struct wi_part *part, wi_piece_fn *on_piece, void *context);

#endif
