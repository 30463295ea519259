/* Answers and events of streams of OpenAI's Responses. */
#include "wire/describe/schemas.h"

#include <stddef.h>

static const struct wi_member response[] = {
    {"id", "string", NULL},
    {"object", "'response'", NULL},
    {"created_at", "integer", "In seconds since 1970."},
    {"status", "'completed'|'incomplete'|'in_progress'|'failed'", NULL},
    {"model", "string", NULL},
    {"error", "(code string, message string)|null", NULL},
    {"incomplete_details", "(reason 'max_output_tokens')|null", NULL},
    {"output", "[ResponseItem]", NULL},
    {"usage", "ResponseUsage|null", NULL},
    {"instructions", "string|null", NULL},
    {"max_output_tokens", "integer|null", NULL},
    {"parallel_tool_calls", "boolean", NULL},
    {"temperature", "number|null", NULL},
    {"top_p", "number|null", NULL},
    {"tool_choice", "string|object", NULL},
    {"tools", "[object]", "The tools that are functions."},
    {"text", "(format object)", NULL},
    {"metadata", "object", NULL},
    {"store", "boolean", "Always false: nothing is kept."},
    {"background", "boolean", NULL},
    {"previous_response_id", "null", NULL},
    {"truncation", "'disabled'", NULL},
    {0},
};
static const struct wi_member usage[] = {
    {"input_tokens", "integer", NULL},
    {"input_tokens_details", "(cached_tokens integer)", NULL},
    {"output_tokens", "integer", NULL},
    {"output_tokens_details", "(reasoning_tokens integer)", "Always 0: reasoning is not counted."},
    {"total_tokens", "integer", NULL},
    {0},
};

static const struct wi_member item_head[] = {
    {"id", "string", NULL},
    {"status", "'completed'|'incomplete'|'in_progress'", NULL},
    {0},
};
static const struct wi_member message[] = {
    {"type", "'message'", NULL},
    {"role", "'assistant'", NULL},
    {"content", "[ResponseText]", NULL},
    {0},
};
static const struct wi_member reasoning[] = {
    {"type", "'reasoning'", NULL},
    {"summary", "[object]", NULL},
    {"content", "[ResponseThought]", NULL},
    {0},
};
static const struct wi_member call[] = {
    {"type", "'function_call'", NULL},
    {"call_id", "string", NULL},
    {"name", "string", NULL},
    {"arguments", "string", NULL},
    {0},
};
static const struct wi_member text[] = {
    {"type", "'output_text'", NULL},
    {"text", "string", NULL},
    {"annotations", "[object]", NULL},
    {"logprobs", "[Logprob]", NULL},
    {0},
};
static const struct wi_member thought[] = {
    {"type", "'reasoning_text'", NULL},
    {"text", "string", NULL},
    {0},
};

static const struct wi_member event[] = {
    {"type", "string", "The name of the event."},
    {"sequence_number", "integer", "Counts from 0, without gaps."},
    {0},
};
static const struct wi_member whole_event[] = {{"response", "Response", NULL}, {0}};
static const struct wi_member item_event[] = {
    {"output_index", "integer", NULL},
    {"item", "ResponseItem", NULL},
    {0},
};
static const struct wi_member content_event[] = {
    {"item_id", "string", NULL},
    {"output_index", "integer", NULL},
    {"content_index", "integer", NULL},
    {"part", "ResponseText|ResponseThought", NULL},
    {0},
};
static const struct wi_member text_event[] = {
    {"item_id", "string", NULL},
    {"output_index", "integer", NULL},
    {"content_index", "integer", NULL},
    {"delta?", "string", NULL},
    {"text?", "string", "At the end: all of it, instead of delta."},
    {"logprobs?", "[Logprob]", "For text, not for reasoning."},
    {0},
};
static const struct wi_member call_event[] = {
    {"item_id", "string", NULL},
    {"output_index", "integer", NULL},
    {"delta?", "string", NULL},
    {"arguments?", "string", "At the end: all of it, instead of delta."},
    {0},
};
static const struct wi_member error_event[] = {
    {"message", "string", NULL},
    {"param", "string|null", NULL},
    {"code", "string", NULL},
    {0},
};

#define FORM(form, rows, ...)                                                                      \
    {                                                                                              \
        .name = form, .members = rows, ##__VA_ARGS__                                               \
    }
const struct wi_schema wi_responses_schemas[] = {
    FORM("Response", response),
    FORM("ResponseUsage", usage),
    FORM("ResponseItem", NULL, .is = "ResponseMessage|ResponseReasoning|ResponseCall"),
    FORM("ResponseItemHead", item_head),
    FORM("ResponseMessage", message, .also = "ResponseItemHead"),
    FORM("ResponseReasoning", reasoning, .also = "ResponseItemHead"),
    FORM("ResponseCall", call, .also = "ResponseItemHead"),
    FORM("ResponseText", text),
    FORM("ResponseThought", thought),
    FORM("ResponseEvent", event),
    FORM("ResponseWholeEvent", whole_event, .also = "ResponseEvent"),
    FORM("ResponseItemEvent", item_event, .also = "ResponseEvent"),
    FORM("ResponseContentEvent", content_event, .also = "ResponseEvent"),
    FORM("ResponseTextEvent", text_event, .also = "ResponseEvent"),
    FORM("ResponseCallEvent", call_event, .also = "ResponseEvent"),
    FORM("ResponseErrorEvent", error_event, .also = "ResponseEvent"),
    {0},
};
