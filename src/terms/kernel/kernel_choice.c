/* Choices of variants, read and written; see kernel_choice.h. */
#include "terms/kernel/kernel_choice.h"

#include "base/params.h"
#include "base/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct read {
    const char *variant;
    json_t *workgroup;
    double ms, default_ms;
};

static const struct wi_param choice_table[] = {
    WI_PARAM(read, variant, STRING, .required = 1, .min = 1, .max = WI_KERNEL_VARIANT_MAX),
    WI_PARAM(read, workgroup, ARRAY, .required = 1, .min = 2, .max = 2),
    WI_PARAM(read, ms, NUMBER, .max = WI_KERNEL_TUNED_MS_MAX),
    WI_PARAM(read, default_ms, NUMBER, .max = WI_KERNEL_TUNED_MS_MAX),
    WI_PARAM_END,
};

static enum wi_code choice_refuse(
    const char *where, const char *member, const char *expected, struct wi_error *error)
{
    char field[96];
    snprintf(field, sizeof field, "%s%s", where, member);
    wi_error_set(error, WI_INVALID_FIELD, field, "%s must be %s", field, expected);
    return wi_error_expect(error, "%s", expected);
}

/* Reads the two sides; 0, or -1. */
static int read_workgroup(const json_t *list, int64_t sides[2])
{
    for (size_t i = 0; i < 2; i++) {
        const json_t *side = json_array_get(list, i);
        sides[i] = json_is_integer(side) ? json_integer_value(side) : 0;
        if (sides[i] < 1 || sides[i] > WI_KERNEL_INVOCATIONS)
            return -1;
    }
    return sides[0] * sides[1] <= WI_KERNEL_INVOCATIONS ? 0 : -1;
}

enum wi_code wi_kernel_choice_read(struct wi_kernel_choice *choice, const json_t *object,
    const char *where, struct wi_error *error)
{
    struct read read = {0};
    *choice = (struct wi_kernel_choice){0};
    enum wi_code code = wi_params_read(choice_table, object, WI_PARAMS_OPEN, where, &read, error);
    if (code != WI_OK)
        return code;
    if (read.variant[strspn(read.variant, "abcdefghijklmnopqrstuvwxyz0123456789_")])
        return choice_refuse(where, "variant", "a name of small letters, digits and _", error);
    if (read_workgroup(read.workgroup, choice->workgroup) != 0)
        return choice_refuse(where, "workgroup", "two integers, at most 1024 invocations", error);
    wi_text_copy(choice->variant, sizeof choice->variant, read.variant);
    choice->ms = read.ms;
    choice->default_ms = read.default_ms;
    return WI_OK;
}

void wi_kernel_choice_add(struct wi_buffer *out, const struct wi_kernel_choice *choice)
{
    wi_buffer_printf(out,
        "{\"variant\":\"%s\",\"workgroup\":[%" PRId64 ",%" PRId64 "],\"ms\":%.9g,"
        "\"default_ms\":%.9g}",
        choice->variant, choice->workgroup[0], choice->workgroup[1], choice->ms,
        choice->default_ms);
}
