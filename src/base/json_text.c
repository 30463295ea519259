/* Looking into the text of JSON; see json_text.h. Stays inside the text even if it is not valid. */
#include "base/json_text.h"

#include <string.h>

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

/* `at` is its first quote. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\' && at + 1 < end)
            at++;
    return at < end ? at + 1 : end;
}

static const char *skip_nested(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        depth += *at == '{' || *at == '[';
        depth -= *at == '}' || *at == ']';
        at++;
        if (depth == 0)
            break;
    }
    return at;
}

static const char *skip_value(const char *at, const char *end)
{
    if (at < end && *at == '"')
        return skip_string(at, end);
    if (at < end && (*at == '{' || *at == '['))
        return skip_nested(at, end);
    while (at < end && *at != ',' && *at != '}' && *at != ']' && !is_space(*at))
        at++;
    return at;
}

const char *wi_json_text_member(const char *text, size_t size, const char *key, size_t *length)
{
    const char *end = text + size, *at = skip_space(text, end);
    size_t key_length = strlen(key);
    while (at < end && (*at == '{' || *at == ',')) {
        const char *name = skip_space(at + 1, end);
        if (name == end || *name != '"')
            return NULL;
        const char *after = skip_string(name, end);
        const char *colon = skip_space(after, end);
        const char *value = colon < end ? skip_space(colon + 1, end) : end;
        if (value == end)
            return NULL;
        at = skip_value(value, end);
        if ((size_t)(after - name) == key_length + 2 && memcmp(name + 1, key, key_length) == 0) {
            *length = (size_t)(at - value);
            return value;
        }
        at = skip_space(at, end);
    }
    return NULL;
}
