/* Requests for Responses: the three lists of parameters (webinfer-openai(7)), and the parameters
 * that need special treatment. */
#include "wire/responses/responses.h"

#include "base/clock.h"
#include "base/memory.h"
#include "wire/native/native.h"
#include "wire/parameters.h"
#include "wire/tools.h"
#include <stdlib.h>
#include <string.h>

#define TOOLS_MAX 1024 /* of every kind; functions have the same limits as in a chat */

/* --- the lists -------------------------------------------------------------------------------- */

#define CHAT (1u << WI_TASK_CHAT)
#define SPECIAL(name)                                                                              \
    {                                                                                              \
        name, WI_PARAMETER_SPECIAL, CHAT                                                           \
    }
#define OPTION(name)                                                                               \
    {                                                                                              \
        name, WI_PARAMETER_OPTION, CHAT                                                            \
    }
#define IGNORED(name)                                                                              \
    {                                                                                              \
        name, WI_PARAMETER_IGNORED, CHAT                                                           \
    }

static const struct wi_parameter parameters[] = {
    SPECIAL("model"),
    SPECIAL("input"),
    SPECIAL("instructions"),
    SPECIAL("max_output_tokens"),
    SPECIAL("stream"),
    SPECIAL("tools"),
    SPECIAL("tool_choice"),
    SPECIAL("text"),
    SPECIAL("include"),
    SPECIAL("top_logprobs"),
    SPECIAL("metadata"),
    OPTION("temperature"),
    OPTION("top_p"),
    OPTION("top_k"),
    OPTION("min_p"),
    OPTION("repeat_penalty"),
    OPTION("frequency_penalty"),
    OPTION("presence_penalty"),
    OPTION("logit_bias"),
    OPTION("stop"),
    OPTION("seed"),
    OPTION("grammar"),
    OPTION("json_schema"),
    OPTION("chat_template_kwargs"),
    OPTION("deterministic"),
    OPTION("context"),
    IGNORED("store"),
    IGNORED("client_metadata"),
    IGNORED("user"),
    IGNORED("service_tier"),
    IGNORED("safety_identifier"),
    IGNORED("prompt_cache_key"),
    IGNORED("prompt_cache_retention"),
    IGNORED("parallel_tool_calls"),
    IGNORED("max_tool_calls"),
    IGNORED("reasoning"),
    IGNORED("stream_options"),
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
    WI_PARAM(body, input, ANY),
    WI_PARAM(body, instructions, ANY),
    WI_PARAM(body, max_output_tokens, ANY),
    WI_PARAM(body, stream, BOOL),
    WI_PARAM(body, tools, ARRAY, .max = TOOLS_MAX),
    WI_PARAM(body, tool_choice, ANY),
    WI_PARAM(body, text, OBJECT),
    WI_PARAM(body, include, ARRAY, .max = 64),
    WI_PARAM(body, top_logprobs, INTEGER, .max = 20),
    WI_PARAM(body, metadata, OBJECT),
    WI_PARAM_END,
};
static const struct wi_parameters lists = {parameters, neutrals, body_table};

/* The names of the task's options here. */
static const struct wi_parameter_name names[] = {
    {"response_format.json_schema", "text.format.schema"},
    {"response_format", "text.format"},
    {".function.", "."},
    {0},
};

size_t wi_responses_params(enum wi_task_kind task, struct wi_param rows[WI_PARAMETERS_MAX])
{
    return wi_parameters_rows(&lists, task, rows);
}

/* --- what is special -------------------------------------------------------------------------- */

/* Never skipped, because without it the answer would be to a different question. */
static enum wi_code refuse_kept(const json_t *root, struct wi_error *error)
{
    static const struct {
        const char *name, *why;
    } rows[] = {
        {"previous_response_id", "no answer is kept; send the whole conversation in input"},
        {"conversation", "no conversation is kept; send the whole of it in input"},
        {"background", "an answer is not fetched later; leave it out, or use POST /v1/jobs"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const json_t *value = json_object_get(root, rows[i].name);
        if (value && !json_is_null(value) && !json_is_false(value))
            return wi_error_set(error, WI_UNKNOWN_FIELD, rows[i].name,
                "%s is not supported here: %s", rows[i].name, rows[i].why);
    }
    return WI_OK;
}

static void option_set(struct wi_infer *infer, const char *option, json_t *value)
{
    json_object_set_new(infer->asked->options, option, value);
}

static enum wi_code read_tools(struct wi_infer *infer, const json_t *tools, struct wi_error *error)
{
    static const struct wi_tool_form form = {.kind = "function", .schema = "parameters"};
    json_t *functions;
    enum wi_code code = tools ? wi_tools_read(tools, &form, &functions, error) : WI_OK;
    if (tools && code == WI_OK)
        option_set(infer, "tools", functions);
    return code;
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
static void read_logprobs(struct wi_infer *infer, const struct body *body)
{
    const json_t *one;
    size_t i;
    int wanted = body->top_logprobs > 0;
    json_array_foreach(body->include, i, one)
    {
        const char *name = json_string_value(one);
        wanted |= name && strcmp(name, "message.output_text.logprobs") == 0;
    }
    if (wanted)
        option_set(infer, "logprobs", json_true());
    if (body->top_logprobs > 0)
        option_set(infer, "top_logprobs", json_integer(body->top_logprobs));
}

/* --- what the answer repeats ------------------------------------------------------------------ */

/* The form of functions here. */
static json_t *echo_tools(const json_t *tools)
{
    const json_t *tool;
    json_t *all = json_array();
    size_t i;
    json_array_foreach(tools, i, tool)
    {
        json_t *echoed = json_pack(
            "{s:s, s:n, s:n, s:n}", "type", "function", "description", "parameters", "strict");
        json_object_update(echoed, json_object_get(tool, "function"));
        json_array_append_new(all, echoed);
    }
    return all;
}

static json_t *or_null(json_t *value)
{
    return value ? json_incref(value) : json_null();
}

static json_t *responses_echo(const json_t *root, const json_t *options)
{
    json_t *format = json_object_get(json_object_get(root, "text"), "format");
    json_t *choice = json_object_get(root, "tool_choice");
    json_t *metadata = json_object_get(root, "metadata");
    json_t *said = json_pack("{s:o, s:o, s:b, s:o, s:o, s:o, s:o}", "instructions",
        or_null(json_object_get(root, "instructions")), "max_output_tokens",
        or_null(json_object_get(options, "max_tokens")), "parallel_tool_calls", 1, "temperature",
        or_null(json_object_get(options, "temperature")), "top_p",
        or_null(json_object_get(options, "top_p")), "tool_choice",
        json_is_null(choice) || !choice ? json_string("auto") : json_incref(choice), "tools",
        echo_tools(json_object_get(options, "tools")));
    json_object_set_new(said, "text",
        json_pack("{s:o}", "format",
            json_is_object(format) ? json_incref(format) : json_pack("{s:s}", "type", "text")));
    json_object_set_new(
        said, "metadata", json_is_object(metadata) ? json_incref(metadata) : json_object());
    json_object_set_new(said, "store", json_false());
    json_object_set_new(said, "background", json_false());
    json_object_set_new(said, "previous_response_id", json_null());
    json_object_set_new(said, "truncation", json_string("disabled"));
    return said;
}

/* --- the body --------------------------------------------------------------------------------- */

static void responses_free_extras(void *data)
{
    struct wi_responses_extras *extras = data;
    json_decref(extras->echo);
    wi_output_clear(&extras->streamed);
    free(extras);
}

static enum wi_code responses_read_body(
    struct wi_infer *infer, const json_t *root, struct wi_budget *budget, struct wi_error *error)
{
    struct body body = {0};
    struct wi_responses_extras *extras = infer->extras;
    enum wi_code code = refuse_kept(root, error);
    if (code == WI_OK)
        code = wi_parameters_sort(infer, root, &lists, error);
    if (code == WI_OK)
        code = wi_params_read(body_table, root, WI_PARAMS_OPEN, "", &body, error);
    if (code != WI_OK || (code = wi_parameters_read_model(infer, body.model, error)) != WI_OK ||
        (code = wi_parameters_read_most(
             infer, "max_output_tokens", body.max_output_tokens, error)) != WI_OK ||
        (code = read_tools(infer, body.tools, error)) != WI_OK ||
        (code = read_choice(infer, body.tool_choice, error)) != WI_OK ||
        (code = responses_read_text(infer, body.text, error)) != WI_OK)
        return code;
    read_logprobs(infer, &body);
    infer->asked->stream = body.stream;
    extras->echo = responses_echo(root, infer->asked->options);
    if (!body.input)
        return wi_parameters_missing("input", error);
    return wi_responses_read_input(infer, body.instructions, body.input, budget, error);
}

enum wi_code wi_responses_parse(struct wi_infer *infer, struct wi_blob *body, size_t json_size,
    struct wi_budget *budget, struct wi_error *error)
{
    struct wi_responses_extras *extras = wi_alloc(sizeof *extras);
    extras->created = wi_wall_ms() / 1000;
    infer->asked = wi_inference_new();
    infer->asked->task = WI_TASK_CHAT;
    infer->asked->priority = WI_PRIORITY_DEFAULT;
    infer->extras = extras;
    infer->free_extras = responses_free_extras;
    return wi_native_read_body(infer, body, json_size, budget, responses_read_body, error);
}

enum wi_code wi_responses_check(const struct wi_infer *infer, const struct wi_model *model,
    const struct wi_config_models *limits, struct wi_error *error)
{
    enum wi_code code = wi_parameters_check(infer, model, limits, error);
    if (code != WI_OK)
        wi_parameters_rename(error, names);
    return code;
}
