/* All forms of answers, and printing by them; see schemas.h. */
#include "wire/describe/schemas.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define MEMBERS_MAX 64 /* of a form by which answers are printed */

const struct wi_schema *const wi_answer_schemas[] = {wi_service_schemas, wi_models_schemas,
    wi_result_schemas, wi_openai_schemas, wi_responses_schemas, wi_anthropic_schemas,
    wi_kserve_schemas, wi_ollama_schemas, NULL};

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

static int is_nullable(const struct wi_member *row)
{
    return row->type[type_length(row->type)] != '\0';
}

static int is_optional(const struct wi_member *row)
{
    return row->name[strlen(row->name) - 1] == '?';
}

/* The letter of json_pack() for the values of that type. */
static char type_letter(const char *type)
{
    static const struct {
        const char *type;
        char letter;
    } rows[] = {{"string", 's'}, {"Code", 's'}, {"Platform", 's'}, {"integer", 'I'},
        {"number", 'f'}, {"boolean", 'b'}};
    size_t length = type_length(type);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].type) == length && memcmp(rows[i].type, type, length) == 0)
            return rows[i].letter;
    return *type == '\'' ? 's' : 'o';
}

/* A list of the values and of the NULL behind them. */
static json_t *pack_values(const struct wi_schema *form, va_list values)
{
    static const char rest[] = "o?]";
    char format[2 * MEMBERS_MAX + 1 + sizeof rest] = "[", *end = format + 1;
    assert(form->count <= MEMBERS_MAX);
    for (size_t i = 0; i < form->count; i++) {
        const struct wi_member *row = &form->members[i];
        char letter = type_letter(row->type);
        *end++ = letter;
        if ((letter == 's' || letter == 'o') && (is_nullable(row) || is_optional(row)))
            *end++ = '?';
    }
    memcpy(end, rest, sizeof rest);
    json_t *list = json_vpack_ex(NULL, 0, format, values);
    assert(!list || json_is_null(json_array_get(list, form->count)));
    return list;
}

json_t *wi_form_json(const char *name, ...)
{
    const struct wi_schema *form = wi_answer_schema(name);
    va_list values;
    assert(form);
    va_start(values, name);
    json_t *list = pack_values(form, values), *object = list ? json_object() : NULL;
    va_end(values);
    for (size_t i = 0; object && i < form->count; i++) {
        const struct wi_member *row = &form->members[i];
        json_t *value = json_array_get(list, i);
        size_t length = strlen(row->name) - (size_t)is_optional(row);
        double number = json_is_number(value) ? json_number_value(value) : 1;
        if (is_nullable(row) && number <= 0)
            json_object_setn_new(object, row->name, length, json_null());
        else if (is_nullable(row) || (!json_is_null(value) && !(is_optional(row) && number < 0)))
            json_object_setn(object, row->name, length, value);
    }
    json_decref(list);
    return object;
}
