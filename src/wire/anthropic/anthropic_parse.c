/* Requests of Anthropic's clients: the three lists of parameters (webinfer-anthropic(7)), and the
 * parameters that need special treatment. */
#include "wire/anthropic/anthropic.h"

#include "wire/conversation.h"
#include "wire/tools.h"
#include <stdlib.h>
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
    WI_PARAM(body, messages, ARRAY, .required = 1, .form = "[AnthropicMessage]"),
    WI_PARAM(body, system, ANY, .form = "string|[AnthropicText]"),
    WI_PARAM(body, max_tokens, ANY, .form = "integer"),
    WI_PARAM(body, stop_sequences, ARRAY, .max = WI_TEXT_STOPS, .form = "[string]"),
    WI_PARAM(body, stream, BOOL),
    WI_PARAM(body, tools, ARRAY, .max = TOOLS_MAX, .form = "[AnthropicTool]"),
    WI_PARAM(body, tool_choice, OBJECT,
        .form = "(type 'auto'|'any'|'none', * any)|(type 'tool', name string, * any)"),
    WI_PARAM(body, thinking, OBJECT, .form = "(type string, * any)"),
    WI_PARAM(body, output_config, OBJECT,
        .form = "(format? (type 'json_schema', schema object, * any)|null, * any)"),
    WI_PARAM_END,
};
const struct wi_parameters wi_anthropic_parameters = {parameters, neutrals, body_table, NULL};

/* Of the task's options. */
const struct wi_parameter_name wi_anthropic_names[] = {
    {"response_format.json_schema", "output_config.format.schema"},
    {"response_format", "output_config.format"},
    {".function.parameters", ".input_schema"},
    {"stop[", "stop_sequences["},
    {0},
};

/* --- what is special -------------------------------------------------------------------------- */

static const struct wi_tool_form tool_form = {
    .kind = "custom", .may_be_untyped = 1, .schema = "input_schema"};

static void option_set(struct wi_infer *infer, const char *option, json_t *value)
{
    json_object_set_new(infer->asked->options, option, value);
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

/* --- conversations: messages of blocks -------------------------------------------------------- */

/* The result of a tool is part of a user's message, and becomes a separate message. */

#define ID_MAX 256

enum role { ROLE_SYSTEM, ROLE_USER, ROLE_ASSISTANT };
static const char *const roles[] = {"system", "user", "assistant", NULL};

/* Members of blocks that no model reads. */
static const char *const ignored[] = {
    "cache_control", "citations", "caller", "toolset_name", "is_error", "parsed", NULL};

/* --- blocks ---------------------------------------------------------------------------------- */

/* A client's message while its blocks are read. */
struct reading {
    struct wi_conversation *talk;
    enum role role;
    json_t *message; /* the one that takes the next block; NULL: it has not begun */
};

static json_t *message_of(struct reading *reading)
{
    if (!reading->message)
        reading->message = wi_conversation_message(reading->talk, roles[reading->role]);
    return reading->message;
}

/* All members of all blocks. */
struct block {
    const char *type, *id, *name, *tool_use_id, *signature;
    json_t *text, *thinking, *data, *input, *source, *content;
};
#define TYPE WI_PARAM(block, type, STRING, .required = 1)
static const struct wi_param text_table[] = {
    TYPE, WI_PARAM(block, text, ANY, .required = 1), WI_PARAM_END};
static const struct wi_param image_table[] = {
    TYPE, WI_PARAM(block, source, OBJECT, .required = 1), WI_PARAM_END};
static const struct wi_param call_table[] = {TYPE,
    WI_PARAM(block, id, STRING, .required = 1, .min = 1, .max = ID_MAX),
    WI_PARAM(block, name, STRING, .required = 1, .min = 1, .max = ID_MAX),
    WI_PARAM(block, input, OBJECT, .required = 1), WI_PARAM_END};
static const struct wi_param result_table[] = {TYPE,
    WI_PARAM(block, tool_use_id, STRING, .required = 1, .min = 1, .max = ID_MAX),
    WI_PARAM(block, content, ANY), WI_PARAM_END};
static const struct wi_param thought_table[] = {TYPE, WI_PARAM(block, thinking, ANY, .required = 1),
    WI_PARAM(block, signature, STRING), WI_PARAM_END};
static const struct wi_param hidden_table[] = {TYPE, WI_PARAM(block, data, ANY), WI_PARAM_END};

static enum wi_code block_read_text(
    struct reading *reading, const struct block *block, json_t *value, const char *where)
{
    return wi_conversation_text(
        reading->talk, message_of(reading), block->text, wi_path_member(where, "text").text);
}

struct source {
    const char *type, *media_type; /* the latter is read in the picture itself */
    json_t *data;
};
static const struct wi_param source_table[] = {
    WI_PARAM(source, type, STRING, .required = 1),
    WI_PARAM(source, media_type, STRING),
    WI_PARAM(source, data, ANY, .required = 1),
    WI_PARAM_END,
};

static enum wi_code read_image(
    struct reading *reading, const struct block *block, json_t *value, const char *where)
{
    struct source source = {0};
    struct wi_path path = wi_path_member(where, "source");
    const char *type = json_string_value(json_object_get(block->source, "type"));
    if (type && strcmp(type, "base64") != 0)
        return wi_parameters_refuse(wi_path_member(path.text, "type").text,
            "base64, with the picture in data: nothing is fetched for a client, and no files are "
            "kept",
            reading->talk->error);
    enum wi_code code = wi_conversation_read(
        reading->talk, source_table, ignored, block->source, path.text, &source);
    if (code == WI_OK && !json_is_string(source.data))
        return wi_parameters_refuse(
            wi_path_member(path.text, "data").text, "a string in base64", reading->talk->error);
    return code == WI_OK
               ? wi_conversation_picture(reading->talk, message_of(reading), source.data, where)
               : code;
}

static enum wi_code read_call(
    struct reading *reading, const struct block *block, json_t *value, const char *where)
{
    char *text = json_dumps(block->input, JSON_COMPACT);
    json_t *arguments = json_string(text ? text : "");
    enum wi_code code =
        wi_conversation_call(reading->talk, message_of(reading), json_object_get(value, "id"),
            json_object_get(value, "name"), arguments, wi_path_member(where, "input").text);
    json_decref(arguments);
    free(text);
    return code;
}

static enum wi_code read_thought(
    struct reading *reading, const struct block *block, json_t *value, const char *where)
{
    return wi_conversation_thought(reading->talk, message_of(reading), block->thinking,
        wi_path_member(where, "thinking").text);
}

static enum wi_code anthropic_read_content(
    struct reading *reading, json_t *content, const char *where);

static enum wi_code block_read_result(
    struct reading *reading, const struct block *block, json_t *value, const char *where)
{
    struct reading inner = {.talk = reading->talk,
        .role = ROLE_SYSTEM, /* which has only text */
        .message = wi_conversation_result(reading->talk, json_object_get(value, "tool_use_id"))};
    reading->message = NULL; /* the rest follows it */
    return block->content ? anthropic_read_content(
                                &inner, block->content, wi_path_member(where, "content").text)
                          : WI_OK;
}

#define OF(role) (1u << ROLE_##role)
static const struct kind {
    const char *type;
    unsigned roles; /* whose message may have it */
    const struct wi_param *table;
    enum wi_code (*read)(struct reading *reading, const struct block *block, json_t *value,
        const char *where); /* NULL: only its author can read it */
} kinds[] = {{"text", OF(SYSTEM) | OF(USER) | OF(ASSISTANT), text_table, block_read_text},
    {"image", OF(SYSTEM) | OF(USER), image_table, read_image},
    {"tool_result", OF(USER), result_table, block_read_result},
    {"tool_use", OF(ASSISTANT), call_table, read_call},
    {"thinking", OF(ASSISTANT), thought_table, read_thought},
    {"redacted_thinking", OF(ASSISTANT), hidden_table, NULL}};

static enum wi_code read_block(struct reading *reading, json_t *value, const char *where)
{
    static const char *const allowed[] = {[ROLE_SYSTEM] = "text",
        [ROLE_USER] = "text, image or tool_result",
        [ROLE_ASSISTANT] = "text, tool_use, thinking or redacted_thinking"};
    const char *type = json_string_value(json_object_get(value, "type"));
    struct block block = {0};
    if (!json_is_object(value))
        return wi_parameters_refuse(where, "an object", reading->talk->error);
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].type, type) != 0 || !(kinds[i].roles & 1u << reading->role))
            continue;
        enum wi_code code =
            wi_conversation_read(reading->talk, kinds[i].table, ignored, value, where, &block);
        return code == WI_OK && kinds[i].read ? kinds[i].read(reading, &block, value, where) : code;
    }
    return wi_parameters_refuse(
        wi_path_member(where, "type").text, allowed[reading->role], reading->talk->error);
}

/* A string, or a list of blocks. */
static enum wi_code anthropic_read_content(
    struct reading *reading, json_t *content, const char *where)
{
    enum wi_code code = WI_OK;
    if (json_is_string(content))
        return wi_conversation_text(reading->talk, message_of(reading), content, where);
    if (!json_is_array(content))
        return wi_parameters_refuse(where, "a string, or a list of blocks", reading->talk->error);
    for (size_t i = 0; i < json_array_size(content); i++)
        if (code == WI_OK)
            code = read_block(reading, json_array_get(content, i), wi_path_item(where, i).text);
    return code;
}

/* --- messages -------------------------------------------------------------------------------- */

struct said {
    int role;
    json_t *content;
};
static const struct wi_param message_table[] = {
    WI_PARAM(said, role, ENUM, .required = 1, .names = roles),
    WI_PARAM(said, content, ANY, .required = 1),
    WI_PARAM_END,
};
/* Further members of a message that a client sends back as it was answered. */
static const char *const answered[] = {"id", "type", "model", "stop_reason", "stop_sequence",
    "stop_details", "usage", "container", "diagnostics", "context_management", NULL};

static enum wi_code anthropic_read_message(
    struct wi_conversation *talk, json_t *value, const char *where)
{
    struct said said = {0};
    enum wi_code code = wi_conversation_read(talk, message_table, answered, value, where, &said);
    struct reading reading = {.talk = talk, .role = (enum role)said.role};
    if (code == WI_OK && json_is_array(said.content) && json_array_size(said.content) == 0)
        message_of(&reading);
    return code == WI_OK ? anthropic_read_content(
                               &reading, said.content, wi_path_member(where, "content").text)
                         : code;
}

static enum wi_code anthropic_read_all(
    struct wi_conversation *talk, json_t *system, json_t *messages)
{
    struct reading reading = {.talk = talk, .role = ROLE_SYSTEM};
    size_t i;
    json_t *message;
    enum wi_code code = system ? anthropic_read_content(&reading, system, "system") : WI_OK;
    if (code == WI_OK && (!json_is_array(messages) || json_array_size(messages) == 0))
        return wi_parameters_refuse("messages", "a list of at least one message", talk->error);
    json_array_foreach(messages, i, message)
    {
        if (code == WI_OK)
            code = anthropic_read_message(talk, message, wi_path_item("messages", i).text);
    }
    return code;
}

static enum wi_code anthropic_read_messages(
    struct wi_infer *infer, json_t *system, json_t *messages, struct wi_error *error)
{
    struct wi_conversation talk = {.infer = infer, .error = error};
    return wi_conversation_end(&talk, anthropic_read_all(&talk, system, messages), "messages");
}

/* --- the body --------------------------------------------------------------------------------- */

enum wi_code wi_anthropic_read(struct wi_infer *infer, const json_t *root, struct wi_error *error)
{
    struct body body = {0};
    enum wi_code code = wi_parameters_read(infer, root, &wi_anthropic_parameters, &body, error);
    if (code != WI_OK || (code = anthropic_read_answer(infer, &body, error)) != WI_OK ||
        (code = wi_tools_read(infer, body.tools, &tool_form, error)) != WI_OK ||
        (code = read_choice(infer, body.tool_choice, error)) != WI_OK ||
        (code = read_thinking(infer, body.thinking, error)) != WI_OK ||
        (code = read_format(infer, body.output_config, error)) != WI_OK)
        return code;
    return anthropic_read_messages(infer, body.system, body.messages, error);
}
