/* Requests of Anthropic's clients: the three lists of parameters (webinfer-anthropic(7)), and the
 * parameters that need special treatment. */
#include "wire/anthropic/anthropic.h"

#include "wire/tools.h"
#include <string.h>

#define TOOLS_MAX 1024 /* of every kind; functions have the same limits as in a chat */

/* --- the lists -------------------------------------------------------------------------------- */

#define ANSWER (1u << WI_TASK_CHAT)
#define COUNT (1u << WI_TASK_TOKENIZE)
#define BOTH (ANSWER | COUNT)

static const struct wi_parameter parameters[] = {
    {WI_PARAMETER_SPECIAL, BOTH, {"model"}},
    {WI_PARAMETER_NEEDED, BOTH, {"messages"}},
    {WI_PARAMETER_SPECIAL, BOTH, {"system"}},
    {WI_PARAMETER_NEEDED, ANSWER, {"max_tokens"}},
    {WI_PARAMETER_SPECIAL, ANSWER, {"stop_sequences", "stream"}},
    {WI_PARAMETER_SPECIAL, BOTH, {"tools", "tool_choice", "thinking", "output_config"}},
    {WI_PARAMETER_OPTION, ANSWER,
        {"temperature", "top_p", "top_k", "min_p", "repeat_penalty", "frequency_penalty",
            "presence_penalty", "logit_bias", "seed", "grammar", "json_schema"}},
    {WI_PARAMETER_OPTION, BOTH, {"chat_template_kwargs"}},
    {WI_PARAMETER_OPTION, ANSWER, {"deterministic", "context"}},
    {WI_PARAMETER_IGNORED, BOTH,
        {"metadata", "service_tier", "cache_control", "context_management", "diagnostics",
            "inference_geo", "speed", "user_profile_id", "workspace_id"}},
    {0},
};

static const struct wi_neutral neutrals[] = {{"mcp_servers", "[]"}, {"stream", "false"}, {0}};

struct body {
    const char *model;
    json_t *messages, *system, *max_tokens, *stop_sequences, *tools, *tool_choice, *thinking;
    json_t *output_config;
    int stream;
};
static const struct wi_param body_table[] = {
    WI_PARAM(body, model, STRING, .required = 1, .min = 1,
        .max = WI_MODEL_NAME_MAX + WI_MODEL_WHERE_MAX + 1),
    WI_PARAM(body, messages, ARRAY, .required = 1),
    WI_PARAM(body, system, ANY),
    WI_PARAM(body, max_tokens, ANY, .form = "integer"),
    WI_PARAM(body, stop_sequences, ARRAY, .max = WI_TEXT_STOPS),
    WI_PARAM(body, stream, BOOL),
    WI_PARAM(body, tools, ARRAY, .max = TOOLS_MAX),
    WI_PARAM(body, tool_choice, OBJECT),
    WI_PARAM(body, thinking, OBJECT),
    WI_PARAM(body, output_config, OBJECT),
    WI_PARAM_END,
};
const struct wi_parameters wi_anthropic_parameters = {parameters, neutrals, body_table};

/* Of the task's options. */
const struct wi_parameter_name wi_anthropic_names[] = {
    {"response_format.json_schema", "output_config.format.schema"},
    {"response_format", "output_config.format"},
    {".function.parameters", ".input_schema"},
    {"stop[", "stop_sequences["},
    {0},
};

/* --- what is special -------------------------------------------------------------------------- */

static void option_set(struct wi_infer *infer, const char *option, json_t *value)
{
    json_object_set_new(infer->asked->options, option, value);
}

static enum wi_code read_tools(struct wi_infer *infer, const json_t *tools, struct wi_error *error)
{
    static const struct wi_tool_form form = {
        .kind = "custom", .may_be_untyped = 1, .schema = "input_schema"};
    json_t *functions;
    enum wi_code code = tools ? wi_tools_read(tools, &form, &functions, error) : WI_OK;
    if (tools && code == WI_OK)
        option_set(infer, "tools", functions);
    return code;
}

/* The model decides whether it makes several calls at once. */
static enum wi_code read_choice(
    struct wi_infer *infer, const json_t *choice, struct wi_error *error)
{
    static const struct {
        const char *type, *word;
    } words[] = {{"auto", "auto"}, {"any", "required"}, {"none", "none"}};
    const char *type = json_string_value(json_object_get(choice, "type"));
    json_t *name = json_object_get(choice, "name");
    if (!choice)
        return WI_OK;
    for (size_t i = 0; type && i < sizeof words / sizeof *words; i++)
        if (strcmp(type, words[i].type) == 0) {
            option_set(infer, "tool_choice", json_string(words[i].word));
            return WI_OK;
        }
    if (type && strcmp(type, "tool") == 0 && json_is_string(name)) {
        option_set(infer, "tool_choice", wi_tools_choice(name));
        return WI_OK;
    }
    return wi_parameters_refuse("tool_choice",
        "{\"type\": \"auto\"}, any, none, or {\"type\": \"tool\", \"name\"} with the name of one "
        "of the tools",
        error);
}

/* The name under which templates that offer a choice know it. */
static enum wi_code read_thinking(
    struct wi_infer *infer, const json_t *thinking, struct wi_error *error)
{
    const char *type = json_string_value(json_object_get(thinking, "type"));
    json_t *given = json_object_get(infer->asked->options, "chat_template_kwargs");
    if (!thinking)
        return WI_OK;
    if (!type)
        return wi_parameters_refuse(
            "thinking.type", "a string, such as enabled, adaptive or disabled", error);
    if (given && !json_is_object(given))
        return WI_OK; /* which is refused with the options */
    json_t *wanted = json_pack("{s:b}", "enable_thinking", strcmp(type, "disabled") != 0);
    json_object_update(wanted, given);
    option_set(infer, "chat_template_kwargs", wanted);
    return WI_OK;
}

static enum wi_code read_format(
    struct wi_infer *infer, const json_t *config, struct wi_error *error)
{
    const json_t *format = json_object_get(config, "format");
    const char *type = json_string_value(json_object_get(format, "type"));
    json_t *schema = json_object_get(format, "schema");
    if (!format || json_is_null(format))
        return WI_OK;
    if (!type || strcmp(type, "json_schema") != 0 || !json_is_object(schema))
        return wi_parameters_refuse(
            "output_config.format", "{\"type\": \"json_schema\", \"schema\": object}", error);
    if (infer->asked->task == WI_TASK_CHAT)
        option_set(infer, "response_format",
            json_pack("{s:s, s:{s:O}}", "type", type, "json_schema", "schema", schema));
    return WI_OK;
}

/* Parameters that only requests for an answer have. */
static enum wi_code anthropic_read_answer(
    struct wi_infer *infer, const struct body *body, struct wi_error *error)
{
    if (infer->asked->task != WI_TASK_CHAT)
        return WI_OK;
    if (!body->max_tokens)
        return wi_parameters_missing("max_tokens", error);
    infer->asked->stream = body->stream;
    if (json_array_size(body->stop_sequences) > 0)
        option_set(infer, "stop", json_incref(body->stop_sequences));
    return wi_parameters_read_most(infer, "max_tokens", body->max_tokens, error);
}

/* --- the body --------------------------------------------------------------------------------- */

enum wi_code wi_anthropic_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct body body = {0};
    enum wi_code code = wi_parameters_read(infer, root, &wi_anthropic_parameters, &body, error);
    if (code != WI_OK || (code = anthropic_read_answer(infer, &body, error)) != WI_OK ||
        (code = read_tools(infer, body.tools, error)) != WI_OK ||
        (code = read_choice(infer, body.tool_choice, error)) != WI_OK ||
        (code = read_thinking(infer, body.thinking, error)) != WI_OK ||
        (code = read_format(infer, body.output_config, error)) != WI_OK)
        return code;
    return wi_anthropic_read_messages(infer, body.system, body.messages, error);
}
