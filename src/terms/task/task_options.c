/*
 * Checks of options that the rows cannot express: combinations of options, and nested values. The
 * form and the size of tools and schemas are checked here; their meaning is left to the node, which
 * checks them again.
 */
#include "terms/task/private.h"

#include <stdio.h>
#include <string.h>

const struct wi_param *wi_task_options(enum wi_task_kind task, int gguf)
{
    const struct wi_task_row *row = &wi_tasks[task];
    return gguf && row->gguf_options ? row->gguf_options : row->options;
}

/* --- checks that the table cannot express ---------------------------------------------------- */

struct place {
    const char *where;
    struct wi_error *error;
};

/* An error about `name` with the allowed values. */
static enum wi_code must_be(const struct place *at, const char *name, const char *expected)
{
    char field[160];
    snprintf(field, sizeof field, "%.40s%.100s", at->where, name);
    wi_error_set(at->error, WI_INVALID_FIELD, field, "%s must be %s", field, expected);
    return wi_error_expect(at->error, "%s", expected);
}

static int is_deeper(const json_t *value, int depth)
{
    const char *key;
    const json_t *inner;
    size_t i;
    if (!json_is_object(value) && !json_is_array(value))
        return 0;
    if (depth == 0)
        return 1;
    json_array_foreach(value, i, inner)
    {
        if (is_deeper(inner, depth - 1))
            return 1;
    }
    json_object_foreach((json_t *)value, key, inner)
    {
        if (is_deeper(inner, depth - 1))
            return 1;
    }
    return 0;
}

/* JSON that goes on to a node as it is. */
static enum wi_code check_free(
    const struct place *at, const char *name, const json_t *value, size_t most)
{
    char text[80];
    if (!value)
        return WI_OK;
    if (is_deeper(value, WI_TEXT_DEPTH)) {
        snprintf(text, sizeof text, "JSON of at most %d levels", WI_TEXT_DEPTH);
        return must_be(at, name, text);
    }
    if (json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) <= most)
        return WI_OK;
    snprintf(text, sizeof text, "JSON of at most %zu bytes", most);
    return must_be(at, name, text);
}

static enum wi_code check_stop_string(const struct place *at, const char *name, const json_t *value)
{
    size_t length = json_string_length(value);
    if (json_is_string(value) && length > 0 && length <= WI_TEXT_STOP_MAX &&
        strlen(json_string_value(value)) == length)
        return WI_OK;
    return must_be(at, name, "a string of 1 to 256 bytes without a NUL character");
}

static enum wi_code check_stop(const struct place *at, const json_t *stop)
{
    if (!stop || json_is_string(stop))
        return stop ? check_stop_string(at, "stop", stop) : WI_OK;
    if (!json_is_array(stop) || json_array_size(stop) > WI_TEXT_STOPS)
        return must_be(at, "stop", "a string, or a list of at most 16 strings");
    for (size_t i = 0; i < json_array_size(stop); i++) {
        char name[32];
        snprintf(name, sizeof name, "stop[%zu]", i);
        if (check_stop_string(at, name, json_array_get(stop, i)) != WI_OK)
            return WI_INVALID_FIELD;
    }
    return WI_OK;
}

static int is_token(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && length < 10 && strspn(text, "0123456789") == length;
}

static enum wi_code check_bias(const struct place *at, const json_t *bias)
{
    const char *key;
    const json_t *value;
    if (json_object_size(bias) > WI_TEXT_BIASES)
        return must_be(at, "logit_bias", "an object of at most 1024 tokens");
    json_object_foreach((json_t *)bias, key, value)
    {
        double amount = json_number_value(value);
        if (!is_token(key) || !json_is_number(value) || amount < -100 || amount > 100)
            return must_be(at, "logit_bias",
                "{TOKEN: number}, TOKEN being the number of a token "
                "and each number from -100 to 100");
    }
    return WI_OK;
}

static int names_function(const json_t *object)
{
    const json_t *function = json_object_get(object, "function");
    const json_t *name = json_object_get(function, "name");
    const char *type = json_string_value(json_object_get(object, "type"));
    return type && strcmp(type, "function") == 0 && json_is_object(function) &&
           json_is_string(name);
}

int wi_task_is_tool_name(const json_t *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = json_string_length(name);
    return length > 0 && length <= WI_TEXT_TOOL_NAME &&
           strspn(json_string_value(name), allowed) == length;
}

static enum wi_code check_function(const struct place *at, size_t index, const json_t *function)
{
    const json_t *description = json_object_get(function, "description");
    const json_t *parameters = json_object_get(function, "parameters");
    char name[64];
    snprintf(name, sizeof name, "tools[%zu].function.name", index);
    if (!wi_task_is_tool_name(json_object_get(function, "name")))
        return must_be(at, name, "1 to 64 letters, digits, \"_\" and \"-\"");
    snprintf(name, sizeof name, "tools[%zu].function.description", index);
    if (description && !json_is_string(description) && !json_is_null(description))
        return must_be(at, name, "a string");
    snprintf(name, sizeof name, "tools[%zu].function.parameters", index);
    if (parameters && !json_is_object(parameters) && !json_is_null(parameters))
        return must_be(at, name, "an object: a JSON schema");
    return check_free(at, name, parameters, WI_TEXT_SCHEMA);
}

static enum wi_code check_tools(const struct place *at, const json_t *tools)
{
    for (size_t i = 0; i < json_array_size(tools); i++) {
        const json_t *tool = json_array_get(tools, i);
        char name[64];
        snprintf(name, sizeof name, "tools[%zu]", i);
        if (!names_function(tool))
            return must_be(at, name,
                "{\"type\": \"function\", \"function\": {\"name\", \"description\"?, "
                "\"parameters\"?}}");
        if (check_function(at, i, json_object_get(tool, "function")) != WI_OK)
            return WI_INVALID_FIELD;
    }
    return check_free(at, "tools", tools, WI_TEXT_TOOLS);
}

static enum wi_code check_choice(const struct place *at, const json_t *choice, const json_t *tools)
{
    static const char *const words[] = {"none", "auto", "required"};
    const char *word = json_string_value(choice);
    if (!choice)
        return WI_OK;
    const char *wanted =
        json_string_value(json_object_get(json_object_get(choice, "function"), "name"));
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++)
        if ((i < 2 || json_array_size(tools) > 0) && strcmp(word, words[i]) == 0)
            return WI_OK;
    for (size_t i = 0; names_function(choice) && i < json_array_size(tools); i++) {
        const json_t *function = json_object_get(json_array_get(tools, i), "function");
        if (strcmp(wanted, json_string_value(json_object_get(function, "name"))) == 0)
            return WI_OK;
    }
    return must_be(at, "tool_choice",
        "none, auto, required (with tools), or {\"type\": \"function\", \"function\": {\"name\"}} "
        "with the name of one of the tools");
}

static enum wi_code check_format(const struct place *at, const json_t *format)
{
    const char *type = json_string_value(json_object_get(format, "type"));
    const json_t *described = json_object_get(format, "json_schema");
    if (!format)
        return WI_OK;
    if (type && strcmp(type, "json_schema") == 0 &&
        json_is_object(json_object_get(described, "schema")))
        return check_free(at, "response_format.json_schema", described, WI_TEXT_SCHEMA);
    if (type && (strcmp(type, "text") == 0 || strcmp(type, "json_object") == 0))
        return check_free(at, "response_format", format, WI_TEXT_SCHEMA);
    return must_be(at, "response_format",
        "{\"type\": \"text\"}, {\"type\": \"json_object\"} or {\"type\": \"json_schema\", "
        "\"json_schema\": {\"name\", \"schema\"}}");
}

/* A model writes in one form at a time. */
static enum wi_code check_forms(const struct place *at, const struct wi_task_said *read)
{
    const char *type = json_string_value(json_object_get(read->response_format, "type"));
    int formatted = type && strcmp(type, "text") != 0;
    if ((read->grammar != NULL) + (read->json_schema != NULL) + formatted > 1)
        return must_be(at, read->grammar ? "grammar" : "json_schema",
            "alone: only one of grammar, json_schema and response_format can be kept to");
    if (read->json_schema && !json_is_object(read->json_schema) &&
        !json_is_boolean(read->json_schema))
        return must_be(at, "json_schema", "an object: a JSON schema");
    return check_free(at, "json_schema", read->json_schema, WI_TEXT_SCHEMA);
}

static enum wi_code check_n(const struct place *at, int64_t n, unsigned slots)
{
    char text[80];
    if (n >= 1 && n <= (int64_t)slots)
        return WI_OK;
    snprintf(text, sizeof text, "1 to %u, as many answers as a node makes at a time", slots);
    return must_be(at, "n", text);
}

static int has_one_place(const char *template)
{
    const char *place = strstr(template, "{}");
    return place && !strstr(place + 2, "{}");
}

static enum wi_code check_labels(const struct place *at, const struct wi_task_said *read)
{
    size_t i;
    const json_t *label;
    if (read->hypothesis_template && !has_one_place(read->hypothesis_template))
        return must_be(at, "hypothesis_template", "a text with {} once, where the label goes");
    json_array_foreach(read->ignore_labels, i, label)
    {
        size_t length = json_string_length(label);
        if (length == 0 || length > WI_TEXT_LABEL_MAX)
            return must_be(at, "ignore_labels", "a list of strings of 1 to 1000 bytes");
    }
    return WI_OK;
}

static enum wi_code check_together(
    const struct place *at, const struct wi_task_said *read, unsigned slots)
{
    if (read->top_logprobs > 0 && !read->logprobs)
        return must_be(at, "top_logprobs", "absent, or together with logprobs: true");
    if (check_n(at, read->n, slots) != WI_OK || check_stop(at, read->stop) != WI_OK ||
        check_bias(at, read->logit_bias) != WI_OK || check_tools(at, read->tools) != WI_OK ||
        check_choice(at, read->tool_choice, read->tools) != WI_OK ||
        check_format(at, read->response_format) != WI_OK || check_forms(at, read) != WI_OK ||
        check_free(at, "chat_template_kwargs", read->chat_template_kwargs, WI_TEXT_SCHEMA) != WI_OK)
        return WI_INVALID_FIELD;
    return check_labels(at, read);
}

/* --- options that models of that format do not have ------------------------------------------- */

/* Whether `options` has none of `names`, each of which is `why`. */
static enum wi_code check_absent(const json_t *options, const char *const names[], const char *why,
    const char *where, struct wi_error *error)
{
    for (; *names; names++) {
        const json_t *value = json_object_get(options, *names);
        char field[80];
        if (!value || json_is_null(value))
            continue;
        snprintf(field, sizeof field, "%.40s%s", where, *names);
        return wi_error_set(
            error, WI_UNKNOWN_FIELD, field, "%s is %s, or leave it out", field, why);
    }
    return WI_OK;
}

/* What means something only in a conversation. */
static enum wi_code check_complete(const json_t *options, const char *where, struct wi_error *error)
{
    static const char *const chat[] = {"tools", "tool_choice", "chat_template_kwargs", NULL};
    return check_absent(options, chat, "for conversations; send messages", where, error);
}

static const char for_gguf[] = "for GGUF models; use one";

/* What takes an engine with grammars, or one that has its context made to measure. */
static enum wi_code check_free_text(
    const json_t *options, const char *where, struct wi_error *error)
{
    static const char *const grammars[] = {"grammar", "json_schema", "context", NULL};
    static const char *const formats[] = {"response_format", NULL};
    const char *format =
        json_string_value(json_object_get(json_object_get(options, "response_format"), "type"));
    int formatted = !format || strcmp(format, "text") != 0;
    const char *choice = json_string_value(json_object_get(options, "tool_choice"));
    char field[80];
    enum wi_code code = check_absent(options, grammars, for_gguf, where, error);
    if (code == WI_OK && formatted)
        code = check_absent(options, formats, for_gguf, where, error);
    if (code != WI_OK || !choice || strcmp(choice, "required") != 0)
        return code;
    snprintf(field, sizeof field, "%.40stool_choice", where);
    wi_error_set(error, WI_INVALID_FIELD, field,
        "%s cannot be required: only GGUF models can be made to call a tool", field);
    return wi_error_expect(error, "auto or none");
}

/* What such models do not take though others of the task do. */
static enum wi_code check_taken(enum wi_task_kind task, int gguf, const json_t *options,
    const char *where, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    if (wi_task_samples(task) && task != WI_TASK_CHAT)
        code = check_complete(options, where, error);
    if (code == WI_OK && wi_task_samples(task) && !gguf)
        code = check_free_text(options, where, error);
    return code;
}

enum wi_code wi_task_check_options(enum wi_task_kind task, int gguf, const json_t *options,
    unsigned slots, const char *where, struct wi_error *error)
{
    struct wi_task_said read = {.n = 1};
    const struct place at = {where, error};
    if (!options)
        return WI_OK;
    enum wi_code code = check_taken(task, gguf, options, where, error);
    if (code == WI_OK)
        code = wi_params_read(
            wi_task_options(task, gguf), options, WI_PARAMS_STRICT, where, &read, error);
    return code == WI_OK ? check_together(&at, &read, gguf ? slots : 1) : code;
}
