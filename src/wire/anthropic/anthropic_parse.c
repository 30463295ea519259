/* Requests of Anthropic's clients: the three lists of parameters (webinfer-anthropic(7)), and the
 * parameters that need special treatment. */
#include "wire/anthropic/anthropic.h"

#include "base/memory.h"
#include "wire/native/native.h"
#include "wire/parameters.h"
#include "wire/tools.h"
#include <stdlib.h>
#include <string.h>

#define TOOLS_MAX 1024 /* of every kind; functions have the same limits as in a chat */

/* --- the lists -------------------------------------------------------------------------------- */

#define ANSWER (1u << WI_TASK_CHAT)
#define COUNT (1u << WI_TASK_TOKENIZE)
#define BOTH (ANSWER | COUNT)

static const struct wi_parameter parameters[] = {
    {"model", WI_PARAMETER_SPECIAL, BOTH},
    {"messages", WI_PARAMETER_NEEDED, BOTH},
    {"system", WI_PARAMETER_SPECIAL, BOTH},
    {"max_tokens", WI_PARAMETER_NEEDED, ANSWER},
    {"stop_sequences", WI_PARAMETER_SPECIAL, ANSWER},
    {"stream", WI_PARAMETER_SPECIAL, ANSWER},
    {"tools", WI_PARAMETER_SPECIAL, BOTH},
    {"tool_choice", WI_PARAMETER_SPECIAL, BOTH},
    {"thinking", WI_PARAMETER_SPECIAL, BOTH},
    {"output_config", WI_PARAMETER_SPECIAL, BOTH},
    {"temperature", WI_PARAMETER_OPTION, ANSWER},
    {"top_p", WI_PARAMETER_OPTION, ANSWER},
    {"top_k", WI_PARAMETER_OPTION, ANSWER},
    {"min_p", WI_PARAMETER_OPTION, ANSWER},
    {"repeat_penalty", WI_PARAMETER_OPTION, ANSWER},
    {"frequency_penalty", WI_PARAMETER_OPTION, ANSWER},
    {"presence_penalty", WI_PARAMETER_OPTION, ANSWER},
    {"logit_bias", WI_PARAMETER_OPTION, ANSWER},
    {"seed", WI_PARAMETER_OPTION, ANSWER},
    {"grammar", WI_PARAMETER_OPTION, ANSWER},
    {"json_schema", WI_PARAMETER_OPTION, ANSWER},
    {"chat_template_kwargs", WI_PARAMETER_OPTION, BOTH},
    {"deterministic", WI_PARAMETER_OPTION, ANSWER},
    {"context", WI_PARAMETER_OPTION, ANSWER},
    {"metadata", WI_PARAMETER_IGNORED, BOTH},
    {"service_tier", WI_PARAMETER_IGNORED, BOTH},
    {"cache_control", WI_PARAMETER_IGNORED, BOTH},
    {"context_management", WI_PARAMETER_IGNORED, BOTH},
    {"diagnostics", WI_PARAMETER_IGNORED, BOTH},
    {"inference_geo", WI_PARAMETER_IGNORED, BOTH},
    {"speed", WI_PARAMETER_IGNORED, BOTH},
    {"user_profile_id", WI_PARAMETER_IGNORED, BOTH},
    {"workspace_id", WI_PARAMETER_IGNORED, BOTH},
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
static const struct wi_parameters lists = {parameters, neutrals, body_table};

/* The names of the task's options here. */
static const struct wi_parameter_name names[] = {
    {"response_format.json_schema", "output_config.format.schema"},
    {"response_format", "output_config.format"},
    {".function.parameters", ".input_schema"},
    {"stop[", "stop_sequences["},
    {0},
};

size_t wi_anthropic_params(enum wi_task_kind task, struct wi_param rows[WI_PARAMETERS_MAX])
{
    return wi_parameters_rows(&lists, task, rows);
}

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

static void anthropic_free_extras(void *data)
{
    wi_content_clear(data);
    free(data);
}

static enum wi_code anthropic_read_body(
    struct wi_infer *infer, const json_t *root, struct wi_budget *budget, struct wi_error *error)
{
    struct body body = {0};
    enum wi_code code = wi_parameters_sort(infer, root, &lists, error);
    if (code == WI_OK)
        code = wi_params_read(body_table, root, WI_PARAMS_OPEN, "", &body, error);
    if (code != WI_OK || (code = wi_parameters_read_model(infer, body.model, error)) != WI_OK ||
        (code = anthropic_read_answer(infer, &body, error)) != WI_OK ||
        (code = read_tools(infer, body.tools, error)) != WI_OK ||
        (code = read_choice(infer, body.tool_choice, error)) != WI_OK ||
        (code = read_thinking(infer, body.thinking, error)) != WI_OK ||
        (code = read_format(infer, body.output_config, error)) != WI_OK)
        return code;
    return wi_anthropic_read_messages(infer, body.system, body.messages, budget, error);
}

enum wi_code wi_anthropic_parse(enum wi_task_kind task, struct wi_infer *infer,
    struct wi_blob *body, size_t json_size, struct wi_budget *budget, struct wi_error *error)
{
    infer->asked = wi_inference_new();
    infer->asked->task = task;
    infer->asked->priority = WI_PRIORITY_DEFAULT;
    infer->extras = wi_alloc(sizeof(struct wi_content));
    infer->free_extras = anthropic_free_extras;
    return wi_native_read_body(infer, body, json_size, budget, anthropic_read_body, error);
}

enum wi_code wi_anthropic_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    enum wi_code code = wi_parameters_check(infer, model, limits, error);
    if (code != WI_OK)
        wi_parameters_rename(error, names);
    return code;
}
