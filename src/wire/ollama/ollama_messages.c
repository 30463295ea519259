/*
 * Conversations of Ollama's clients: pictures are in a separate member of a message, and the
 * arguments of calls are objects.
 */
#include "wire/ollama/ollama.h"

#include "wire/text.h"
#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 256

/* The members of a message. wire/text.h reads their values in the form that they get here. */
struct message {
    const char *role, *content, *thinking, *tool_name, *tool_call_id;
    json_t *images, *tool_calls;
};
static const struct wi_param message_table[] = {
    WI_PARAM(message, role, STRING, .required = 1),
    WI_PARAM(message, content, STRING),
    WI_PARAM(message, thinking, STRING),
    WI_PARAM(message, images, ARRAY),
    WI_PARAM(message, tool_calls, ARRAY, .max = WI_OLLAMA_CALLS_MAX),
    WI_PARAM(message, tool_name, STRING, .max = NAME_MAX_BYTES),
    WI_PARAM(message, tool_call_id, STRING, .max = NAME_MAX_BYTES),
    WI_PARAM_END,
};

static enum wi_code check_image(
    const json_t *image, const char *where, size_t index, struct wi_error *error)
{
    char field[80];
    if (json_is_string(image))
        return WI_OK;
    snprintf(field, sizeof field, "%simages[%zu]", where, index);
    wi_error_set(error, WI_INVALID_FIELD, field, "%s must be a string, not %s", field,
        wi_json_type_name(image));
    return wi_error_expect(error, "a picture in base64");
}

/* The content becomes a list of parts: the pictures, and then the text. */
static enum wi_code put_images(json_t *message, const char *where, struct wi_error *error)
{
    const json_t *images = json_object_get(message, "images");
    enum wi_code code = WI_OK;
    if (json_array_size(images) == 0)
        return WI_OK;
    json_t *parts = json_array();
    for (size_t i = 0; i < json_array_size(images); i++) {
        json_t *image = json_array_get(images, i);
        if ((code = check_image(image, where, i, error)) != WI_OK)
            break;
        json_array_append_new(
            parts, json_pack("{s:s, s:O}", "type", "image_url", "image_url", image));
    }
    json_array_append_new(parts,
        json_pack("{s:s, s:O}", "type", "text", "text", json_object_get(message, "content")));
    json_object_set_new(message, "content", parts);
    return code;
}

/* Values other than objects are left as they are: they are refused by their place. */
static void write_arguments(json_t *calls)
{
    for (size_t i = 0; i < json_array_size(calls); i++) {
        json_t *function = json_object_get(json_array_get(calls, i), "function");
        const json_t *arguments = json_object_get(function, "arguments");
        char *text = json_is_object(arguments) ? json_dumps(arguments, JSON_COMPACT) : NULL;
        json_object_del(function, "index");
        if (text)
            json_object_set_new(function, "arguments", json_string(text));
        free(text);
    }
}

static void member_move(json_t *object, const char *from, const char *to)
{
    json_t *value = json_object_get(object, from);
    if (json_string_length(value) > 0)
        json_object_set(object, to, value);
    json_object_del(object, from);
}

static enum wi_code ollama_read_message(
    const struct wi_infer *infer, json_t *message, const char *where, struct wi_error *error)
{
    struct message read = {0};
    enum wi_code code = wi_params_read(message_table, message,
        infer->lenient ? WI_PARAMS_OPEN : WI_PARAMS_STRICT, where, &read, error);
    if (code != WI_OK)
        return code;
    if (!read.content)
        json_object_set_new(message, "content", json_string(""));
    if ((code = put_images(message, where, error)) != WI_OK)
        return code;
    write_arguments(read.tool_calls);
    member_move(message, "thinking", "reasoning_content");
    member_move(message, "tool_name", "name");
    json_object_del(message, "images");
    return WI_OK;
}

enum wi_code wi_ollama_read_messages(
    struct wi_infer *infer, json_t *messages, struct wi_error *error)
{
    infer->plain_pictures = 1;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        char where[40];
        snprintf(where, sizeof where, "messages[%zu].", i);
        enum wi_code code = ollama_read_message(infer, json_array_get(messages, i), where, error);
        if (code != WI_OK)
            return code;
    }
    return wi_text_read_messages(infer, messages, "messages", error);
}
