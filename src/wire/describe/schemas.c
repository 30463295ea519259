/* All forms of answers, and printing by them; see schemas.h. */
#include "wire/describe/schemas.h"

#include <assert.h>
#include <string.h>

const struct wi_schema *const wi_answer_schemas[] = {wi_service_schemas, wi_models_schemas,
    wi_channel_schemas, wi_result_schemas, wi_openai_schemas, wi_responses_schemas,
    wi_anthropic_schemas, wi_kserve_schemas, wi_ollama_schemas, NULL};

const struct wi_schema *wi_answer_schema(const char *name)
{
    const struct wi_schema *form = NULL;
    for (size_t i = 0; !form && wi_answer_schemas[i]; i++)
        form = wi_schema_find(wi_answer_schemas[i], name, strlen(name));
    return form;
}

/* The length of a type without |null. */
static size_t type_length(const char *type)
{
    static const char null[] = "|null";
    size_t length = strlen(type), end = sizeof null - 1;
    return length > end && strcmp(type + length - end, null) == 0 ? length - end : length;
}

/* The JSON type of a scalar; JSON_TRUE for booleans, JSON_NULL for what callers make themselves. */
static json_type scalar_type(const char *type, size_t length)
{
    static const struct {
        const char *type;
        json_type is;
    } rows[] = {{"string", JSON_STRING}, {"Code", JSON_STRING}, {"Platform", JSON_STRING},
        {"integer", JSON_INTEGER}, {"number", JSON_REAL}, {"boolean", JSON_TRUE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].type) == length && memcmp(rows[i].type, type, length) == 0)
            return rows[i].is;
    return *type == '\'' ? JSON_STRING : JSON_NULL;
}

static int is_right_value(json_type type, const json_t *value)
{
    if (!value || json_is_null(value) || type == JSON_NULL)
        return 1;
    return type == JSON_STRING    ? json_is_string(value)
           : type == JSON_INTEGER ? json_is_integer(value)
                                  : json_is_number(value);
}

static json_t *number_json(json_type type, const json_t *value)
{
    return type == JSON_TRUE   ? json_boolean(json_number_value(value) != 0)
           : type == JSON_REAL ? json_real(json_number_value(value))
                               : json_integer(json_integer_value(value));
}

/* The value that such a member has; NULL: it is left out. Takes the value that was given. */
static json_t *member_json(const struct wi_member *row, int is_optional, json_t *given)
{
    size_t length = type_length(row->type);
    json_type type = scalar_type(row->type, length);
    int is_nullable = row->type[length] != '\0';
    json_t *value = given;
    if (!is_right_value(type, given)) {
        json_decref(given);
        value = NULL;
    } else if (type != JSON_NULL && json_is_number(given)) {
        double number = json_number_value(given);
        value = is_optional && number < 0    ? NULL
                : is_nullable && number <= 0 ? json_null()
                                             : number_json(type, given);
        json_decref(given);
    }
    return !value && is_nullable && !is_optional ? json_null() : value;
}

json_t *wi_form_fill(const char *name, json_t *const *values, size_t count)
{
    const struct wi_schema *form = wi_answer_schema(name);
    json_t *object = json_object();
    int is_whole = 1;
    assert(form && form->count == count);
    for (size_t i = 0; i < count; i++) {
        const struct wi_member *row = &form->members[i];
        size_t length = strlen(row->name);
        int is_optional = row->name[length - 1] == '?';
        json_t *value = member_json(row, is_optional, values[i]);
        if (value)
            json_object_setn_new(object, row->name, length - (size_t)is_optional, value);
        is_whole &= value || is_optional;
    }
    if (is_whole)
        return object;
    json_decref(object);
    return NULL;
}
