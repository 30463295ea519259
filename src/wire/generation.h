/*
 * What a node made of a conversation or a text, as every format that tells it reads it: answers,
 * why they ended, and figures. It is a stranger's: what has not its form is as if it were not
 * there.
 */
#ifndef WI_WIRE_GENERATION_H
#define WI_WIRE_GENERATION_H

#include <jansson.h>
#include <stddef.h>

/* The answers in a result, one after the other; NULL behind the last. Borrowed; `result` may be
 * NULL. */
const json_t *wi_generation_choice(const json_t *result, size_t index);
/* Why an answer ended: "stop", "length" or "tool_calls". */
const char *wi_generation_finish(const json_t *choice);
/* A figure of its tokens, "prompt_tokens", "completion_tokens" or "cached_tokens"; else 0. */
json_int_t wi_generation_tokens(const json_t *result, const char *name);

#endif
