/* See versioned.h. */
#include "cluster/versioned.h"

#include "base/json_read.h"

#define VERSION_MAX 1000000000

struct version_params {
    int64_t version;
};

static enum wi_read_fault version_check(const struct wi_versioned *form, const json_t *object)
{
    struct version_params params = {0};
    const struct wi_param table[] = {WI_PARAM_AS(form->field, version_params, version, INTEGER,
                                         .required = 1, .max = VERSION_MAX),
        WI_PARAM_END};
    if (!json_is_object(object) ||
        wi_params_read(table, object, WI_PARAMS_OPEN, "", &params, NULL) != WI_OK)
        return WI_READ_GARBAGE;
    return params.version == form->version ? WI_READ_GOOD : WI_READ_OTHER_VERSION;
}

enum wi_read_fault wi_versioned_read(
    const struct wi_versioned *form, const char *text, size_t size, void *params, json_t **object)
{
    json_error_t place;
    *object = size <= form->most ? wi_json_read(text, size, 0, &place) : NULL;
    enum wi_read_fault fault = version_check(form, *object);
    if (fault == WI_READ_GOOD &&
        wi_params_read(form->table, *object, WI_PARAMS_OPEN, "", params, NULL) != WI_OK)
        return WI_READ_GARBAGE;
    return fault;
}
