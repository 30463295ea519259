/* Models that compute nothing; see builtin.h. */
#include "terms/kernel/builtin.h"

#include "base/params.h"
#include <string.h>

static const char *const names[WI_BUILTIN_END] = {
    [WI_BUILTIN_COUNT] = "builtin/count",
    [WI_BUILTIN_ECHO] = "builtin/echo",
};

const char *wi_builtin_name(enum wi_builtin builtin)
{
    return names[builtin];
}

enum wi_builtin wi_builtin_of_name(const char *name)
{
    for (int i = WI_BUILTIN_NONE + 1; i < WI_BUILTIN_END; i++)
        if (strcmp(names[i], name) == 0)
            return (enum wi_builtin)i;
    return WI_BUILTIN_NONE;
}

int wi_builtin_owns(const char *name)
{
    return strncmp(name, "builtin", 7) == 0 && (!name[7] || name[7] == '/');
}

int wi_builtin_waits(enum wi_builtin builtin)
{
    return builtin == WI_BUILTIN_COUNT;
}

const struct wi_param wi_builtin_count_options[] = {
    WI_PARAM(wi_count_options, count, INTEGER, .required = 1, .min = 1, .max = WI_COUNT_MAX),
    WI_PARAM(wi_count_options, interval_ms, INTEGER, .min = 0, .max = WI_COUNT_LONGEST),
    WI_PARAM(wi_count_options, bytes, INTEGER, .min = 0, .max = WI_COUNT_LONGEST),
    {0},
};

enum wi_code wi_builtin_read_count(
    const json_t *options, const char *where, struct wi_count_options *read, struct wi_error *error)
{
    json_t *none = options ? NULL : json_object();
    *read = (struct wi_count_options){0};
    enum wi_code code = wi_params_read(
        wi_builtin_count_options, options ? options : none, WI_PARAMS_STRICT, where, read, error);
    json_decref(none);
    return code;
}
