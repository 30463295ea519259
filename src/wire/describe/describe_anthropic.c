/* Parts of requests, answers, events of streams and errors for Anthropic's clients. */
#include "wire/describe/schemas.h"

/* clang-format off */
const struct wi_schema wi_anthropic_schemas[] = {
    WI_OBJECT_OF("AnthropicError", (.help = "An error in the form that Anthropic's clients read."),
        {"type", "'error'", NULL},
        {"error", "AnthropicErrorValue", NULL},
        {"request_id", "string|null", NULL}),
    WI_OBJECT("AnthropicErrorValue",
        {"type",
            "'invalid_request_error'|'authentication_error'|'permission_error'|'not_found_error'|'"
            "request_too_large'|'rate_limit_error'|'overloaded_error'|'api_error'",
            NULL},
        {"message", "string", NULL}),
    /* --- parts of requests -------------------------------------------------------------------- */

    WI_OBJECT("AnthropicMessage",
        {"role", "'system'|'user'|'assistant'", NULL},
        {"content", "string|[AnthropicBlock]", NULL},
        {"id?", "any", "This and the members below are ignored."},
        {"type?", "any", NULL},
        {"model?", "any", NULL},
        {"stop_reason?", "any", NULL},
        {"stop_sequence?", "any", NULL},
        {"stop_details?", "any", NULL},
        {"usage?", "any", NULL},
        {"container?", "any", NULL},
        {"diagnostics?", "any", NULL},
        {"context_management?", "any", NULL}),
    {.name = "AnthropicText",
        .is = "(type 'text', text string, citations? any, cache_control? any, parsed? any)"},
    {.name = "AnthropicImage",
        .is = "(type 'image', source (type 'base64', data string, media_type? string), "
              "cache_control? any)"},
    {.name = "AnthropicBlock",
        .help = "A user's message may have text, image and tool_result; an assistant's may have "
                "the other types and text. Members of the type JsonValue are ignored.",
        .is = "AnthropicText|AnthropicImage|"
              "(type 'tool_result', tool_use_id string, content? string|[AnthropicText], is_error? "
              "any, cache_control? any)|"
              "(type 'tool_use', id string, name string, input object, caller? any, cache_control? "
              "any)|"
              "(type 'thinking', thinking string, signature? string)|"
              "(type 'redacted_thinking', data? any)"},
    {.name = "AnthropicTool",
        .help = "A function that the model may call; input_schema is the JSON Schema of its "
                "arguments. Tools of other types are ignored.",
        .is = "(name string, type? 'custom', description? string|null, input_schema? object|null, "
              "* any)|(type string, * any)"},

    /* --- answers ------------------------------------------------------------------------------ */

    WI_OBJECT("Message",
        {"id", "string", NULL},
        {"type", "'message'", NULL},
        {"role", "'assistant'", NULL},
        {"model", "string", NULL},
        {"content", "[MessageBlock]", NULL},
        {"stop_reason", "'end_turn'|'max_tokens'|'stop_sequence'|'tool_use'|null",
            "Null at the beginning of a stream."},
        {"stop_sequence", "string|null", "The entry of stop_sequences that ended the text."},
        {"stop_details", "null", NULL},
        {"container", "null", NULL},
        {"diagnostics", "null", NULL},
        {"usage", "MessageUsage", NULL}),
    {.name = "MessageBlock",
        .is = "(type 'text', text string, citations null)|"
              "(type 'thinking', thinking string, signature string)|"
              "(type 'tool_use', id string, name string, input object, caller (type 'direct'))"},
    WI_OBJECT("MessageUsage",
        {"input_tokens", "integer", "The number of tokens that were not cached."},
        {"cache_creation_input_tokens", "integer", NULL},
        {"cache_read_input_tokens", "integer", "The number of tokens that were cached."},
        {"output_tokens", "integer", NULL},
        {"output_tokens_details", "null", NULL},
        {"server_tool_use", "null", NULL},
        {"cache_creation?", "null", "This and the members below are absent from a message_delta."},
        {"inference_geo?", "null", NULL},
        {"service_tier?", "null", NULL},
        {"speed?", "null", NULL}),
    WI_OBJECT("MessageTokens", {"input_tokens", "integer", NULL}),
    WI_OBJECT("MessageStart",
        {"type", "'message_start'", NULL},
        {"message", "Message", NULL}),
    WI_OBJECT("MessagePing", {"type", "'ping'", NULL}),
    WI_OBJECT("MessageBlockStart",
        {"type", "'content_block_start'", NULL},
        {"index", "integer", NULL},
        {"content_block", "MessageBlock", NULL}),
    WI_OBJECT("MessageBlockDelta",
        {"type", "'content_block_delta'", NULL},
        {"index", "integer", NULL},
        {"delta",
            "(type 'text_delta', text string)|(type 'thinking_delta', thinking string)|(type "
            "'input_json_delta', partial_json string)",
            NULL}),
    WI_OBJECT("MessageBlockStop",
        {"type", "'content_block_stop'", NULL},
        {"index", "integer", NULL}),
    WI_OBJECT("MessageDelta",
        {"type", "'message_delta'", NULL},
        {"delta",
            "(stop_reason 'end_turn'|'max_tokens'|'stop_sequence'|'tool_use', stop_sequence "
            "string|null, stop_details null, container null)",
            NULL},
        {"usage", "MessageUsage", NULL}),
    WI_OBJECT("MessageStop", {"type", "'message_stop'", NULL}),
    {0},
};
