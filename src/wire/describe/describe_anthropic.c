/* Answers, events of streams and errors for Anthropic's clients. */
#include "wire/describe/schemas.h"

static const struct wi_member error[] = {
    {"type", "'error'", NULL},
    {"error", "AnthropicErrorValue", NULL},
    {"request_id", "string|null", NULL},
};
static const struct wi_member error_value[] = {
    {"type",
        "'invalid_request_error'|'authentication_error'|'permission_error'|'not_found_error'|"
        "'request_too_large'|'rate_limit_error'|'overloaded_error'|'api_error'",
        NULL},
    {"message", "string", NULL},
};

static const struct wi_member message[] = {
    {"id", "string", NULL},
    {"type", "'message'", NULL},
    {"role", "'assistant'", NULL},
    {"model", "string", NULL},
    {"content", "[MessageBlock]", NULL},
    {"stop_reason", "'end_turn'|'max_tokens'|'stop_sequence'|'tool_use'|null",
        "Null at the beginning of a stream."},
    {"stop_sequence", "string|null", "The entry of stop_sequences at which it ended."},
    {"stop_details", "null", NULL},
    {"container", "null", NULL},
    {"diagnostics", "null", NULL},
    {"usage", "MessageUsage", NULL},
};
static const struct wi_member usage[] = {
    {"input_tokens", "integer", "Tokens that had not been read before."},
    {"cache_creation_input_tokens", "integer", NULL},
    {"cache_read_input_tokens", "integer", "Tokens that had been read before."},
    {"output_tokens", "integer", NULL},
    {"output_tokens_details", "null", NULL},
    {"server_tool_use", "null", NULL},
    {"cache_creation?", "null", "This and the members below are not in a message_delta."},
    {"inference_geo?", "null", NULL},
    {"service_tier?", "null", NULL},
    {"speed?", "null", NULL},
};
static const struct wi_member tokens[] = {{"input_tokens", "integer", NULL}};

static const struct wi_member start[] = {
    {"type", "'message_start'", NULL},
    {"message", "Message", NULL},
};
static const struct wi_member ping[] = {{"type", "'ping'", NULL}};
static const struct wi_member block_start[] = {
    {"type", "'content_block_start'", NULL},
    {"index", "integer", NULL},
    {"content_block", "MessageBlock", NULL},
};
static const struct wi_member block_delta[] = {
    {"type", "'content_block_delta'", NULL},
    {"index", "integer", NULL},
    {"delta",
        "(type 'text_delta', text string)|(type 'thinking_delta', thinking string)|"
        "(type 'input_json_delta', partial_json string)",
        NULL},
};
static const struct wi_member block_stop[] = {
    {"type", "'content_block_stop'", NULL},
    {"index", "integer", NULL},
};
static const struct wi_member delta[] = {
    {"type", "'message_delta'", NULL},
    {"delta",
        "(stop_reason 'end_turn'|'max_tokens'|'stop_sequence'|'tool_use', stop_sequence "
        "string|null, stop_details null, container null)",
        NULL},
    {"usage", "MessageUsage", NULL},
};
static const struct wi_member stop[] = {{"type", "'message_stop'", NULL}};

const struct wi_schema wi_anthropic_schemas[] = {
    WI_SCHEMA(
        "AnthropicError", error, .help = "An error in the form that Anthropic's clients read."),
    WI_SCHEMA("AnthropicErrorValue", error_value),
    WI_SCHEMA("Message", message),
    {.name = "MessageBlock",
        .is = "(type 'text', text string, citations null)|"
              "(type 'thinking', thinking string, signature string)|"
              "(type 'tool_use', id string, name string, input object, caller (type 'direct'))"},
    WI_SCHEMA("MessageUsage", usage),
    WI_SCHEMA("MessageTokens", tokens),
    WI_SCHEMA("MessageStart", start),
    WI_SCHEMA("MessagePing", ping),
    WI_SCHEMA("MessageBlockStart", block_start),
    WI_SCHEMA("MessageBlockDelta", block_delta),
    WI_SCHEMA("MessageBlockStop", block_stop),
    WI_SCHEMA("MessageDelta", delta),
    WI_SCHEMA("MessageStop", stop),
    {0},
};
