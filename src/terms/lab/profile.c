/* Profiles of unknown origin, checked and added up; see profile.h. */
#include "terms/lab/profile.h"

#include "base/memory.h"
#include "base/params.h"
#include "terms/lab/lab_run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 255
#define SHAPES_MAX 512
#define REASON_MAX 512
#define CALLS_MAX 1e9
#define COUNT_MAX 1e15 /* WI_PROFILE_NODES_MAX of them are an int64_t */

enum source { OF_ONNXRUNTIME, OF_LLAMA, OF_KERNELS, OF_SIMULATION };
static const char *const sources[] = {[OF_ONNXRUNTIME] = "onnxruntime",
    [OF_LLAMA] = "llama.cpp",
    [OF_KERNELS] = "kernels",
    [OF_SIMULATION] = "simulated",
    NULL};
enum clock { BY_CPU, BY_GPU };
static const char *const clocks[] = {[BY_CPU] = "cpu", [BY_GPU] = "gpu", NULL};

/* --- reading ---------------------------------------------------------------------------------- */

struct profile {
    int source, clock;
    const char *platform;
    int64_t runs;
    double run_ms;
    json_t *nodes, *left_out, *capture;
};

static const struct wi_param profile_table[] = {
    WI_PARAM(profile, source, ENUM, .required = 1, .names = sources),
    WI_PARAM(profile, clock, ENUM, .required = 1, .names = clocks),
    WI_PARAM(profile, platform, STRING, .required = 1, .min = 1, .max = 16),
    WI_PARAM(profile, runs, INTEGER, .required = 1, .min = 1, .max = WI_PROFILE_RUNS_MAX),
    WI_PARAM(profile, run_ms, NUMBER, .max = WI_LAB_MS_MAX),
    WI_PARAM(profile, nodes, ARRAY, .required = 1, .max = WI_PROFILE_NODES_MAX),
    WI_PARAM(profile, left_out, OBJECT),
    WI_PARAM(profile, capture, OBJECT),
    WI_PARAM_END,
};

struct left_out {
    int64_t nodes, events;
    double ms;
};

static const struct wi_param left_out_table[] = {
    WI_PARAM(left_out, nodes, INTEGER, .max = COUNT_MAX),
    WI_PARAM(left_out, events, INTEGER, .max = COUNT_MAX),
    WI_PARAM(left_out, ms, NUMBER, .max = WI_LAB_MS_MAX),
    WI_PARAM_END,
};

struct capture {
    int possible, fixed_sizes;
    const char *node, *operator_type, *reason;
};

static const struct wi_param capture_table[] = {
    WI_PARAM(capture, possible, BOOL, .required = 1),
    WI_PARAM(capture, fixed_sizes, BOOL, .required = 1),
    WI_PARAM(capture, node, STRING, .max = NAME_MAX_BYTES),
    WI_PARAM_AS("operator", capture, operator_type, STRING, .max = NAME_MAX_BYTES),
    WI_PARAM(capture, reason, STRING, .max = REASON_MAX),
    WI_PARAM_END,
};

struct node {
    const char *name, *operator_type, *platform, *shapes, *reason;
    int64_t calls, copied_bytes;
    double ms, cpu_ms, began_ms;
};

static const struct wi_param node_table[] = {
    WI_PARAM(node, name, STRING, .required = 1, .max = NAME_MAX_BYTES),
    WI_PARAM_AS("operator", node, operator_type, STRING, .required = 1, .max = NAME_MAX_BYTES),
    WI_PARAM(node, platform, STRING, .min = 1, .max = 64),
    WI_PARAM(node, calls, INTEGER, .required = 1, .min = 1, .max = CALLS_MAX),
    WI_PARAM(node, ms, NUMBER, .required = 1, .max = WI_LAB_MS_MAX),
    WI_PARAM(node, cpu_ms, NUMBER, .max = WI_LAB_MS_MAX),
    WI_PARAM(node, began_ms, NUMBER, .max = WI_LAB_MS_MAX),
    WI_PARAM(node, copied_bytes, INTEGER, .max = COUNT_MAX),
    WI_PARAM(node, shapes, STRING, .max = SHAPES_MAX),
    WI_PARAM(node, reason, STRING, .max = REASON_MAX),
    WI_PARAM_END,
};

static void keep_members(json_t *object, const struct wi_param *table)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_null(value) || !wi_params_find(table, key))
            json_object_del(object, key);
    }
}

/* --- adding up -------------------------------------------------------------------------------- */

static double share_of(double ms, double run_ms)
{
    return run_ms > 0 ? ms / run_ms : 0;
}

/* Nodes of an operator on a platform. Texts are borrowed from the nodes. */
struct sum {
    const char *operator_type, *platform, *reason;
    int64_t calls, nodes, copied_bytes;
    double ms;
};

static int node_compare(const void *left, const void *right)
{
    const struct node *a = left, *b = right;
    int order = strcmp(a->operator_type, b->operator_type);
    return order ? order : strcmp(a->platform, b->platform);
}

static int sum_compare(const void *left, const void *right)
{
    const struct sum *a = left, *b = right;
    if (a->ms != b->ms)
        return a->ms < b->ms ? 1 : -1;
    int order = strcmp(a->operator_type, b->operator_type);
    return order ? order : strcmp(a->platform, b->platform);
}

/* Sorts the nodes, and fills `sums`, which has room for as many. How many there are. */
static size_t nodes_add_up(struct node *nodes, size_t count, struct sum *sums)
{
    size_t made = 0;
    if (count > 0)
        qsort(nodes, count, sizeof *nodes, node_compare);
    for (size_t i = 0; i < count; i++) {
        const struct node *node = &nodes[i];
        if (i == 0 || node_compare(&nodes[i - 1], node) != 0)
            sums[made++] =
                (struct sum){.operator_type = node->operator_type, .platform = node->platform};
        struct sum *sum = &sums[made - 1];
        sum->calls += node->calls;
        sum->nodes++;
        sum->copied_bytes += node->copied_bytes;
        sum->ms += node->ms;
        if (!sum->reason)
            sum->reason = node->reason;
    }
    if (made > 0)
        qsort(sums, made, sizeof *sums, sum_compare);
    return made;
}

static json_t *sum_json(const struct sum *sum, const struct profile *profile)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:f, s:f, s:b, s:s*, s:I}", "operator",
        sum->operator_type, "platform", sum->platform, "nodes", (json_int_t)sum->nodes, "calls",
        (json_int_t)sum->calls, "ms", sum->ms, "share", share_of(sum->ms, profile->run_ms),
        "fell_back", strcmp(sum->platform, profile->platform) != 0, "reason", sum->reason,
        "copied_bytes", (json_int_t)sum->copied_bytes);
}

/* What took the time that no node has. */
static const char *other_text(const struct profile *profile, double sum_ms)
{
    if (sum_ms > profile->run_ms)
        return "none: nodes were computed at the same time as others, or the clock is coarse";
    if (profile->source == OF_LLAMA)
        return "tokenizing, waiting for llama.cpp's threads, and the page";
    if (profile->clock == BY_GPU)
        return "the CPU's work for the GPU's operators, waits, and copies of inputs and outputs";
    if (strcmp(profile->platform, "wasm") == 0 || profile->source == OF_SIMULATION)
        return "inputs, outputs and the page, between the operators";
    return "the device's work: its times are not told here, so those of operators are of the CPU "
           "that prepares them";
}

static void profile_complete(json_t *document, struct profile *profile, struct node *nodes,
    size_t count, const struct left_out *left_out)
{
    struct sum *sums = wi_alloc((count + 1) * sizeof *sums);
    size_t made = nodes_add_up(nodes, count, sums);
    json_t *operators = json_array();
    double sum_ms = left_out->ms;
    for (size_t i = 0; i < made; i++) {
        sum_ms += sums[i].ms;
        json_array_append_new(operators, sum_json(&sums[i], profile));
    }
    double other_ms = sum_ms < profile->run_ms ? profile->run_ms - sum_ms : 0;
    json_object_set_new(document, "run_ms", json_real(profile->run_ms));
    json_object_set_new(document, "operators", operators);
    json_object_set_new(document, "other",
        json_pack("{s:f, s:f, s:s}", "ms", other_ms, "share", share_of(other_ms, profile->run_ms),
            "what", other_text(profile, sum_ms)));
    json_object_set_new(document, "left_out",
        json_pack("{s:I, s:f, s:I}", "nodes", (json_int_t)left_out->nodes, "ms", left_out->ms,
            "events", (json_int_t)left_out->events));
    free(sums);
}

/* Reads the nodes into `nodes`, and completes each. */
static enum wi_code nodes_read(
    const struct profile *profile, struct node *nodes, const char *where, struct wi_error *error)
{
    json_t *row;
    size_t i;
    json_array_foreach(profile->nodes, i, row)
    {
        struct node *node = &nodes[i];
        char place[96];
        *node = (struct node){.platform = profile->platform};
        snprintf(place, sizeof place, "%snodes[%zu].", where, i);
        if (!json_is_object(row)) {
            place[strlen(place) - 1] = '\0';
            return wi_error_set(error, WI_INVALID_FIELD, place, "%s must be an object", place);
        }
        enum wi_code code = wi_params_read(node_table, row, WI_PARAMS_OPEN, place, node, error);
        if (code != WI_OK)
            return code;
        keep_members(row, node_table);
        if (!json_is_string(json_object_get(row, "platform")))
            json_object_set_new(row, "platform", json_string(profile->platform));
        json_object_set_new(row, "share", json_real(share_of(node->ms, profile->run_ms)));
        json_object_set_new(
            row, "fell_back", json_boolean(strcmp(node->platform, profile->platform) != 0));
    }
    return WI_OK;
}

/* Reads a profile without its nodes. */
static enum wi_code profile_read(const json_t *document, const char *where, struct profile *profile,
    struct left_out *left_out, struct wi_error *error)
{
    struct capture capture = {0};
    char place[64];
    enum wi_code code =
        wi_params_read(profile_table, document, WI_PARAMS_OPEN, where, profile, error);
    snprintf(place, sizeof place, "%sleft_out.", where);
    if (code == WI_OK && profile->left_out)
        code = wi_params_read(
            left_out_table, profile->left_out, WI_PARAMS_OPEN, place, left_out, error);
    snprintf(place, sizeof place, "%scapture.", where);
    if (code == WI_OK && profile->capture)
        code =
            wi_params_read(capture_table, profile->capture, WI_PARAMS_OPEN, place, &capture, error);
    if (code == WI_OK && profile->capture)
        keep_members(profile->capture, capture_table);
    return code;
}

enum wi_code wi_profile_settle(
    json_t *profile, double run_ms, const char *where, struct wi_error *error)
{
    struct profile read = {.run_ms = -1};
    struct left_out left_out = {0};
    char place[64];
    enum wi_code code = profile_read(profile, where, &read, &left_out, error);
    if (code != WI_OK)
        return code;
    if (run_ms >= 0)
        read.run_ms = run_ms;
    snprintf(place, sizeof place, "%srun_ms", where);
    if (read.run_ms < 0)
        return wi_error_set(error, WI_MISSING_FIELD, place, "%s is missing", place);
    keep_members(profile, profile_table);
    size_t count = json_array_size(read.nodes);
    struct node *nodes = wi_alloc((count + 1) * sizeof *nodes);
    code = nodes_read(&read, nodes, where, error);
    if (code == WI_OK)
        profile_complete(profile, &read, nodes, count, &left_out);
    free(nodes);
    return code;
}
