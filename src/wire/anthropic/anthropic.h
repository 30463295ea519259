/*
 * The dialects of Anthropic's clients (webinfer-anthropic(7)): messages of blocks, whole and in
 * streams, and how many tokens a conversation has. They share their parameters, their reading of
 * conversations, and their form of errors.
 */
#ifndef WI_WIRE_ANTHROPIC_H
#define WI_WIRE_ANTHROPIC_H

#include "wire/dialect.h"

extern const struct wi_dialect wi_dialect_anthropic_messages;
extern const struct wi_dialect wi_dialect_anthropic_count;

/* --- anthropic_parse.c ------------------------------------------------------------------------ */

extern const struct wi_parameters wi_anthropic_parameters;
extern const struct wi_parameter_name wi_anthropic_names[];
/* Reads a request for an answer, WI_TASK_CHAT, or for its number of tokens, WI_TASK_TOKENIZE. */
wi_read_fn wi_anthropic_read;

#endif
