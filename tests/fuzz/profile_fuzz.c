/*
 * Any JSON object as the profile that a node tells. What is taken is bounded and adds up, comes out
 * of a second look as it is, and can be compared and written as a trace; what is refused is
 * explained.
 */
#include "must.h"
#include "plant.h"
#include "terms/lab/profile.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static double number(const json_t *object, const char *member)
{
    const json_t *value = json_object_get(object, member);
    must(json_is_number(value));
    return json_number_value(value);
}

static double add_up(const json_t *rows)
{
    double sum = 0;
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        must(number(row, "ms") >= 0 && number(row, "share") >= 0 && number(row, "calls") >= 1);
        sum += number(row, "ms");
    }
    return sum;
}

static void check_sums(const json_t *profile)
{
    const json_t *nodes = json_object_get(profile, "nodes");
    double of_nodes = add_up(nodes), of_operators = add_up(json_object_get(profile, "operators"));
    double slack = 1e-6 + 1e-6 * of_nodes;
    must(json_array_size(nodes) <= WI_PROFILE_NODES_MAX);
    must(of_operators <= of_nodes + slack && of_nodes <= of_operators + slack);
    must(number(json_object_get(profile, "other"), "ms") >= 0);
    WI_PLANT(number(profile, "runs") == 7); /* in no seed */
}

static void check_comparison(const json_t *profile)
{
    json_t *list = wi_profile_compare(profile, profile);
    const json_t *row;
    size_t i;
    must(json_array_size(list) == json_array_size(json_object_get(profile, "operators")));
    json_array_foreach(list, i, row)
        must(strcmp(json_string_value(json_object_get(row, "change")), "alike") == 0);
    json_decref(list);
}

static void check_trace(const json_t *profile)
{
    json_t *trace = wi_profile_trace(profile, "m");
    must(json_array_size(json_object_get(trace, "traceEvents")) >
         json_array_size(json_object_get(profile, "nodes")));
    json_decref(trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *profile = json_loadb((const char *)data, size, 0, NULL);
    struct wi_error error = {0};
    if (json_is_object(profile) && wi_profile_settle(profile, 100, "p.", &error) == WI_OK) {
        json_t *before = json_deep_copy(profile);
        check_sums(profile);
        check_comparison(profile);
        check_trace(profile);
        must(wi_profile_settle(profile, -1, "p.", &error) == WI_OK);
        must(json_equal(profile, before));
        json_decref(before);
    } else if (json_is_object(profile)) {
        must(*error.detail && strncmp(error.field, "p.", 2) == 0);
    }
    json_decref(profile);
    return 0;
}
