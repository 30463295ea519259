/* Capability reports; see report.h. */
#include "nodes/bridge/report.h"
#include "base/params.h"
#include "base/text.h"
#include "terms/tensor/tensor.h"
#include <string.h>

/* A whole report of Chromium's with adapter, features and limits has about 150 values. */
#define MAX_DEPTH 8
#define MAX_MEMBERS 128
#define MAX_VALUES 2048
#define MAX_TEXT 256

static json_t *copy_bounded(const json_t *value, int depth, int *left);

static json_t *copy_object(const json_t *object, int depth, int *left)
{
    json_t *copy = json_object(), *member;
    const char *key;
    json_object_foreach((json_t *)object, key, member)
    {
        char name[65];
        if (json_object_size(copy) >= MAX_MEMBERS || *left <= 0)
            break;
        wi_text_printable(name, sizeof name, key);
        json_object_set_new(copy, name, copy_bounded(member, depth + 1, left));
    }
    return copy;
}

static json_t *copy_array(const json_t *array, int depth, int *left)
{
    json_t *copy = json_array();
    for (size_t i = 0; i < json_array_size(array) && i<MAX_MEMBERS && * left> 0; i++)
        json_array_append_new(copy, copy_bounded(json_array_get(array, i), depth + 1, left));
    return copy;
}

static json_t *copy_bounded(const json_t *value, int depth, int *left)
{
    char text[MAX_TEXT];
    --*left;
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_OBJECT:
        return depth < MAX_DEPTH ? copy_object(value, depth, left) : json_null();
    case JSON_ARRAY:
        return depth < MAX_DEPTH ? copy_array(value, depth, left) : json_null();
    case JSON_STRING:
        wi_text_printable(text, sizeof text, json_string_value(value));
        return json_string(text);
    default:
        return value ? json_incref((json_t *)value) : json_null();
    }
}

json_t *wi_report_bounded(const json_t *value)
{
    int left = MAX_VALUES;
    return copy_bounded(value, 0, &left);
}

/* --- Reading --------------------------------------------------------------------------------- */

struct report {
    json_t *browser, *platforms, *engines, *engine_info, *task_types;
    const char *os;
    int64_t cores;
    double memory_gib;
    int64_t memory_limit;
    int cross_origin_isolated;
};

static const struct wi_param report_table[] = {
    WI_PARAM(report, browser, OBJECT, .required = 1),
    WI_PARAM(report, platforms, OBJECT, .required = 1),
    WI_PARAM(report, engines, OBJECT),
    WI_PARAM(report, engine_info, OBJECT),
    WI_PARAM(report, task_types, ARRAY, .max = 64),
    WI_PARAM(report, os, STRING),
    WI_PARAM(report, cores, INTEGER, .max = 4096),
    WI_PARAM(report, memory_gib, NUMBER, .max = 1048576),
    WI_PARAM(report, memory_limit, INTEGER, .min = 1, .max = WI_TENSOR_DIM_MAX),
    WI_PARAM(report, cross_origin_isolated, BOOL, .required = 1),
    WI_PARAM_END,
};

struct browser {
    const char *name, *version, *user_agent;
};

static const struct wi_param browser_table[] = {
    WI_PARAM(browser, name, STRING, .required = 1, .min = 1, .max = 64),
    WI_PARAM(browser, version, STRING),
    WI_PARAM(browser, user_agent, STRING),
    WI_PARAM_END,
};

struct platform {
    int available;
    const char *reason;
    json_t *adapter;
};

static const struct wi_param platform_table[] = {
    WI_PARAM(platform, available, BOOL, .required = 1),
    WI_PARAM(platform, reason, STRING),
    WI_PARAM(platform, adapter, OBJECT),
    WI_PARAM_END,
};

struct adapter {
    const char *vendor, *architecture, *description;
    int is_fallback;
};

static const struct wi_param adapter_table[] = {
    WI_PARAM(adapter, vendor, STRING),
    WI_PARAM(adapter, architecture, STRING),
    WI_PARAM(adapter, description, STRING),
    WI_PARAM(adapter, is_fallback, BOOL),
    WI_PARAM_END,
};

static enum wi_code read_adapter(
    const json_t *object, const char *platform, struct wi_adapter *adapter, struct wi_error *error)
{
    char where[96];
    struct adapter read = {0};
    snprintf(where, sizeof where, "data.capabilities.platforms.%s.adapter.", platform);
    if (wi_params_read(adapter_table, object, WI_PARAMS_OPEN, where, &read, error) != WI_OK)
        return error->code;
    wi_text_printable(adapter->vendor, sizeof adapter->vendor, read.vendor);
    wi_text_printable(adapter->architecture, sizeof adapter->architecture, read.architecture);
    wi_text_printable(adapter->description, sizeof adapter->description, read.description);
    adapter->is_fallback = read.is_fallback;
    return WI_OK;
}

int wi_report_is_adapter(
    const json_t *adapter, const struct wi_node_info *info, enum wi_platform platform)
{
    const struct wi_adapter *known = &info->platforms[platform].adapter;
    struct wi_adapter read = {0};
    struct wi_error error;
    if (!adapter || !info->platforms[platform].has_adapter)
        return !adapter && !info->platforms[platform].has_adapter;
    return read_adapter(adapter, wi_platform_names[platform], &read, &error) == WI_OK &&
           strcmp(read.vendor, known->vendor) == 0 &&
           strcmp(read.architecture, known->architecture) == 0 &&
           strcmp(read.description, known->description) == 0;
}

static enum wi_code read_platforms(
    const json_t *platforms, struct wi_node_info *info, struct wi_error *error)
{
    for (int i = 0; i < WI_PLATFORM_COUNT; i++) {
        const json_t *object = json_object_get(platforms, wi_platform_names[i]);
        struct wi_node_platform *platform = &info->platforms[i];
        struct platform read = {0};
        char where[64];
        *platform = (struct wi_node_platform){0};
        if (!object || json_is_null(object)) {
            wi_text_printable(
                platform->reason, sizeof platform->reason, "the node did not report it");
            continue;
        }
        snprintf(where, sizeof where, "data.capabilities.platforms.%s.", wi_platform_names[i]);
        if (wi_params_read(platform_table, object, WI_PARAMS_OPEN, where, &read, error) != WI_OK)
            return error->code;
        platform->available = read.available;
        wi_text_printable(platform->reason, sizeof platform->reason, read.reason);
        platform->f16 = wi_json_has_text(json_object_get(object, "features"), "shader-f16");
        platform->has_adapter = read.adapter != NULL;
        if (read.adapter &&
            read_adapter(read.adapter, wi_platform_names[i], &platform->adapter, error) != WI_OK)
            return error->code;
    }
    for (int i = 0; info->platforms[WI_SIMULATED].available && i < WI_SIMULATED; i++) {
        info->platforms[i].available = 0;
        wi_text_printable(
            info->platforms[i].reason, sizeof info->platforms[i].reason, "the node is simulated");
    }
    return WI_OK;
}

/* A node may say less of an engine than that it has it, and name engines that are not ours. */

struct engine {
    int64_t slots, short_slots, queue, file_max;
    json_t *can;
};

static const struct wi_param engine_table[] = {
    WI_PARAM(engine, slots, INTEGER, .min = 1, .max = WI_ENGINE_SLOTS_MAX),
    WI_PARAM(engine, short_slots, INTEGER, .max = WI_ENGINE_SLOTS_MAX),
    WI_PARAM(engine, queue, INTEGER, .max = WI_ENGINE_SLOTS_MAX),
    WI_PARAM(engine, can, ARRAY, .max = 64),
    WI_PARAM(engine, file_max, INTEGER, .min = 1, .max = WI_TENSOR_DIM_MAX),
    WI_PARAM_END,
};

static enum wi_code read_engines(
    const struct report *report, struct wi_node_info *info, struct wi_error *error)
{
    for (int i = 0; i < WI_ENGINE_COUNT; i++) {
        const char *version =
            json_string_value(json_object_get(report->engines, wi_engine_names[i]));
        const json_t *object = json_object_get(report->engine_info, wi_engine_names[i]);
        struct wi_node_engine *engine = &info->engines[i];
        struct engine read = {.slots = wi_engines[i].slots, .queue = 1};
        char where[64];
        snprintf(where, sizeof where, "data.capabilities.engine_info.%s.", wi_engine_names[i]);
        if (object &&
            wi_params_read(engine_table, object, WI_PARAMS_OPEN, where, &read, error) != WI_OK)
            return error->code;
        *engine =
            (struct wi_node_engine){.available = version || object || wi_engines[i].is_everywhere,
                .slots = (unsigned)read.slots,
                .short_slots = (unsigned)read.short_slots,
                .queue = (unsigned)read.queue,
                .can_continue = wi_json_has_text(read.can, "continue"),
                .continues_several = wi_json_has_text(read.can, "continue_several"),
                .on_webgpu = wi_json_has_text(read.can, "webgpu"),
                .file_max = read.file_max};
        wi_text_printable(engine->version, sizeof engine->version, version ? version : "");
    }
    /* One that says nothing is asked for inference alone. */
    info->engines[WI_ENGINE_KERNELS].available &= wi_json_has_text(report->task_types, "compute");
    info->benchmarks = wi_json_has_text(report->task_types, "benchmark");
    return WI_OK;
}

enum wi_code wi_report_read(
    const json_t *capabilities, struct wi_node_info *info, struct wi_error *error)
{
    struct wi_node_info next = *info;
    struct report report = {0};
    struct browser browser = {0};
    if (wi_params_read(report_table, capabilities, WI_PARAMS_OPEN, "data.capabilities.", &report,
            error) != WI_OK ||
        wi_params_read(browser_table, report.browser, WI_PARAMS_OPEN, "data.capabilities.browser.",
            &browser, error) != WI_OK ||
        read_platforms(report.platforms, &next, error) != WI_OK ||
        read_engines(&report, &next, error) != WI_OK)
        return error->code;
    if (!*next.kind)
        wi_text_printable(next.kind, sizeof next.kind, browser.name);
    /* A page's does not change; behind a relay another one may stand for its kind by now. */
    if (!*next.browser_version || *next.relay)
        wi_text_printable(next.browser_version, sizeof next.browser_version, browser.version);
    wi_text_printable(next.user_agent, sizeof next.user_agent, browser.user_agent);
    next.cores = (int)report.cores;
    next.memory_gib = report.memory_gib;
    next.memory_limit = report.memory_limit;
    next.isolated = report.cross_origin_isolated;
    next.capabilities = wi_report_bounded(capabilities);
    *info = next;
    return WI_OK;
}
