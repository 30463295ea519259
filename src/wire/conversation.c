/* Conversations of other formats; see conversation.h. */
#include "wire/conversation.h"

#include "wire/media.h"
#include "wire/parameters.h"
#include "wire/text.h"
#include <string.h>

static int is_of(const json_t *message, const char *role)
{
    const char *own = json_string_value(json_object_get(message, "role"));
    return own && strcmp(own, role) == 0;
}

static json_t *message_begin(struct wi_conversation *talk, const char *role)
{
    json_t *message = json_pack("{s:s, s:[]}", "role", role, "content");
    if (!talk->messages)
        talk->messages = json_array();
    json_array_append_new(talk->messages, message);
    return message;
}

enum wi_code wi_conversation_read(const struct wi_conversation *talk, const struct wi_param *table,
    const char *const ignored[], json_t *object, const char *where, void *target)
{
    return wi_parameters_read_object(
        talk->infer, table, ignored, object, where, target, talk->error);
}

/* Templates expect the system's text once, at the beginning, and each turn of the assistant in one
 * message. */
json_t *wi_conversation_message(struct wi_conversation *talk, const char *role)
{
    size_t count = json_array_size(talk->messages);
    json_t *last = json_array_get(talk->messages, count - 1);
    int goes_on = count > 0 && is_of(last, role) && strcmp(role, "user") != 0;
    return goes_on ? last : message_begin(talk, role);
}

json_t *wi_conversation_result(struct wi_conversation *talk, json_t *call_id)
{
    json_t *message = message_begin(talk, "tool");
    json_object_set(message, "tool_call_id", call_id);
    return message;
}

enum wi_code wi_conversation_text(
    struct wi_conversation *talk, json_t *message, json_t *text, const char *where)
{
    enum wi_code code = wi_text_count(talk->infer, text, where, talk->error);
    if (code == WI_OK)
        json_array_append_new(json_object_get(message, "content"),
            json_pack("{s:s, s:O}", "type", "text", "text", text));
    return code;
}

enum wi_code wi_conversation_thought(
    struct wi_conversation *talk, json_t *message, const json_t *text, const char *where)
{
    enum wi_code code = wi_text_count(talk->infer, text, where, talk->error);
    const char *before = json_string_value(json_object_get(message, "reasoning_content"));
    if (code == WI_OK && json_string_length(text) > 0)
        json_object_set_new(message, "reasoning_content",
            json_sprintf(
                "%s%s%s", before ? before : "", before ? "\n" : "", json_string_value(text)));
    return code;
}

enum wi_code wi_conversation_call(struct wi_conversation *talk, json_t *message, json_t *id,
    json_t *name, json_t *arguments, const char *where)
{
    json_t *calls = json_object_get(message, "tool_calls");
    enum wi_code code = wi_text_count(talk->infer, arguments, where, talk->error);
    if (code == WI_OK && !calls)
        json_object_set_new(message, "tool_calls", calls = json_array());
    if (code == WI_OK)
        json_array_append_new(
            calls, json_pack("{s:O, s:s, s:{s:O, s:O}}", "id", id, "type", "function", "function",
                       "name", name, "arguments", arguments));
    return code;
}

enum wi_code wi_conversation_picture(
    struct wi_conversation *talk, json_t *message, const json_t *data, const char *where)
{
    if (!is_of(message, "user")) {
        wi_error_set(talk->error, WI_INVALID_FIELD, where,
            "%s is a picture, which only a user's message may have", where);
        return wi_error_expect(talk->error, "text");
    }
    json_t *part = json_object();
    enum wi_code code = wi_message_picture_take(talk->infer, part, data, where, talk->error);
    if (code == WI_OK)
        json_array_append(json_object_get(message, "content"), part);
    json_decref(part);
    return code;
}

/* A single text is a string. Without any text, a message with calls has no content, and others have
 * an empty one. */
static void message_settle(json_t *message)
{
    const json_t *content = json_object_get(message, "content");
    json_t *only = json_object_get(json_array_get(content, 0), "text");
    if (json_array_size(content) == 1 && only)
        json_object_set(message, "content", only);
    else if (json_array_size(content) == 0)
        json_object_set_new(message, "content",
            json_object_get(message, "tool_calls") ? json_null() : json_string(""));
}

enum wi_code wi_conversation_end(struct wi_conversation *talk, enum wi_code code, const char *where)
{
    if (code == WI_OK)
        code = wi_text_check_count(
            where, json_array_size(talk->messages), WI_TEXT_MESSAGES, "messages", talk->error);
    if (code == WI_OK) {
        for (size_t i = 0; i < json_array_size(talk->messages); i++)
            message_settle(json_array_get(talk->messages, i));
        wi_text_take_messages(talk->infer, json_incref(talk->messages));
    }
    json_decref(talk->messages);
    return code;
}
