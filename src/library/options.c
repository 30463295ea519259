/* The options of a request that a model takes; see options.h. */
#include "library/options.h"

#include <stdio.h>

static enum wi_code check_none(
    const struct wi_model *model, const json_t *options, struct wi_error *error)
{
    const char *first = json_object_iter_key(json_object_iter((json_t *)options));
    char field[80];
    if (!first)
        return WI_OK;
    snprintf(field, sizeof field, "options.%.60s", first);
    wi_error_set(error, WI_UNKNOWN_FIELD, field, "%s takes no options, so there is no %s",
        model->name, field);
    wi_error_allow(error, "no options");
    return WI_UNKNOWN_FIELD;
}

enum wi_code wi_model_check_options(
    const struct wi_model *model, const json_t *options, struct wi_error *error)
{
    struct wi_count_options count;
    if (model->builtin == WI_BUILTIN_COUNT)
        return wi_builtin_read_count(options, &count, error);
    return check_none(model, options, error);
}
