/* JSON objects checked against a static table; see params.h. */
#include "base/params.h"

#include "base/text.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* No table has more. */
#define ROWS_MAX 64

static const char *kind_name(enum wi_param_kind kind)
{
    static const char *const names[] = {[WI_PARAM_STRING] = "a string",
        [WI_PARAM_INTEGER] = "an integer",
        [WI_PARAM_NUMBER] = "a number",
        [WI_PARAM_BOOL] = "true or false",
        [WI_PARAM_ENUM] = "a string",
        [WI_PARAM_OBJECT] = "an object",
        [WI_PARAM_ARRAY] = "a list",
        [WI_PARAM_ANY] = "a value"};
    return names[kind];
}

const char *wi_json_type_name(const json_t *value)
{
    static const char *const names[] = {[JSON_OBJECT] = "an object",
        [JSON_ARRAY] = "a list",
        [JSON_STRING] = "a string",
        [JSON_INTEGER] = "an integer",
        [JSON_REAL] = "a number",
        [JSON_TRUE] = "true",
        [JSON_FALSE] = "false",
        [JSON_NULL] = "null"};
    return names[json_typeof(value)];
}

int wi_json_has_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (json_is_string(value) && strcmp(json_string_value(value), text) == 0)
            return 1;
    }
    return 0;
}

/* "a, b, c" of the names that a table or an enum allows. */
static void list_names(char *out, size_t size, const char *const *names, size_t stride)
{
    out[0] = '\0';
    for (const char *const *name = names; *name;
         name = (const char *const *)((const char *)name + stride))
        wi_text_list_add(out, size, *name);
}

/* Paths are put together for errors only: tables are read on every request. */
struct path {
    char text[160];
};

static struct path path_of(const char *where, const char *name)
{
    struct path path;
    snprintf(path.text, sizeof path.text, "%s%.64s", where, name);
    return path;
}

static enum wi_code wrong_type(
    const struct wi_param *row, const json_t *value, const char *where, struct wi_error *error)
{
    struct path full = path_of(where, row->name);
    const char *path = full.text;
    wi_error_set(error, WI_INVALID_FIELD, path, "%s must be %s, not %s", path, kind_name(row->kind),
        wi_json_type_name(value));
    return wi_error_expect(error, "%s", kind_name(row->kind));
}

/* `unit`: of a length, such as "bytes"; "" for a number. */
static enum wi_code check_range(const struct wi_param *row, double amount, const char *unit,
    const char *where, struct wi_error *error)
{
    if ((row->min == 0 && row->max == 0) || (amount >= row->min && amount <= row->max))
        return WI_OK;
    struct path full = path_of(where, row->name);
    const char *path = full.text;
    const char *space = *unit ? " " : "";
    wi_error_set(error, WI_INVALID_FIELD, path, "%s %s %.16g%s%s, outside %.16g to %.16g%s%s", path,
        *unit ? "has" : "is", amount, space, unit, row->min, row->max, space, unit);
    return wi_error_expect(error, "%.16g to %.16g%s%s", row->min, row->max, space, unit);
}

static enum wi_code read_enum(const struct wi_param *row, const char *text, const char *where,
    int *member, struct wi_error *error)
{
    for (int i = 0; row->names[i]; i++) {
        if (strcmp(row->names[i], text) == 0) {
            *member = i;
            return WI_OK;
        }
    }
    struct path path = path_of(where, row->name);
    char allowed[sizeof error->allowed];
    list_names(allowed, sizeof allowed, row->names, sizeof *row->names);
    wi_error_set(error, WI_INVALID_FIELD, path.text, "%s cannot be \"%.64s\"", path.text, text);
    return wi_error_allow(error, "%s", allowed);
}

static enum wi_code read_string(const struct wi_param *row, const json_t *value, const char *where,
    void *member, struct wi_error *error)
{
    if (!json_is_string(value))
        return wrong_type(row, value, where, error);
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    if (strlen(text) != length) {
        struct path path = path_of(where, row->name);
        return wi_error_set(
            error, WI_INVALID_FIELD, path.text, "%s must not contain a NUL character", path.text);
    }
    if (row->kind == WI_PARAM_ENUM)
        return read_enum(row, text, where, member, error);
    enum wi_code code = check_range(row, (double)length, "bytes", where, error);
    if (code == WI_OK)
        *(const char **)member = text;
    return code;
}

static enum wi_code param_read_number(const struct wi_param *row, const json_t *value,
    const char *where, void *member, struct wi_error *error)
{
    if (!(row->kind == WI_PARAM_INTEGER ? json_is_integer(value) : json_is_number(value)))
        return wrong_type(row, value, where, error);
    enum wi_code code = check_range(row, json_number_value(value), "", where, error);
    if (code != WI_OK)
        return code;
    if (row->kind == WI_PARAM_INTEGER)
        *(int64_t *)member = json_integer_value(value);
    else
        *(double *)member = json_number_value(value);
    return WI_OK;
}

static enum wi_code read_container(const struct wi_param *row, const json_t *value,
    const char *where, void *member, struct wi_error *error)
{
    int fits = row->kind == WI_PARAM_ANY ||
               (row->kind == WI_PARAM_OBJECT && json_is_object(value)) ||
               (row->kind == WI_PARAM_ARRAY && json_is_array(value));
    if (!fits)
        return wrong_type(row, value, where, error);
    if (row->kind == WI_PARAM_ARRAY) {
        enum wi_code code =
            check_range(row, (double)json_array_size(value), "elements", where, error);
        if (code != WI_OK)
            return code;
    }
    *(const json_t **)member = value;
    return WI_OK;
}

static enum wi_code read_field(const struct wi_param *row, const json_t *value, const char *where,
    void *target, struct wi_error *error)
{
    void *member = (char *)target + row->offset;
    switch (row->kind) {
    case WI_PARAM_STRING:
    case WI_PARAM_ENUM:
        return read_string(row, value, where, member, error);
    case WI_PARAM_INTEGER:
    case WI_PARAM_NUMBER:
        return param_read_number(row, value, where, member, error);
    case WI_PARAM_BOOL:
        if (!json_is_boolean(value))
            return wrong_type(row, value, where, error);
        *(int *)member = json_is_true(value);
        return WI_OK;
    case WI_PARAM_OBJECT:
    case WI_PARAM_ARRAY:
    case WI_PARAM_ANY:
        return read_container(row, value, where, member, error);
    }
    return WI_INTERNAL;
}

const struct wi_param *wi_params_find(const struct wi_param *table, const char *name)
{
    while (table->name && (*table->name != *name || strcmp(table->name, name) != 0))
        table++;
    return table->name ? table : NULL;
}

/* Sorts the object's values into the rows of the table, which is several times faster than looking
 * each row's name up. The first field that the table does not know, or NULL. */
static const char *sort_values(
    const struct wi_param *table, const json_t *object, const json_t *values[])
{
    const char *key, *unknown = NULL;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const struct wi_param *row = wi_params_find(table, key);
        if (row)
            values[row - table] = value;
        else if (!unknown)
            unknown = key;
    }
    return unknown;
}

/* The error for a value that is not an object. */
static enum wi_code not_an_object(const json_t *value, const char *where, struct wi_error *error)
{
    struct path path = path_of(where, "");
    size_t length = strlen(path.text);
    if (length > 0 && path.text[length - 1] == '.')
        path.text[length - 1] = '\0';
    wi_error_set(error, WI_INVALID_FIELD, path.text, "%s must be an object, not %s",
        path.text[0] ? path.text : "the body", value ? wi_json_type_name(value) : "nothing");
    return wi_error_expect(error, "an object");
}

static enum wi_code unknown_field(
    const struct wi_param *table, const char *name, const char *where, struct wi_error *error)
{
    struct path path = path_of(where, name);
    char allowed[sizeof error->allowed];
    if (!table->name)
        return wi_error_set(error, WI_UNKNOWN_FIELD, path.text,
            "there is no field %s: no fields are allowed there; leave it out", path.text);
    list_names(allowed, sizeof allowed, &table->name, sizeof *table);
    wi_error_set(error, WI_UNKNOWN_FIELD, path.text, "there is no field %s", path.text);
    return wi_error_allow(error, "%s", allowed);
}

static enum wi_code missing_field(
    const struct wi_param *row, const char *where, struct wi_error *error)
{
    struct path path = path_of(where, row->name);
    wi_error_set(error, WI_MISSING_FIELD, path.text, "%s is missing", path.text);
    return wi_error_expect(error, "%s", kind_name(row->kind));
}

enum wi_code wi_params_read(const struct wi_param *table, const json_t *object,
    enum wi_param_mode mode, const char *where, void *target, struct wi_error *error)
{
    if (!json_is_object(object))
        return not_an_object(object, where, error);
    const json_t *values[ROWS_MAX];
    const struct wi_param *row = table;
    for (; row->name; row++) {
        assert(row - table < ROWS_MAX);
        values[row - table] = NULL;
    }
    const char *unknown = sort_values(table, object, values);
    if (unknown && mode == WI_PARAMS_STRICT)
        return unknown_field(table, unknown, where, error);
    for (row = table; row->name; row++) {
        const json_t *value = values[row - table];
        if (value == NULL || json_is_null(value)) {
            if (row->required)
                return missing_field(row, where, error);
            continue;
        }
        enum wi_code code = read_field(row, value, where, target, error);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}
