/* Answers and events of streams of OpenAI's Responses. */
#include "wire/describe/schemas.h"

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
};
static const struct wi_member usage[] = {
    {"input_tokens", "integer", NULL},
    {"input_tokens_details", "(cached_tokens integer)", NULL},
    {"output_tokens", "integer", NULL},
    {"output_tokens_details", "(reasoning_tokens integer)", "Always 0: reasoning is not counted."},
    {"total_tokens", "integer", NULL},
};

static const struct wi_member item_head[] = {
    {"id", "string", NULL},
    {"status", "'completed'|'incomplete'|'in_progress'", NULL},
};
static const struct wi_member message[] = {
    {"type", "'message'", NULL},
    {"role", "'assistant'", NULL},
    {"content", "[ResponseText]", NULL},
};
static const struct wi_member reasoning[] = {
    {"type", "'reasoning'", NULL},
    {"summary", "[object]", NULL},
    {"content", "[ResponseThought]", NULL},
};
static const struct wi_member call[] = {
    {"type", "'function_call'", NULL},
    {"call_id", "string", NULL},
    {"name", "string", NULL},
    {"arguments", "string", NULL},
};
static const struct wi_member text[] = {
    {"type", "'output_text'", NULL},
    {"text", "string", NULL},
    {"annotations", "[object]", NULL},
    {"logprobs", "[Logprob]", NULL},
};
static const struct wi_member thought[] = {
    {"type", "'reasoning_text'", NULL},
    {"text", "string", NULL},
};

static const struct wi_member event[] = {
    {"type", "string", "The name of the event."},
    {"sequence_number", "integer", "Counts from 0, without gaps."},
};
static const struct wi_member whole_event[] = {{"response", "Response", NULL}};
static const struct wi_member item_event[] = {
    {"output_index", "integer", NULL},
    {"item", "ResponseItem", NULL},
};
static const struct wi_member content_event[] = {
    {"item_id", "string", NULL},
    {"output_index", "integer", NULL},
    {"content_index", "integer", NULL},
    {"part", "ResponseText|ResponseThought", NULL},
};
static const struct wi_member text_event[] = {
    {"item_id", "string", NULL},
    {"output_index", "integer", NULL},
    {"content_index", "integer", NULL},
    {"delta?", "string", NULL},
    {"text?", "string", "At the end: all of it, instead of delta."},
    {"logprobs?", "[Logprob]", "For text, not for reasoning."},
};
static const struct wi_member call_event[] = {
    {"item_id", "string", NULL},
    {"output_index", "integer", NULL},
    {"delta?", "string", NULL},
    {"arguments?", "string", "At the end: all of it, instead of delta."},
};
static const struct wi_member error_event[] = {
    {"message", "string", NULL},
    {"param", "string|null", NULL},
    {"code", "string", NULL},
};

const struct wi_schema wi_responses_schemas[] = {
    WI_SCHEMA("Response", response),
    WI_SCHEMA("ResponseUsage", usage),
    {.name = "ResponseItem", .is = "ResponseMessage|ResponseReasoning|ResponseCall"},
    WI_SCHEMA("ResponseItemHead", item_head),
    WI_SCHEMA("ResponseMessage", message, .also = "ResponseItemHead"),
    WI_SCHEMA("ResponseReasoning", reasoning, .also = "ResponseItemHead"),
    WI_SCHEMA("ResponseCall", call, .also = "ResponseItemHead"),
    WI_SCHEMA("ResponseText", text),
    WI_SCHEMA("ResponseThought", thought),
    WI_SCHEMA("ResponseEvent", event),
    WI_SCHEMA("ResponseWholeEvent", whole_event, .also = "ResponseEvent"),
    WI_SCHEMA("ResponseItemEvent", item_event, .also = "ResponseEvent"),
    WI_SCHEMA("ResponseContentEvent", content_event, .also = "ResponseEvent"),
    WI_SCHEMA("ResponseTextEvent", text_event, .also = "ResponseEvent"),
    WI_SCHEMA("ResponseCallEvent", call_event, .also = "ResponseEvent"),
    WI_SCHEMA("ResponseErrorEvent", error_event, .also = "ResponseEvent"),
    {0},
};
