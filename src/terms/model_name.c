/* The form of a model's name, and its parts. */
#include "terms/model_name.h"

#include "base/memory.h"
#include <ctype.h>
#include <string.h>

/* The length of a segment at `name`, 0 if there is none: [A-Za-z0-9][A-Za-z0-9._-]{0,127}. */
static size_t segment_length(const char *name)
{
    size_t length = 0;
    if (!isalnum((unsigned char)name[0]))
        return 0;
    while (isalnum((unsigned char)name[length]) || (name[length] && strchr("._-", name[length])))
        length++;
    return length <= 128 ? length : 0;
}

enum wi_code wi_model_check_name(const char *name, struct wi_error *error)
{
    const char *rest = name + segment_length(name);
    int good = rest > name;
    for (const char *mark = "/:"; good && *rest && *mark; mark++) {
        if (*rest != *mark)
            continue;
        size_t length = segment_length(rest + 1);
        good = length > 0;
        rest += 1 + length;
    }
    if (good && *rest == '\0')
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, "model_name", "\"%.160s\" is not a model name", name);
    return wi_error_allow(error,
        "NAME or OWNER/NAME, each of at most 128 letters, digits, \".\", \"_\" "
        "and \"-\", beginning with a letter or digit; behind it perhaps "
        "\":VARIANT\"");
}

size_t wi_model_name_base(const char *name)
{
    return strcspn(name, ":");
}

const char *wi_model_name_variant(const char *name)
{
    const char *mark = strchr(name, ':');
    return mark ? mark + 1 : NULL;
}

char *wi_model_name_without(const char *name)
{
    return wi_strndup(name, wi_model_name_base(name));
}

char *wi_model_name_with(const char *name, const char *variant)
{
    return wi_sprintf("%.*s:%s", (int)wi_model_name_base(name), name, variant);
}

int wi_name_is_content(const char *name)
{
    return strncmp(name, WI_NAME_CONTENT, sizeof WI_NAME_CONTENT - 1) == 0;
}
