/*
 * The input of Responses: items, of which several may be one message. The assistant's turn is its
 * thoughts, its text and its calls, each a separate item.
 */
#include "wire/responses/responses.h"

#include "wire/conversation.h"
#include "wire/media.h"
#include <string.h>

#define ID_MAX 256
#define PICTURE                                                                                    \
    "{\"type\": \"input_text\", \"text\": string}, or {\"type\": \"input_image\", "                \
    "\"image_url\": \"data:image/png;base64,…\"}"

/* Members that clients send back with items and that no model reads. */
static const char *const ignored[] = {"status", "phase", "annotations", "logprobs", "parsed",
    "parsed_arguments", "encrypted_content", "detail", "internal_chat_message_metadata_passthrough",
    NULL};

struct part {
    const char *type;
    json_t *text, *refusal, *image_url;
};
static const struct wi_param part_table[] = {
    WI_PARAM(part, type, STRING, .required = 1),
    WI_PARAM(part, text, ANY),
    WI_PARAM(part, refusal, ANY),
    WI_PARAM(part, image_url, ANY),
    WI_PARAM_END,
};

static enum wi_code responses_read_part(
    struct wi_conversation *talk, json_t *message, json_t *value, const char *where)
{
    struct part part = {0};
    enum wi_code code = wi_conversation_read(talk, part_table, ignored, value, where, &part);
    if (code != WI_OK)
        return code;
    if (strcmp(part.type, "input_text") == 0 || strcmp(part.type, "output_text") == 0 ||
        strcmp(part.type, "text") == 0 || strcmp(part.type, "summary_text") == 0)
        return wi_conversation_text(talk, message, part.text, wi_path_member(where, "text").text);
    if (strcmp(part.type, "refusal") == 0)
        return wi_conversation_text(
            talk, message, part.refusal, wi_path_member(where, "refusal").text);
    if (strcmp(part.type, "input_image") == 0) {
        code = wi_message_picture_check(part.image_url, where, PICTURE, talk->error);
        return code == WI_OK ? wi_conversation_picture(talk, message, part.image_url, where) : code;
    }
    return wi_parameters_refuse(wi_path_member(where, "type").text,
        "input_text, output_text, refusal or input_image: files are not taken", talk->error);
}

/* A string, or a list of parts. */
static enum wi_code responses_read_content(
    struct wi_conversation *talk, json_t *message, json_t *content, const char *where)
{
    enum wi_code code = WI_OK;
    if (json_is_string(content))
        return wi_conversation_text(talk, message, content, where);
    if (!json_is_array(content))
        return wi_parameters_refuse(where, "a string, or a list of parts", talk->error);
    for (size_t i = 0; i < json_array_size(content); i++) {
        json_t *part = json_array_get(content, i);
        code = responses_read_part(talk, message, part, wi_path_item(where, i).text);
        if (code != WI_OK)
            break;
    }
    return code;
}

enum role { ROLE_SYSTEM, ROLE_DEVELOPER, ROLE_USER, ROLE_ASSISTANT };
static const char *const roles[] = {"system", "developer", "user", "assistant", NULL};

/* All members of all items. */
struct item {
    const char *type, *id, *namespace, *call_id, *name;
    int role;
    json_t *content, *arguments, *output, *summary;
};
#define HEAD WI_PARAM(item, type, STRING), WI_PARAM(item, id, STRING, .max = ID_MAX)
#define NAMED(member) WI_PARAM(item, member, STRING, .required = 1, .min = 1, .max = ID_MAX)
static const struct wi_param message_table[] = {HEAD,
    WI_PARAM(item, role, ENUM, .required = 1, .names = roles),
    WI_PARAM(item, content, ANY, .required = 1), WI_PARAM_END};
static const struct wi_param call_table[] = {HEAD, WI_PARAM(item, namespace, STRING, .max = ID_MAX),
    NAMED(call_id), NAMED(name), WI_PARAM(item, arguments, ANY, .required = 1), WI_PARAM_END};
static const struct wi_param result_table[] = {
    HEAD, NAMED(call_id), WI_PARAM(item, output, ANY, .required = 1), WI_PARAM_END};
static const struct wi_param thought_table[] = {
    HEAD, WI_PARAM(item, summary, ARRAY), WI_PARAM(item, content, ARRAY), WI_PARAM_END};

static enum wi_code responses_read_message(
    struct wi_conversation *talk, const struct item *item, json_t *value, const char *where)
{
    int role = item->role == ROLE_DEVELOPER ? ROLE_SYSTEM : item->role;
    return responses_read_content(talk, wi_conversation_message(talk, roles[role]), item->content,
        wi_path_member(where, "content").text);
}

static enum wi_code read_call(
    struct wi_conversation *talk, const struct item *item, json_t *value, const char *where)
{
    return wi_conversation_call(talk, wi_conversation_message(talk, roles[ROLE_ASSISTANT]),
        json_object_get(value, "call_id"), json_object_get(value, "name"), item->arguments,
        wi_path_member(where, "arguments").text);
}

static enum wi_code responses_read_result(
    struct wi_conversation *talk, const struct item *item, json_t *value, const char *where)
{
    json_t *message = wi_conversation_result(talk, json_object_get(value, "call_id"));
    return responses_read_content(
        talk, message, item->output, wi_path_member(where, "output").text);
}

/* The thoughts themselves, or their summary if a server gave only that. */
static enum wi_code read_thought(
    struct wi_conversation *talk, const struct item *item, json_t *value, const char *where)
{
    enum wi_code code = WI_OK;
    int has_content = json_array_size(item->content) > 0;
    const json_t *parts = has_content ? item->content : item->summary;
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i);
        struct wi_path path =
            wi_path_item(wi_path_member(where, has_content ? "content" : "summary").text, i);
        if (code == WI_OK)
            code =
                wi_conversation_thought(talk, wi_conversation_message(talk, roles[ROLE_ASSISTANT]),
                    json_object_get(part, "text"), wi_path_member(path.text, "text").text);
    }
    return code;
}

static enum wi_code read_item(struct wi_conversation *talk, json_t *value, const char *where)
{
    static const struct {
        const char *type;
        const struct wi_param *table;
        enum wi_code (*read)(struct wi_conversation *talk, const struct item *item, json_t *value,
            const char *where);
    } kinds[] = {{"message", message_table, responses_read_message},
        {"function_call", call_table, read_call},
        {"function_call_output", result_table, responses_read_result},
        {"reasoning", thought_table, read_thought}};
    const json_t *said = json_object_get(value, "type");
    const char *type = said ? json_string_value(said) : kinds[0].type;
    struct item item = {0};
    if (!json_is_object(value))
        return wi_parameters_refuse(where, "an object", talk->error);
    for (size_t i = 0; type && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(type, kinds[i].type) != 0)
            continue;
        enum wi_code code =
            wi_conversation_read(talk, kinds[i].table, ignored, value, where, &item);
        return code == WI_OK ? kinds[i].read(talk, &item, value, where) : code;
    }
    return wi_parameters_refuse(wi_path_member(where, "type").text,
        "message, function_call, function_call_output or reasoning: items of other kinds, and "
        "references to those that a server keeps, are not taken",
        talk->error);
}

static enum wi_code responses_read_all(
    struct wi_conversation *talk, json_t *instructions, json_t *input)
{
    enum wi_code code = WI_OK;
    if (instructions)
        code = wi_conversation_text(
            talk, wi_conversation_message(talk, roles[ROLE_SYSTEM]), instructions, "instructions");
    if (code == WI_OK && json_is_string(input))
        return wi_conversation_text(
            talk, wi_conversation_message(talk, roles[ROLE_USER]), input, "input");
    if (code == WI_OK && !json_is_array(input))
        return wi_parameters_refuse("input", "a string, or a list of items", talk->error);
    for (size_t i = 0; i < json_array_size(input); i++)
        if (code == WI_OK)
            code = read_item(talk, json_array_get(input, i), wi_path_item("input", i).text);
    return code;
}

enum wi_code wi_responses_read_input(
    struct wi_infer *infer, json_t *instructions, json_t *input, struct wi_error *error)
{
    struct wi_conversation talk = {.infer = infer, .error = error};
    return wi_conversation_end(&talk, responses_read_all(&talk, instructions, input), "input");
}
