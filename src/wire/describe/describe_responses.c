/* Parts of requests, answers and events of streams of OpenAI's Responses. */
#include "wire/describe/schemas.h"

/* clang-format off */
const struct wi_schema wi_responses_schemas[] = {
    /* --- parts of requests -------------------------------------------------------------------- */

    {.name = "ResponseInput",
        .help = "An item of the conversation. Members of the type JsonValue are ignored.",
        .is = "(role 'system'|'developer'|'user'|'assistant', content string|[ResponseInputPart], "
              "type? 'message', id? string, status? any, phase? any)|"
              "(type 'function_call', call_id string, name string, arguments string, id? string, "
              "namespace? string, status? any, parsed_arguments? any)|"
              "(type 'function_call_output', call_id string, output string|[ResponseInputPart], id? "
              "string, status? any)|"
              "(type 'reasoning', summary? [ResponseInputThought], content? [ResponseInputThought], "
              "id? string, status? any, encrypted_content? any)"},
    {.name = "ResponseInputPart",
        .is = "(type 'input_text'|'output_text'|'text'|'summary_text', text string, annotations? "
              "any, logprobs? any, parsed? any)|(type 'refusal', refusal string)|"
              "(type 'input_image', image_url string, detail? any)"},
    {.name = "ResponseInputThought", .is = "(text string, * any)"},
    {.name = "ResponseTool",
        .help = "A function that the model may call; parameters is the JSON Schema of its "
                "arguments. Tools of other types are ignored.",
        .is = "(type 'function', name string, description? string|null, parameters? object|null, "
              "* any)|(type string, * any)"},
    {.name = "ResponseTextFormat",
        .is = "(type 'text'|'json_object', name? string, schema? object, strict? any, description? "
              "any)|(type 'json_schema', schema object, name? string, strict? any, description? "
              "any)"},

    /* --- answers ------------------------------------------------------------------------------ */

    WI_OBJECT("Response",
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
        {"store", "boolean", "Always false, since nothing is stored."},
        {"background", "boolean", NULL},
        {"previous_response_id", "null", NULL},
        {"truncation", "'disabled'", NULL}),
    WI_OBJECT("ResponseUsage",
        {"input_tokens", "integer", NULL},
        {"input_tokens_details", "(cached_tokens integer)", NULL},
        {"output_tokens", "integer", NULL},
        {"output_tokens_details", "(reasoning_tokens integer)",
            "Always 0: reasoning is not counted."},
        {"total_tokens", "integer", NULL}),
    {.name = "ResponseItem", .is = "ResponseMessage|ResponseReasoning|ResponseCall"},
    WI_OBJECT("ResponseItemHead",
        {"id", "string", NULL},
        {"status", "'completed'|'incomplete'|'in_progress'", NULL}),
    WI_OBJECT_OF("ResponseMessage", (.also = "ResponseItemHead"),
        {"type", "'message'", NULL},
        {"role", "'assistant'", NULL},
        {"content", "[ResponseText]", NULL}),
    WI_OBJECT_OF("ResponseReasoning", (.also = "ResponseItemHead"),
        {"type", "'reasoning'", NULL},
        {"summary", "[object]", NULL},
        {"content", "[ResponseThought]", NULL}),
    WI_OBJECT_OF("ResponseCall", (.also = "ResponseItemHead"),
        {"type", "'function_call'", NULL},
        {"call_id", "string", NULL},
        {"name", "string", NULL},
        {"arguments", "string", NULL}),
    WI_OBJECT("ResponseText",
        {"type", "'output_text'", NULL},
        {"text", "string", NULL},
        {"annotations", "[object]", NULL},
        {"logprobs", "[Logprob]", NULL}),
    WI_OBJECT("ResponseThought",
        {"type", "'reasoning_text'", NULL},
        {"text", "string", NULL}),
    WI_OBJECT("ResponseEvent",
        {"type", "string", "The name of the event."},
        {"sequence_number", "integer", "The number of the event, counted from 0 without gaps."}),
    WI_OBJECT_OF("ResponseWholeEvent", (.also = "ResponseEvent"), {"response", "Response", NULL}),
    WI_OBJECT_OF("ResponseItemEvent", (.also = "ResponseEvent"),
        {"output_index", "integer", NULL},
        {"item", "ResponseItem", NULL}),
    WI_OBJECT_OF("ResponseContentEvent", (.also = "ResponseEvent"),
        {"item_id", "string", NULL},
        {"output_index", "integer", NULL},
        {"content_index", "integer", NULL},
        {"part", "ResponseText|ResponseThought", NULL}),
    WI_OBJECT_OF("ResponseTextEvent", (.also = "ResponseEvent"),
        {"item_id", "string", NULL},
        {"output_index", "integer", NULL},
        {"content_index", "integer", NULL},
        {"delta?", "string", NULL},
        {"text?", "string", "In the last event: the whole text, instead of delta."},
        {"logprobs?", "[Logprob]", "Present for text, but not for reasoning."}),
    WI_OBJECT_OF("ResponseCallEvent", (.also = "ResponseEvent"),
        {"item_id", "string", NULL},
        {"output_index", "integer", NULL},
        {"delta?", "string", NULL},
        {"arguments?", "string", "In the last event: all arguments, instead of delta."}),
    WI_OBJECT_OF("ResponseErrorEvent", (.also = "ResponseEvent"),
        {"message", "string", NULL},
        {"param", "string|null", NULL},
        {"code", "string", NULL}),
    {0},
};
