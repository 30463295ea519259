/* Requests for Responses: the three lists of parameters (webinfer-openai(7)), and the parameters
 * that need special treatment. */
#include "wire/responses/responses.h"

#include "base/clock.h"
#include "wire/tools.h"
#include <stdlib.h>
#include <string.h>

#define TOOLS_MAX 1024 /* of every kind; functions have the same limits as in a chat */

#define CHAT (1u << WI_TASK_CHAT)

static const struct wi_parameter parameters[] = {
    {WI_PARAMETER_SPECIAL, CHAT,
        {"model", "input", "instructions", "max_output_tokens", "stream", "tools", "tool_choice",
            "text", "include", "top_logprobs", "metadata"}},
    {WI_PARAMETER_OPTION, CHAT,
        {"temperature", "top_p", "top_k", "min_p", "repeat_penalty", "frequency_penalty",
            "presence_penalty", "logit_bias", "stop", "seed", "grammar", "json_schema",
            "chat_template_kwargs", "deterministic", "context"}},
    {WI_PARAMETER_IGNORED, CHAT,
        {"store", "client_metadata", "user", "service_tier", "safety_identifier",
            "prompt_cache_key", "prompt_cache_retention", "parallel_tool_calls", "max_tool_calls",
            "reasoning", "stream_options"}},
    {0},
};

static const struct wi_neutral neutrals[] = {
    {"background", "false"}, {"truncation", "\"disabled\""}, {0}};

struct body {
    const char *model;
    json_t *input, *instructions, *max_output_tokens, *tools, *tool_choice, *text, *include;
    json_t *metadata;
    int64_t top_logprobs;
    int stream;
};
static const struct wi_param body_table[] = {
    WI_PARAM(body, model, STRING, .required = 1, .min = 1,
        .max = WI_MODEL_NAME_MAX + WI_MODEL_WHERE_MAX + 1),
    WI_PARAM(body, input, ANY, .form = "string|[ResponseInput]"),
    WI_PARAM(body, instructions, ANY, .form = "string"),
    WI_PARAM(body, max_output_tokens, ANY, .form = "integer"),
    WI_PARAM(body, stream, BOOL),
    WI_PARAM(body, tools, ARRAY, .max = TOOLS_MAX, .form = "[ResponseTool]"),
    WI_PARAM(body, tool_choice, ANY,
        .form = "'none'|'auto'|'required'|(type 'function', name string, * any)"),
    WI_PARAM(body, text, OBJECT, .form = "(format? ResponseTextFormat, verbosity? any)"),
    WI_PARAM(body, include, ARRAY, .max = 64, .form = "[string]"),
    WI_PARAM(body, top_logprobs, INTEGER, .max = 20),
    WI_PARAM(body, metadata, OBJECT),
    WI_PARAM_END,
};
const struct wi_parameters wi_responses_parameters = {parameters, neutrals, body_table, NULL};

/* Of the task's options. */
const struct wi_parameter_name wi_responses_names[] = {
    {"response_format.json_schema", "text.format.schema"},
    {"response_format", "text.format"},
    {".function.", "."},
    {0},
};

/* Never skipped, because without it the answer would be to a different question. */
static enum wi_code refuse_kept(const json_t *root, struct wi_error *error)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"previous_response_id", "answers are not stored; send the whole conversation in input"},
        {"conversation", "conversations are not stored; send the whole conversation in input"},
        {"background", "answers cannot be fetched later; leave it out, or use POST /v1/jobs"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *value = json_object_get(root, rows[i].name);
        if (value && !json_is_null(value) && !json_is_false(value))
            return wi_error_set(error, WI_UNKNOWN_FIELD, rows[i].name,
                "%s is not supported here: %s", rows[i].name, rows[i].why);
    }
    return WI_OK;
}

static const struct wi_tool_form tool_form = {.kind = "function", .schema = "parameters"};

static void option_set(struct wi_infer *infer, const char *option, json_t *value)
{
    json_object_set_new(infer->asked->options, option, value);
}

/* A word is passed on as it is, and is checked with the tools. */
static enum wi_code read_choice(struct wi_infer *infer, json_t *choice, struct wi_error *error)
{
    json_t *name = json_object_get(choice, "name");
    const char *type = json_string_value(json_object_get(choice, "type"));
    if (!choice)
        return WI_OK;
    if (!json_is_string(choice) && !(type && strcmp(type, "function") == 0 && json_is_string(name)))
        return wi_parameters_refuse("tool_choice",
            "none, auto, required, or {\"type\": \"function\", \"name\"} with the name of one of "
            "the tools that are functions",
            error);
    option_set(
        infer, "tool_choice", json_is_string(choice) ? json_incref(choice) : wi_tools_choice(name));
    return WI_OK;
}

struct format {
    const char *type, *name;
    json_t *schema, *strict, *description;
};
static const struct wi_param format_table[] = {
    WI_PARAM(format, type, STRING, .required = 1),
    WI_PARAM(format, name, STRING),
    WI_PARAM(format, schema, OBJECT),
    WI_PARAM(format, strict, ANY),
    WI_PARAM(format, description, ANY),
    WI_PARAM_END,
};
struct text {
    json_t *format, *verbosity; /* the latter has no effect */
};
static const struct wi_param text_table[] = {
    WI_PARAM(text, format, OBJECT),
    WI_PARAM(text, verbosity, ANY),
    WI_PARAM_END,
};

static enum wi_code read_format(struct wi_infer *infer, json_t *value, struct wi_error *error)
{
    struct format format = {0};
    static const char *const types[] = {"text", "json_object", "json_schema"};
    size_t i = 0;
    enum wi_code code =
        wi_params_read(format_table, value, WI_PARAMS_STRICT, "text.format.", &format, error);
    if (code != WI_OK)
        return code;
    while (i < 3 && strcmp(format.type, types[i]) != 0)
        i++;
    if (i == 3 || (i == 2 && !format.schema))
        return wi_parameters_refuse("text.format",
            "{\"type\": \"text\"}, {\"type\": \"json_object\"} or {\"type\": \"json_schema\", "
            "\"name\", \"schema\"}",
            error);
    option_set(infer, "response_format",
        i < 2 ? json_pack("{s:s}", "type", types[i])
              : json_pack("{s:s, s:O}", "type", types[i], "json_schema", value));
    return WI_OK;
}

static enum wi_code responses_read_text(
    struct wi_infer *infer, json_t *value, struct wi_error *error)
{
    struct text text = {0};
    if (!value)
        return WI_OK;
    enum wi_code code = wi_params_read(text_table, value, WI_PARAMS_STRICT, "text.", &text, error);
    return code == WI_OK && text.format ? read_format(infer, text.format, error) : code;
}

/* The other parts of an answer that a client may ask for do not exist here. */
static enum wi_code read_include(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    int wanted = body->top_logprobs > 0;
    for (size_t i = 0; i < json_array_size(body->include); i++) {
        const char *name = json_string_value(json_array_get(body->include, i));
        if (!name)
            return wi_parameters_refuse(wi_path_item("include", i).text, "a string", error);
        wanted |= strcmp(name, "message.output_text.logprobs") == 0;
    }
    if (wanted)
        option_set(infer, "logprobs", json_true());
    if (body->top_logprobs > 0)
        option_set(infer, "top_logprobs", json_integer(body->top_logprobs));
    return WI_OK;
}

/* The form of functions here. */
static json_t *echo_tools(const json_t *tools)
{
    json_t *all = json_array();
    for (size_t i = 0; i < json_array_size(tools); i++) {
        json_t *echoed = json_pack(
            "{s:s, s:n, s:n, s:n}", "type", "function", "description", "parameters", "strict");
        json_object_update(echoed, json_object_get(json_array_get(tools, i), "function"));
        json_array_append_new(all, echoed);
    }
    return all;
}

static json_t *responses_echo(const json_t *root, const json_t *options)
{
    json_t *format = json_object_get(json_object_get(root, "text"), "format");
    json_t *choice = json_object_get(root, "tool_choice");
    json_t *metadata = json_object_get(root, "metadata");
    return json_pack("{s:O?, s:O?, s:b, s:O?, s:O?, s:o, s:o, s:{s:o}, s:o, s:b, s:b, s:n, s:s}",
        "instructions", json_object_get(root, "instructions"), "max_output_tokens",
        json_object_get(options, "max_tokens"), "parallel_tool_calls", 1, "temperature",
        json_object_get(options, "temperature"), "top_p", json_object_get(options, "top_p"),
        "tool_choice", json_is_null(choice) || !choice ? json_string("auto") : json_incref(choice),
        "tools", echo_tools(json_object_get(options, "tools")), "text", "format",
        json_is_object(format) ? json_incref(format) : json_pack("{s:s}", "type", "text"),
        "metadata", json_is_object(metadata) ? json_incref(metadata) : json_object(), "store", 0,
        "background", 0, "previous_response_id", "truncation", "disabled");
}

void wi_responses_free_extras(void *data)
{
    struct wi_responses_extras *extras = data;
    json_decref(extras->echo);
    wi_output_clear(&extras->streamed);
    free(extras);
}

enum wi_code wi_responses_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct body body = {0};
    struct wi_responses_extras *extras = infer->extras;
    extras->created = wi_wall_ms() / 1000;
    enum wi_code code = refuse_kept(root, error);
    if (code == WI_OK)
        code = wi_parameters_read(infer, root, &wi_responses_parameters, &body, error);
    if (code != WI_OK ||
        (code = wi_parameters_read_most(
             infer, "max_output_tokens", body.max_output_tokens, error)) != WI_OK ||
        (code = wi_tools_read(infer, body.tools, &tool_form, error)) != WI_OK ||
        (code = read_choice(infer, body.tool_choice, error)) != WI_OK ||
        (code = responses_read_text(infer, body.text, error)) != WI_OK ||
        (code = read_include(infer, &body, error)) != WI_OK)
        return code;
    infer->asked->stream = body.stream;
    extras->echo = responses_echo(root, infer->asked->options);
    if (!body.input)
        return wi_parameters_missing("input", error);
    return wi_responses_read_input(infer, body.instructions, body.input, error);
}
