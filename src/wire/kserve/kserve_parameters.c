/* The bodies of KServe's clients except for their inputs: members and `parameters`. */
#include "wire/kserve/kserve.h"

#include "base/memory.h"
#include "base/secret.h"
#include <math.h>
#include <string.h>

#define TIMEOUT_MAX_US 3600000000.0
#define COUNT_MAX 9007199254740991.0 /* the largest integer that every peer represents exactly */

struct parameters {
    int binary_data_output, fallback, precision; /* precision: -1 if not given */
    int64_t priority, timeout;
    const char *platform, *browser, *node, *task;
    json_t *sequence_id, *sequence_start, *sequence_end;
};

#define SEQUENCE "Refused: requests are not joined into sequences."
const struct wi_param wi_kserve_parameters[] = {
    WI_PARAM(parameters, binary_data_output, BOOL,
        .help = "Whether outputs are binary, unless the request says otherwise for an output."),
    WI_PARAM(parameters, priority, INTEGER, .max = COUNT_MAX,
        .help = "1 is the most urgent; 0, the default, is the same as 5."),
    WI_PARAM(parameters, timeout, INTEGER, .max = TIMEOUT_MAX_US,
        .help = "The time limit for queueing, loading and running, in microseconds; 0 means the "
                "default of timeout_ms in webinfer-api(7)."),
    WI_PARAM(parameters, platform, STRING, .min = 1, .max = 32,
        .help =
            "Where to run the model. This and the next five parameters are as in webinfer-api(7)."),
    WI_PARAM(parameters, browser, STRING, .min = 1, .max = 31),
    WI_PARAM(parameters, node, STRING, .min = 1, .max = WI_ID_SIZE - 1),
    WI_PARAM(parameters, fallback, BOOL),
    WI_PARAM(parameters, precision, ENUM, .names = wi_infer_precision_names),
    WI_PARAM(parameters, task, STRING, .min = 1, .max = 64),
    WI_PARAM(parameters, sequence_id, ANY, .help = SEQUENCE),
    WI_PARAM(parameters, sequence_start, ANY, .help = SEQUENCE),
    WI_PARAM(parameters, sequence_end, ANY, .help = SEQUENCE),
    {0},
};

enum wi_code wi_kserve_read_members(struct wi_infer *infer, const json_t *root,
    const struct wi_param *table, void *fields, struct wi_error *error)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)root, name, value)
    {
        if (infer->lenient && !json_is_null(value) && !wi_params_find(table, name))
            wi_infer_pass_over(infer, name);
    }
    return wi_params_read(
        table, root, infer->lenient ? WI_PARAMS_OPEN : WI_PARAMS_STRICT, "", fields, error);
}

static enum wi_code check_sequence(const struct parameters *parameters, struct wi_error *error)
{
    const char *name = parameters->sequence_id      ? "parameters.sequence_id"
                       : parameters->sequence_start ? "parameters.sequence_start"
                       : parameters->sequence_end   ? "parameters.sequence_end"
                                                    : NULL;
    if (!name)
        return WI_OK;
    wi_error_set(error, WI_INVALID_FIELD, name,
        "%s is of a sequence, and no model here keeps anything from one request to the next", name);
    return wi_error_expect(error, "no such parameter");
}

/* Parameters that the protocol does not know are the model's. */
static void take_options(struct wi_inference *asked, const json_t *parameters)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)parameters, name, value)
    {
        if (json_is_null(value) || wi_params_find(wi_kserve_parameters, name))
            continue;
        if (!asked->options)
            asked->options = json_object();
        json_object_set(asked->options, name, value);
    }
}

enum wi_code wi_kserve_read_parameters(
    struct wi_infer *infer, const json_t *given, struct wi_error *error)
{
    struct parameters parameters = {.platform = "auto", .fallback = 1, .precision = -1};
    struct wi_inference *asked = infer->asked;
    struct wi_kserve_extras *extras = infer->extras;
    enum wi_code code = WI_OK;
    if (given)
        code = wi_params_read(
            wi_kserve_parameters, given, WI_PARAMS_OPEN, "parameters.", &parameters, error);
    if (code != WI_OK || (code = check_sequence(&parameters, error)) != WI_OK ||
        (code = wi_native_read_task(infer, parameters.task, 0, error)) != WI_OK ||
        (code = wi_infer_read_platform(
             parameters.platform, &asked->has_platform, &asked->platform, error)) != WI_OK)
        return code;
    asked->browser = wi_strdup(parameters.browser);
    asked->node = wi_strdup(parameters.node);
    asked->fallback = parameters.fallback;
    asked->precision = wi_infer_take_precision(parameters.precision);
    /* Their priorities begin with 1, the most urgent; ours go from 9 down to 0. */
    asked->priority = parameters.priority == 0    ? WI_PRIORITY_DEFAULT
                      : parameters.priority >= 10 ? 0
                                                  : 10 - (int)parameters.priority;
    infer->has_timeout = parameters.timeout > 0;
    /* No time is less than the minimum of timeout_ms. */
    asked->timeout_ms = infer->has_timeout ? fmax(1, (double)parameters.timeout / 1000) : 0;
    extras->tensors.binary_output = parameters.binary_data_output;
    take_options(asked, given);
    return WI_OK;
}
