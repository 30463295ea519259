/* Texts, lists of texts and messages: their valid contents, and their canonical form. */
#include "wire/text.h"

#include "base/params.h"
#include "wire/media.h"
#include "wire/parameters.h"
#include <string.h>

#define NAME_MAX_BYTES 256
#define TOOL_CALLS_MAX 128

static enum wi_code wrong_type(
    const char *where, const char *expected, const json_t *value, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, where, "%s must be %s, not %s", where, expected,
        value ? wi_json_type_name(value) : "absent");
    return wi_error_expect(error, "%s", expected);
}

static enum wi_code too_many(const char *where, struct wi_error *error)
{
    wi_error_set(error, WI_INVALID_FIELD, where, "%s is one text too many", where);
    return wi_error_expect(error,
        "at most %d texts in a request, the parts of messages and calls counted", WI_TEXT_COUNT);
}

/* Counts a text, which is a string without NUL characters: those end texts in a tokenizer. */
enum wi_code wi_text_count(
    struct wi_infer *infer, const json_t *value, const char *where, struct wi_error *error)
{
    struct wi_inference *asked = infer->asked;
    if (!json_is_string(value))
        return wrong_type(where, "a string", value, error);
    if (++infer->texts > WI_TEXT_COUNT)
        return too_many(where, error);
    size_t length = json_string_length(value);
    if (strlen(json_string_value(value)) != length)
        return wi_error_set(
            error, WI_INVALID_FIELD, where, "%s must not contain a NUL character", where);
    asked->text_bytes += length;
    if (length > infer->longest_text)
        infer->longest_text = length;
    if (asked->text_bytes <= WI_TEXT_MAX)
        return WI_OK;
    wi_error_set(error, WI_BODY_TOO_LARGE, where,
        "the request has %zu bytes of text up to %s; at most %d are allowed", asked->text_bytes,
        where, WI_TEXT_MAX);
    return wi_error_expect(error, "at most %d bytes", WI_TEXT_MAX);
}

enum wi_code wi_text_check_count(
    const char *where, size_t count, int most, const char *what, struct wi_error *error)
{
    if (count > 0 && count <= (size_t)most)
        return WI_OK;
    wi_error_set(
        error, WI_INVALID_FIELD, where, "%s has %zu, outside 1 to %d %s", where, count, most, what);
    return wi_error_expect(error, "1 to %d %s", most, what);
}

static void input_take(struct wi_infer *infer, enum wi_form form, json_t *input)
{
    infer->form = form;
    infer->asked->input = input;
}

enum wi_code wi_text_read_string(
    struct wi_infer *infer, json_t *value, const char *where, struct wi_error *error)
{
    enum wi_code code = wi_text_count(infer, value, where, error);
    if (code == WI_OK)
        input_take(infer, WI_FORM_STRING, json_incref(value));
    return code;
}

static enum wi_code count_list(
    struct wi_infer *infer, const json_t *list, const char *where, struct wi_error *error)
{
    size_t count = json_array_size(list);
    enum wi_code code = WI_OK;
    if (!json_is_array(list))
        return wrong_type(where, "a list of strings", list, error);
    if (wi_text_check_count(where, count, WI_TEXT_LIST, "texts", error) != WI_OK)
        return WI_INVALID_FIELD;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *text = json_array_get(list, i);
        if (!json_is_string(text) || json_string_length(text) > WI_TEXT_MAX ||
            memchr(json_string_value(text), '\0', json_string_length(text)))
            code = wi_text_count(infer, text, wi_path_item(where, i).text, error);
        else
            code = wi_text_count(infer, text, where, error);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

enum wi_code wi_text_read_list(
    struct wi_infer *infer, json_t *list, const char *where, struct wi_error *error)
{
    enum wi_code code = count_list(infer, list, where, error);
    if (code == WI_OK)
        input_take(infer, WI_FORM_LIST, json_incref(list));
    return code;
}

enum wi_code wi_text_read_query(struct wi_infer *infer, json_t *query, json_t *documents,
    const char *where_query, const char *where_documents, struct wi_error *error)
{
    enum wi_code code = wi_text_count(infer, query, where_query, error);
    if (code == WI_OK)
        code = count_list(infer, documents, where_documents, error);
    if (code == WI_OK)
        input_take(
            infer, WI_FORM_QUERY, json_pack("{s:O, s:O}", "query", query, "documents", documents));
    return code;
}

/* --- lists of two ----------------------------------------------------------------------------- */

enum wi_code wi_text_read_pairs(
    struct wi_infer *infer, json_t *pairs, const char *where, struct wi_error *error)
{
    size_t count = json_array_size(pairs);
    enum wi_code code = WI_OK;
    if (!json_is_array(pairs) || count == 0 || count > WI_TEXT_LIST)
        return wrong_type(where, "a list of 1 to 2048 pairs [text, text]", pairs, error);
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        const json_t *pair = json_array_get(pairs, i);
        if (json_array_size(pair) != 2)
            return wrong_type(wi_path_item(where, i).text, "a list of two strings", pair, error);
        for (size_t part = 0; part < 2 && code == WI_OK; part++)
            code = wi_text_count(
                infer, json_array_get(pair, part), wi_path_item(where, i).text, error);
        if (code != WI_OK)
            return code;
    }
    input_take(infer, WI_FORM_PAIRS, json_pack("{s:O}", "pairs", pairs));
    return WI_OK;
}

enum wi_code wi_text_read_question(struct wi_infer *infer, json_t *question, json_t *context,
    const char *where, struct wi_error *error)
{
    enum wi_code code =
        wi_text_count(infer, question, wi_path_member(where, "question").text, error);
    if (code == WI_OK)
        code = wi_text_count(infer, context, wi_path_member(where, "context").text, error);
    if (code == WI_OK)
        input_take(infer, WI_FORM_QUESTION,
            json_pack("{s:O, s:O}", "question", question, "context", context));
    return code;
}

/* As JavaScript counts: a character beyond the Basic Multilingual Plane, which has four bytes,
 * counts as two. */
static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80 ? 1 + ((unsigned char)*text >= 0xf0) : 0;
    return count;
}

static enum wi_code count_labels(
    struct wi_infer *infer, const json_t *labels, const char *where, struct wi_error *error)
{
    size_t count = json_array_size(labels);
    enum wi_code code = count_list(infer, labels, where, error);
    if (code != WI_OK)
        return code;
    if (count > WI_TEXT_LABELS) {
        wi_error_set(error, WI_INVALID_FIELD, where, "%s has %zu labels; at most %d are allowed",
            where, count, WI_TEXT_LABELS);
        return wi_error_expect(error, "1 to %d labels", WI_TEXT_LABELS);
    }
    for (size_t i = 0; i < json_array_size(labels); i++) {
        size_t length = count_characters(json_string_value(json_array_get(labels, i)));
        if (wi_text_check_count(wi_path_item(where, i).text, length, WI_TEXT_LABEL_MAX,
                "characters", error) != WI_OK)
            return WI_INVALID_FIELD;
    }
    return WI_OK;
}

/* Each text is judged for each label. */
static enum wi_code check_judged(
    size_t texts, size_t labels, const char *where, struct wi_error *error)
{
    if (texts * labels <= WI_TEXT_JUDGED)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, where,
        "%zu texts with %zu labels make %zu pairs, and at most %d are allowed; send fewer in one "
        "request",
        texts, labels, texts * labels, WI_TEXT_JUDGED);
    return wi_error_expect(error, "at most %zu texts with so many labels", WI_TEXT_JUDGED / labels);
}

enum wi_code wi_text_read_labels(struct wi_infer *infer, json_t *texts, json_t *labels,
    const char *where_texts, const char *where_labels, struct wi_error *error)
{
    int alone = json_is_string(texts);
    enum wi_code code = alone ? wi_text_count(infer, texts, where_texts, error)
                              : count_list(infer, texts, where_texts, error);
    if (code == WI_OK)
        code = count_labels(infer, labels, where_labels, error);
    if (code == WI_OK)
        code = check_judged(
            alone ? 1 : json_array_size(texts), json_array_size(labels), where_texts, error);
    if (code == WI_OK)
        input_take(infer, WI_FORM_LABELS,
            json_pack(alone ? "{s:[O], s:O}" : "{s:O, s:O}", "texts", texts, "labels", labels));
    return code;
}

enum wi_code wi_text_read_beside(struct wi_infer *infer, const char *name, json_t *value,
    const char *where, struct wi_error *error)
{
    int labels = strcmp(name, "labels") == 0, question = strcmp(name, "question") == 0;
    enum wi_code code = labels ? count_labels(infer, value, where, error)
                               : wi_text_count(infer, value, where, error);
    if (code != WI_OK)
        return code;
    json_object_set(infer->asked->input, name, value);
    if (infer->form == WI_FORM_SOUND)
        infer->form = WI_FORM_SOUND_LABELS;
    else
        infer->form = labels     ? WI_FORM_PICTURE_LABELS
                      : question ? WI_FORM_PICTURE_QUESTION
                                 : WI_FORM_PICTURE_PROMPT;
    return WI_OK;
}

/* --- messages -------------------------------------------------------------------------------- */

enum role { ROLE_SYSTEM, ROLE_DEVELOPER, ROLE_USER, ROLE_ASSISTANT, ROLE_TOOL };
static const char *const roles[] = {"system", "developer", "user", "assistant", "tool", NULL};

struct message {
    int role;
    json_t *content, *tool_calls, *reasoning_content;
    const char *name, *tool_call_id;
};

static const struct wi_param message_table[] = {
    WI_PARAM(message, role, ENUM, .required = 1, .names = roles),
    WI_PARAM(message, content, ANY),
    WI_PARAM(message, name, STRING, .min = 1, .max = NAME_MAX_BYTES),
    WI_PARAM(message, tool_calls, ARRAY, .max = TOOL_CALLS_MAX),
    WI_PARAM(message, tool_call_id, STRING, .min = 1, .max = NAME_MAX_BYTES),
    WI_PARAM(message, reasoning_content, ANY),
    WI_PARAM_END,
};

/* Members of messages, parts and calls that no model reads: details of an answer that clients send
 * back, and hints to caches. */
static const char *const ignored[] = {
    "refusal", "audio", "annotations", "cache_control", "parsed", "parsed_arguments", NULL};

/* A client may send back an answer without text: its refusal is then the text. */
static void fill_content(json_t *object)
{
    const char *role = json_string_value(json_object_get(object, "role"));
    json_t *content = json_object_get(object, "content");
    json_t *refusal = json_object_get(object, "refusal");
    if (!role || strcmp(role, "assistant") != 0 || (content && !json_is_null(content)))
        return;
    if (json_is_string(refusal))
        json_object_set(object, "content", refusal);
    else if (json_array_size(json_object_get(object, "tool_calls")) == 0)
        json_object_set_new(object, "content", json_string(""));
}

/* A part that says why there is no answer is text like any other. */
static void fill_part(json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    json_t *refusal = json_object_get(part, "refusal");
    if (!type || strcmp(type, "refusal") != 0 || !json_is_string(refusal))
        return;
    json_object_set(part, "text", refusal);
    json_object_set_new(part, "type", json_string("text"));
}

struct part {
    const char *type;
    json_t *text;
};
static const struct wi_param part_table[] = {
    WI_PARAM(part, type, STRING, .required = 1),
    WI_PARAM(part, text, ANY, .required = 1),
    WI_PARAM_END,
};

static enum wi_code input_read_part(
    struct wi_infer *infer, json_t *part, const char *where, struct wi_error *error)
{
    struct part read = {0};
    fill_part(part);
    const char *type = json_string_value(json_object_get(part, "type"));
    if (type && strcmp(type, "text") != 0) {
        json_object_del(part, "cache_control");
        return wi_message_picture_read(infer, part, where, error);
    }
    enum wi_code code =
        wi_parameters_read_object(infer, part_table, ignored, part, where, &read, error);
    return code == WI_OK
               ? wi_text_count(infer, read.text, wi_path_member(where, "text").text, error)
               : code;
}

static enum wi_code input_read_content(
    struct wi_infer *infer, const json_t *content, const char *where, struct wi_error *error)
{
    if (json_is_string(content))
        return wi_text_count(infer, content, where, error);
    if (!json_is_array(content) || json_array_size(content) > WI_TEXT_MESSAGES)
        return wrong_type(where, "a string, or a list of parts", content, error);
    for (size_t i = 0; i < json_array_size(content); i++) {
        json_t *part = json_array_get(content, i);
        enum wi_code code = input_read_part(infer, part, wi_path_item(where, i).text, error);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

struct function {
    const char *name;
    json_t *arguments;
};
static const struct wi_param function_table[] = {
    WI_PARAM(function, name, STRING, .required = 1, .min = 1, .max = NAME_MAX_BYTES),
    WI_PARAM(function, arguments, ANY, .required = 1),
    WI_PARAM_END,
};

static enum wi_code read_function(
    struct wi_infer *infer, json_t *function, const char *where, struct wi_error *error)
{
    struct function read = {0};
    enum wi_code code =
        wi_parameters_read_object(infer, function_table, ignored, function, where, &read, error);
    return code == WI_OK ? wi_text_count(infer, read.arguments,
                               wi_path_member(where, "arguments").text, error)
                         : code;
}

struct call {
    int type;
    const char *id;
    json_t *function;
    int64_t index;
};
static const char *const call_types[] = {"function", NULL};
static const struct wi_param call_table[] = {
    WI_PARAM(call, type, ENUM, .names = call_types),
    WI_PARAM(call, id, STRING, .max = NAME_MAX_BYTES),
    WI_PARAM(call, function, OBJECT, .required = 1),
    WI_PARAM(call, index, INTEGER, .max = TOOL_CALLS_MAX),
    WI_PARAM_END,
};

static enum wi_code read_calls(
    struct wi_infer *infer, const json_t *calls, const char *where, struct wi_error *error)
{
    for (size_t i = 0; i < json_array_size(calls); i++) {
        struct call call = {0};
        struct wi_path path = wi_path_item(where, i);
        enum wi_code code = wi_parameters_read_object(
            infer, call_table, ignored, json_array_get(calls, i), path.text, &call, error);
        if (code == WI_OK)
            code = read_function(
                infer, call.function, wi_path_member(path.text, "function").text, error);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

/* The form that nodes know: one role for the system's text, and no members without meaning. */
static void message_normalize(json_t *object, const struct message *message)
{
    if (json_array_size(message->tool_calls) == 0)
        json_object_del(object, "tool_calls");
    if (message->role == ROLE_DEVELOPER)
        json_object_set_new(object, "role", json_string(roles[ROLE_SYSTEM]));
    if (!message->content)
        json_object_set_new(object, "content", json_null());
}

/* Models are shown pictures by their users. */
static enum wi_code check_shown(const struct wi_infer *infer, size_t before,
    const struct message *message, struct wi_error *error)
{
    if (infer->asked->tensors.count == before || message->role == ROLE_USER)
        return WI_OK;
    const char *where = infer->asked->tensors.items[before].name;
    wi_error_set(error, WI_INVALID_FIELD, where,
        "%s is a picture, which only a user's message may have", where);
    return wi_error_expect(error, "{\"type\": \"text\", \"text\": string}");
}

static enum wi_code input_read_message(
    struct wi_infer *infer, json_t *object, const char *where, struct wi_error *error)
{
    struct message message = {0};
    size_t pictures = infer->asked->tensors.count;
    fill_content(object);
    enum wi_code code =
        wi_parameters_read_object(infer, message_table, ignored, object, where, &message, error);
    if (code != WI_OK)
        return code;
    if (!message.content && message.role != ROLE_ASSISTANT)
        return wi_error_set(error, WI_MISSING_FIELD, wi_path_member(where, "content").text,
            "%s.content is missing; only an assistant's message may omit it", where);
    if (message.tool_calls && message.role != ROLE_ASSISTANT)
        return wi_error_set(error, WI_INVALID_FIELD, wi_path_member(where, "tool_calls").text,
            "%s has tool_calls, which only an assistant's message may have", where);
    if (message.content)
        code = input_read_content(
            infer, message.content, wi_path_member(where, "content").text, error);
    if (code == WI_OK)
        code = check_shown(infer, pictures, &message, error);
    if (code == WI_OK && message.reasoning_content)
        code = wi_text_count(infer, message.reasoning_content,
            wi_path_member(where, "reasoning_content").text, error);
    if (code == WI_OK)
        code =
            read_calls(infer, message.tool_calls, wi_path_member(where, "tool_calls").text, error);
    if (code == WI_OK)
        message_normalize(object, &message);
    return code;
}

enum wi_code wi_text_read_messages(
    struct wi_infer *infer, json_t *messages, const char *where, struct wi_error *error)
{
    size_t count = json_array_size(messages);
    if (!json_is_array(messages))
        return wrong_type(where, "a list of messages", messages, error);
    if (wi_text_check_count(where, count, WI_TEXT_MESSAGES, "messages", error) != WI_OK)
        return WI_INVALID_FIELD;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        json_t *message = json_array_get(messages, i);
        enum wi_code code = input_read_message(infer, message, wi_path_item(where, i).text, error);
        if (code != WI_OK)
            return code;
    }
    wi_text_take_messages(infer, json_incref(messages));
    return WI_OK;
}

void wi_text_take_messages(struct wi_infer *infer, json_t *messages)
{
    input_take(infer, WI_FORM_MESSAGES, messages);
}
