/* Anthropic's dialects, one for each endpoint. */
#include "wire/anthropic/anthropic.h"

#include "wire/openai/openai.h"

static enum wi_code parse_messages(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error)
{
    return wi_anthropic_parse(WI_TASK_CHAT, infer, body, json_size, budget, error);
}

static enum wi_code parse_count(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error)
{
    return wi_anthropic_parse(WI_TASK_TOKENIZE, infer, body, json_size, budget, error);
}

/* What both have; a count is never streamed. */
#define SHARED                                                                                     \
    .error_type = "application/json", .error_form = "AnthropicError", .id_header = "request-id",   \
    .params = wi_anthropic_params, .frame = wi_parameters_frame, .check = wi_anthropic_check,      \
    .check_stream = wi_openai_check_stream, .print_error = wi_anthropic_error,                     \
    .stream_begin = wi_anthropic_stream_begin, .stream_part = wi_anthropic_stream_part,            \
    .stream_progress = wi_anthropic_stream_progress, .stream_done = wi_anthropic_stream_done,      \
    .stream_error = wi_anthropic_stream_error

const struct wi_dialect wi_dialect_anthropic_messages = {.name = "anthropic.messages",
    .task = WI_TASK_CHAT,
    .parse = parse_messages,
    .print = wi_anthropic_print,
    SHARED};
const struct wi_dialect wi_dialect_anthropic_count = {.name = "anthropic.count",
    .task = WI_TASK_TOKENIZE,
    .parse = parse_count,
    .print = wi_anthropic_print_count,
    SHARED};
