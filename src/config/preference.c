/* Preferences are checked when the configuration is read: a browser would ignore a bad one. */
#include "config/preference.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

enum wi_code wi_preference_parse(
    const char *line, char **name, json_t **value, struct wi_error *error)
{
    const char *equals = strchr(line, '='), *end = equals;
    json_error_t problem;

    *name = NULL;
    *value = NULL;
    while (end && end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!end || end == line)
        return wi_error_set(error, WI_INVALID_FIELD, "preferences",
            "\"%.120s\" is no preference: NAME=VALUE is, such as dom.webgpu.enabled=true", line);
    *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &problem);
    if (!*value || json_is_null(*value)) {
        json_decref(*value);
        *value = NULL;
        return wi_error_set(error, WI_INVALID_FIELD, "preferences",
            "the value of \"%.120s\" is no JSON: true, 1, 0.5 or \"text\" (in quotes) are", line);
    }
    *name = wi_strndup(line, (size_t)(end - line));
    return WI_OK;
}
