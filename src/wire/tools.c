/* Functions that a model may call; see tools.h. The task's options set the limits that all formats
 * share. */
#include "wire/tools.h"

#include "terms/task/task.h"
#include "wire/parameters.h"
#include <stdio.h>
#include <string.h>

static enum wi_code tool_refuse(
    size_t index, const char *name, const char *expected, struct wi_error *error)
{
    char field[80];
    snprintf(field, sizeof field, "tools[%zu]%s%.40s", index, *name ? "." : "", name);
    return wi_parameters_refuse(field, expected, error);
}

/* Whether it is a function; WI_OK, or the error of its type. */
static enum wi_code read_kind(const json_t *tool, size_t index, const struct wi_tool_form *form,
    int *is_function, struct wi_error *error)
{
    const json_t *type = json_object_get(tool, "type");
    if (!json_is_object(tool))
        return tool_refuse(index, "", "an object", error);
    *is_function = form->may_be_untyped;
    if (!type && form->may_be_untyped)
        return WI_OK;
    if (!json_is_string(type))
        return tool_refuse(index, "type", "a string", error);
    *is_function = strcmp(json_string_value(type), form->kind) == 0;
    return WI_OK;
}

static void member_copy(json_t *function, const char *to, json_t *value)
{
    if (value && !json_is_null(value))
        json_object_set(function, to, value);
}

static enum wi_code tool_add(json_t *tools, const json_t *tool, size_t index,
    const struct wi_tool_form *form, struct wi_error *error)
{
    json_t *name = json_object_get(tool, "name");
    json_t *schema = json_object_get(tool, form->schema);
    json_t *description = json_object_get(tool, "description");
    if (!wi_task_is_tool_name(name))
        return tool_refuse(index, "name", "1 to 64 letters, digits, \"_\" and \"-\"", error);
    if (schema && !json_is_object(schema) && !json_is_null(schema))
        return tool_refuse(index, form->schema, "an object: a JSON schema", error);
    if (description && !json_is_string(description) && !json_is_null(description))
        return tool_refuse(index, "description", "a string", error);
    json_t *function = json_pack("{s:O}", "name", name);
    member_copy(function, "description", description);
    member_copy(function, "parameters", schema);
    member_copy(function, "strict", json_object_get(tool, "strict"));
    json_array_append_new(tools, json_pack("{s:s, s:o}", "type", "function", "function", function));
    return WI_OK;
}

enum wi_code wi_tools_read(struct wi_infer *infer, const json_t *list,
    const struct wi_tool_form *form, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    json_t *tools = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *tool = json_array_get(list, i);
        int is_function = 0;
        code = read_kind(tool, i, form, &is_function, error);
        if (code == WI_OK && is_function)
            code = tool_add(tools, tool, i, form, error);
        if (code != WI_OK)
            break;
    }
    if (list && code == WI_OK)
        json_object_set(infer->asked->options, "tools", tools);
    json_decref(tools);
    return code;
}

json_t *wi_tools_choice(json_t *name)
{
    return json_pack("{s:s, s:{s:O}}", "type", "function", "function", "name", name);
}
