/* Features of browsers, by doing; see features.h. */
#include "nodes/bridge/features.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/params.h"
#include "base/text.h"
#include "nodes/bridge/node.h"
#include "nodes/bridge/outgoing.h"
#include <stdio.h>
#include <string.h>

/* A page has a limit for each feature; this is for one that has none, and above the sum of
 * those. */
#define LOOK_MS (15 * 60 * 1000)

const struct wi_feature wi_features[] = {
    {"webgpu", "WebGPU"},
    {"webgpu_limits", "WebGPU, its limits"},
    {"webgpu_f16", "WebGPU shader-f16"},
    {"webgpu_subgroups", "WebGPU subgroups"},
    {"webgpu_timestamps", "WebGPU timestamp-query"},
    {"webgl2_worker", "WebGL 2 in a worker"},
    {"webgl2_document", "WebGL 2 in the document"},
    {"webgl2_floats", "WebGL 2 float targets"},
    {"webnn", "WebNN"},
    {"wasm_simd", "WASM SIMD"},
    {"wasm_relaxed_simd", "WASM relaxed SIMD"},
    {"wasm_threads", "WASM threads"},
    {"wasm_memory64", "WASM 64-bit memory"},
    {"wasm_jspi", "WASM JSPI"},
    {"int8_wasm", "8 bits on wasm"},
    {"int4_wasm", "4 bits on wasm"},
    {"int8_webgpu", "8 bits on webgpu"},
    {"int4_webgpu", "4 bits on webgpu"},
    {"int8_webnn", "8 bits on webnn"},
    {"int4_webnn", "4 bits on webnn"},
    {0},
};

const char *const wi_look_names[] = {"unasked", "asked", "done", "failed", NULL};

/* --- reading ---------------------------------------------------------------------------------- */

static const char *const state_names[] = {"yes", "software", "no", NULL};

struct finding {
    int state;
    const char *detail;
};

static const struct wi_param finding_table[] = {
    WI_PARAM(finding, state, ENUM, .required = 1, .names = state_names),
    WI_PARAM(finding, detail, STRING),
    WI_PARAM_END,
};

/* New reference, or NULL. */
static json_t *read_finding(const char *name, const json_t *value, struct wi_error *error)
{
    struct finding finding = {0};
    char where[64], detail[WI_FEATURE_DETAIL_MAX + 1];
    if (!value)
        return json_pack("{s:s, s:s}", "state", "no", "detail", "its page did not try it");
    snprintf(where, sizeof where, "data.features.%s.", name);
    if (wi_params_read(finding_table, value, WI_PARAMS_OPEN, where, &finding, error) != WI_OK)
        return NULL;
    wi_text_printable(detail, sizeof detail, finding.detail ? finding.detail : "");
    return json_pack("{s:s, s:s}", "state", state_names[finding.state], "detail", detail);
}

json_t *wi_features_read(const json_t *features, struct wi_error *error)
{
    json_t *out = json_object();
    for (const struct wi_feature *feature = wi_features; feature->name; feature++) {
        json_t *finding =
            read_finding(feature->name, json_object_get(features, feature->name), error);
        if (!finding) {
            json_decref(out);
            return NULL;
        }
        json_object_set_new(out, feature->name, finding);
    }
    return out;
}

json_t *wi_features_json(void)
{
    json_t *out = json_array();
    for (const struct wi_feature *feature = wi_features; feature->name; feature++)
        json_array_append_new(
            out, json_pack("{s:s, s:s}", "name", feature->name, "title", feature->title));
    return out;
}

/* --- a node's --------------------------------------------------------------------------------- */

static void look_settle(struct wi_node *node, enum wi_look_state state, const char *reason)
{
    const struct wi_bridge_events *events = &node->bridge->events;
    struct wi_look *look = &node->look;
    look->state = state;
    wi_text_copy(look->reason, sizeof look->reason, reason);
    wi_timer_stop(look->timer);
    wi_info("bridge", node->info.id, "its features: %s%s%s", wi_look_names[state],
        *reason ? ", " : "", reason);
    if (events->on_node_looked)
        events->on_node_looked(events->context, node->info.id);
}

static void on_overdue(void *context)
{
    look_settle(context, WI_LOOK_FAILED, "it gave no answer in 15 minutes");
}

static void send_query(struct wi_node *node)
{
    node->look.query = ++node->bridge->sequence;
    wi_node_send(node, wi_make_capability_query(node->look.query, wi_features));
}

void wi_look_ask(struct wi_node *node)
{
    struct wi_look *look = &node->look;
    if (look->state == WI_LOOK_ASKED)
        return;
    if (!look->timer)
        look->timer = wi_timer_new(node->bridge->loop, on_overdue, node);
    look->state = WI_LOOK_ASKED;
    look->asked_at = wi_wall_ms();
    wi_timer_start(look->timer, LOOK_MS, 0);
    send_query(node);
}

void wi_look_resume(struct wi_node *node)
{
    if (node->look.state == WI_LOOK_ASKED)
        send_query(node);
}

void wi_look_answer(struct wi_node *node, const char *reply_to, json_t *found)
{
    struct wi_look *look = &node->look;
    char expected[32];
    snprintf(expected, sizeof expected, "s-%llu", (unsigned long long)look->query);
    if (look->state != WI_LOOK_ASKED || !reply_to || strcmp(reply_to, expected) != 0) {
        json_decref(found); /* it was not asked, or not this */
        return;
    }
    if (found) {
        json_decref(look->found);
        look->found = found;
        look->found_at = wi_wall_ms();
    }
    look_settle(node, found ? WI_LOOK_DONE : WI_LOOK_FAILED, found ? "" : "it tries no features");
}

void wi_look_clear(struct wi_look *look)
{
    wi_timer_free(look->timer);
    look->timer = NULL;
    json_decref(look->found);
    look->found = NULL;
}
