/* Turns types in text form into JSON Schema; see schema.h. */
#include "wire/describe/schema.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- types ----------------------------------------------------------------------------------- */

static json_t *read_type(const char **at);

static void schema_expect(const char **at, char what)
{
    assert(**at == what);
    ++*at;
}

static json_t *schema_read_list(const char **at)
{
    schema_expect(at, '[');
    json_t *schema = json_pack("{s:s, s:o}", "type", "array", "items", read_type(at));
    schema_expect(at, ']');
    return schema;
}

static json_t *read_map(const char **at)
{
    schema_expect(at, '{');
    json_t *schema =
        json_pack("{s:s, s:o}", "type", "object", "additionalProperties", read_type(at));
    schema_expect(at, '}');
    return schema;
}

static json_t *empty_object(void)
{
    return json_pack("{s:s, s:{}, s:[], s:b}", "type", "object", "properties", "required",
        "additionalProperties", 0);
}

/* Takes the schema. */
static void schema_add_member(json_t *object, const char *name, size_t length, json_t *schema)
{
    if (*name == '*') {
        json_object_set_new(object, "additionalProperties", schema);
        return;
    }
    int optional = name[length - 1] == '?';
    length -= (size_t)optional;
    json_object_setn_new(json_object_get(object, "properties"), name, length, schema);
    if (!optional)
        json_array_append_new(json_object_get(object, "required"), json_stringn(name, length));
}

static json_t *read_object(const char **at)
{
    json_t *object = empty_object();
    schema_expect(at, '(');
    for (;;) {
        const char *name = *at;
        size_t length = strcspn(name, " ");
        *at += length;
        schema_expect(at, ' ');
        schema_add_member(object, name, length, read_type(at));
        if (**at != ',')
            break;
        *at += 2;
    }
    schema_expect(at, ')');
    return object;
}

static json_t *read_word(const char **at)
{
    size_t length = strcspn(++*at, "'");
    json_t *schema = json_pack("{s:s%}", "const", *at, length);
    *at += length;
    schema_expect(at, '\'');
    return schema;
}

static json_t *any_json(void)
{
    return json_pack("{s:s}", "$ref", "#/components/schemas/JsonValue");
}

static json_t *schema_read_name(const char **at)
{
    const char *name = *at;
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    assert(length > 0);
    *at += length;
    if (length == 3 && memcmp(name, "any", 3) == 0)
        return any_json();
    if (length == 6 && memcmp(name, "object", 6) == 0)
        return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", any_json());
    if (*name >= 'a' && *name <= 'z')
        return json_pack("{s:s%}", "type", name, length);
    char *reference = wi_sprintf("#/components/schemas/%.*s", (int)length, name);
    json_t *schema = json_pack("{s:s}", "$ref", reference);
    free(reference);
    return schema;
}

static json_t *read_one(const char **at)
{
    switch (**at) {
    case '[':
        return schema_read_list(at);
    case '{':
        return read_map(at);
    case '(':
        return read_object(at);
    case '\'':
        return read_word(at);
    default:
        return schema_read_name(at);
    }
}

/* A choice of words only is one enumeration. */
static json_t *join_words(const json_t *several)
{
    json_t *words = json_array();
    for (size_t i = 0; i < json_array_size(several); i++) {
        json_t *word = json_object_get(json_array_get(several, i), "const");
        if (word)
            json_array_append(words, word);
    }
    if (json_array_size(words) == json_array_size(several))
        return json_pack("{s:s, s:o}", "type", "string", "enum", words);
    json_decref(words);
    return NULL;
}

static json_t *read_type(const char **at)
{
    json_t *first = read_one(at);
    if (**at != '|')
        return first;
    json_t *several = json_pack("[o]", first);
    while (**at == '|') {
        ++*at;
        json_array_append_new(several, read_one(at));
    }
    json_t *words = join_words(several);
    if (!words)
        return json_pack("{s:o}", "anyOf", several);
    json_decref(several);
    return words;
}

json_t *wi_type_json(const char *type)
{
    const char *at = type;
    json_t *schema = read_type(&at);
    assert(*at == '\0');
    return schema;
}

/* --- parameters ------------------------------------------------------------------------------ */

static void add_help(json_t *schema, const char *help)
{
    if (help)
        json_object_set_new(schema, "description", json_string(help));
}

/* A limit, as an integer if it is one that a double holds exactly. */
static json_t *limit_of(double limit)
{
    static const double exact = 9007199254740992; /* 2^53 */
    int is_integer = limit >= -exact && limit <= exact && limit == (double)(json_int_t)limit;

    return is_integer ? json_integer((json_int_t)limit) : json_real(limit);
}

static json_t *param_json(const struct wi_param *row)
{
    static const struct {
        const char *type, *min, *max;
    } kinds[] = {[WI_PARAM_STRING] = {"string", "minLength", "maxLength"},
        [WI_PARAM_INTEGER] = {"integer", "minimum", "maximum"},
        [WI_PARAM_NUMBER] = {"number", "minimum", "maximum"},
        [WI_PARAM_BOOL] = {.type = "boolean"},
        [WI_PARAM_ENUM] = {.type = "string"},
        [WI_PARAM_OBJECT] = {.type = "object"},
        [WI_PARAM_ARRAY] = {"[any]", "minItems", "maxItems"},
        [WI_PARAM_ANY] = {.type = "any"}};
    const char *min = kinds[row->kind].min;
    json_t *schema = wi_type_json(row->form ? row->form : kinds[row->kind].type);
    if (min && (row->min != 0 || row->max != 0)) {
        json_object_set_new(schema, min, limit_of(row->min));
        json_object_set_new(schema, kinds[row->kind].max, limit_of(row->max));
    }
    if (row->kind == WI_PARAM_ENUM) {
        json_t *words = json_array();
        for (const char *const *name = row->names; *name; name++)
            json_array_append_new(words, json_string(*name));
        json_object_set_new(schema, "enum", words);
    }
    add_help(schema, row->help);
    return schema;
}

json_t *wi_params_json(const struct wi_param *table)
{
    json_t *object = empty_object();
    for (const struct wi_param *row = table; row->name; row++) {
        json_object_set_new(json_object_get(object, "properties"), row->name, param_json(row));
        if (row->required)
            json_array_append_new(json_object_get(object, "required"), json_string(row->name));
    }
    return object;
}

/* --- forms ----------------------------------------------------------------------------------- */

const struct wi_schema *wi_schema_find(
    const struct wi_schema *forms, const char *name, size_t length)
{
    for (; forms->name; forms++)
        if (strlen(forms->name) == length && memcmp(forms->name, name, length) == 0)
            return forms;
    return NULL;
}

static void add_members(json_t *object, const struct wi_schema *form, const struct wi_schema *forms)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct wi_member *row = &form->members[i];
        json_t *schema = wi_type_json(row->type);
        add_help(schema, row->help);
        schema_add_member(object, row->name, strlen(row->name), schema);
    }
    if (form->also)
        add_members(object, wi_schema_find(forms, form->also, strlen(form->also)), forms);
}

json_t *wi_schema_json(const struct wi_schema *form, const struct wi_schema *forms)
{
    json_t *schema;
    if (form->params) {
        schema = wi_params_json(form->params);
    } else if (form->is) {
        schema = wi_type_json(form->is);
    } else {
        schema = empty_object();
        add_members(schema, form, forms);
    }
    add_help(schema, form->help);
    return schema;
}
