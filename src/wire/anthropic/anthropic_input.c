/*
 * Conversations of Anthropic's clients: messages of blocks. The result of a tool is part of a
 * user's message, and becomes a separate message.
 */
#include "wire/anthropic/anthropic.h"

#include "wire/conversation.h"
#include <stdlib.h>
#include <string.h>

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

/* Only its author can read it. */
static enum wi_code read_hidden(
    struct reading *reading, const struct block *block, json_t *value, const char *where)
{
    return WI_OK;
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
    enum wi_code (*read)(
        struct reading *reading, const struct block *block, json_t *value, const char *where);
} kinds[] = {{"text", OF(SYSTEM) | OF(USER) | OF(ASSISTANT), text_table, block_read_text},
    {"image", OF(SYSTEM) | OF(USER), image_table, read_image},
    {"tool_result", OF(USER), result_table, block_read_result},
    {"tool_use", OF(ASSISTANT), call_table, read_call},
    {"thinking", OF(ASSISTANT), thought_table, read_thought},
    {"redacted_thinking", OF(ASSISTANT), hidden_table, read_hidden}};

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
        return code == WI_OK ? kinds[i].read(reading, &block, value, where) : code;
    }
    return wi_parameters_refuse(
        wi_path_member(where, "type").text, allowed[reading->role], reading->talk->error);
}

/* A string, or a list of blocks. */
static enum wi_code anthropic_read_content(
    struct reading *reading, json_t *content, const char *where)
{
    size_t i;
    json_t *block;
    enum wi_code code = WI_OK;
    if (json_is_string(content))
        return wi_conversation_text(reading->talk, message_of(reading), content, where);
    if (!json_is_array(content))
        return wi_parameters_refuse(where, "a string, or a list of blocks", reading->talk->error);
    json_array_foreach(content, i, block)
    {
        if (code == WI_OK)
            code = read_block(reading, block, wi_path_item(where, i).text);
    }
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
    struct wi_path prefix = wi_path_member(where, "");
    wi_parameters_drop(talk->infer, value, message_table, answered, where);
    enum wi_code code =
        wi_params_read(message_table, value, WI_PARAMS_STRICT, prefix.text, &said, talk->error);
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

enum wi_code wi_anthropic_read_messages(
    struct wi_infer *infer, json_t *system, json_t *messages, struct wi_error *error)
{
    struct wi_conversation talk = {.infer = infer, .error = error};
    enum wi_code code = anthropic_read_all(&talk, system, messages);
    if (code == WI_OK)
        code = wi_conversation_end(&talk, "messages");
    wi_conversation_clear(&talk);
    return code;
}
