/*
 * The operator's verbs: load and unload a model, recycle a session, drain a node. Loading is
 * started here and answered 202; how it goes shows in /v1/models.
 */
#include "api/endpoints/openapi.h"

#include "api/endpoints/admin.h"
#include "api/http/step.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "wire/describe/schemas.h"
#include <stdlib.h>
#include <string.h>

struct target {
    const char *node; /* NULL: every node */
    int platform;     /* -1: as the node is best */
};

struct order {
    struct wi_request *request;
    json_t *body; /* owns target's strings */
    struct target target;
    struct wi_model *model; /* NULL: unload */
};

static void free_order(void *work)
{
    struct order *order = work;
    wi_model_unref(order->model);
    json_decref(order->body);
    free(order);
}

#define NODE                                                                                       \
    WI_PARAM(target, node, STRING, .min = 1, .max = WI_ID_SIZE - 1,                                \
        .help = "Only this node; all by default.")
const struct wi_param wi_unload_params[] = {NODE, {0}};
const struct wi_param wi_load_params[] = {NODE,
    WI_PARAM(target, platform, ENUM, .names = wi_platform_names,
        .help = "The platform; by default a real GPU if there is one, otherwise WASM."),
    {0}};

/* Tells the nodes and answers; frees the order. */
static void carry_out(struct order *order)
{
    struct wi_request *request = order->request;
    struct wi_error error;
    struct wi_order told = {.api = request->api,
        .node = order->target.node,
        .platform = order->target.platform,
        .model = order->model,
        .name = request->argument};
    if (wi_order_give(&told, &error) == WI_OK) {
        const char *state = order->model ? "loading" : "unloading";
        size_t count = json_array_size(told.nodes);
        wi_info("api", request->id, "%s %s on %zu node%s, as %.80s has asked", state,
            request->argument, count, count == 1 ? "" : "s", wi_request_client(request));
        wi_request_answer_json(
            request, 202, wi_form_json("Order", request->argument, state, json_incref(told.nodes)));
    } else {
        wi_request_answer_error(request, &error);
    }
    json_decref(told.nodes);
    free_order(order);
}

/* NULL: the request was answered. */
static struct order *new_order(struct wi_request *request, const struct wi_param *table)
{
    struct order *order = wi_alloc(sizeof *order);
    order->request = request;
    order->target.platform = -1;
    order->body = wi_request_read_body(request, table, &order->target);
    if (order->body)
        return order;
    free_order(order);
    return NULL;
}

static void on_model(struct wi_request *request, void *work, struct wi_model *model)
{
    struct order *order = work;
    struct wi_error error;
    if (model->builtin) {
        wi_request_answer_refusal(
            request, WI_CONFLICT, "model_name", "%s is part of every node", model->name);
        free_order(order);
        return;
    }
    if (wi_model_check_engine(model, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        free_order(order);
        return;
    }
    order->model = wi_model_ref(model);
    carry_out(order);
}

void wi_handle_model_load(struct wi_request *request)
{
    struct order *order = new_order(request, wi_load_params);
    if (order)
        wi_request_find_model(request, request->argument, on_model, order, free_order);
}

void wi_handle_model_unload(struct wi_request *request)
{
    struct wi_error error;
    struct order *order = NULL;
    /* The model's folder may be gone already: only the name has to be one. */
    if (wi_model_check_name(request->argument, &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else if ((order = new_order(request, wi_unload_params)))
        carry_out(order);
}

/* --- sessions and nodes ---------------------------------------------------------------------- */

static void answer_verb(struct wi_request *request, enum wi_code code, const struct wi_error *error,
    int status, const char *state)
{
    if (code == WI_OK)
        wi_request_answer_verb(request, status, request->argument, state);
    else
        wi_request_answer_error(request, error);
}

void wi_handle_session_recycle(struct wi_request *request)
{
    struct wi_error error;
    answer_verb(request, wi_pool_recycle(request->api->deps.pool, request->argument, &error),
        &error, 202, "draining");
}

void wi_handle_kind_retest(struct wi_request *request)
{
    struct wi_error error;
    answer_verb(request, wi_pool_doubt_kind(request->api->deps.pool, request->argument, &error),
        &error, 202, "doubted");
}

void wi_handle_node_drain(struct wi_request *request)
{
    struct wi_error error;
    answer_verb(request, wi_pool_drain(request->api->deps.pool, request->argument, 1, &error),
        &error, 200, "draining");
}

void wi_handle_node_undrain(struct wi_request *request)
{
    struct wi_error error;
    answer_verb(request, wi_pool_drain(request->api->deps.pool, request->argument, 0, &error),
        &error, 200, "ready");
}

void wi_handle_node_remove(struct wi_request *request)
{
    struct wi_bridge *bridge = request->api->deps.bridge;
    const struct wi_node_info *node = wi_bridge_node(bridge, request->argument);
    if (!node) {
        wi_request_answer_refusal(
            request, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", request->argument);
    } else if (*node->session) {
        wi_request_answer_refusal(request, WI_CONFLICT, "node",
            "the daemon has started its browser, the session %s, which can be recycled",
            node->session);
    } else {
        wi_info("api", request->id, "%.80s is removed, as %.80s has asked", request->argument,
            wi_request_client(request));
        wi_bridge_drop(bridge, request->argument, "an admin removed this page");
        wi_request_answer_verb(request, 200, request->argument, "removed");
    }
}

/* --- orders to nodes -------------------------------------------------------------------------- */

struct telling {
    struct wi_order *order;
    enum wi_code code;
    size_t left_out; /* simulated nodes */
    size_t relays;   /* whose daemons load what they need */
};

/* The platforms to try: the one asked for, else WebGPU where it is a real GPU, then WASM, or what a
 * program has in its place. */
static size_t choose_platforms(
    const struct wi_order *order, const struct wi_node_info *node, enum wi_platform *platforms)
{
    size_t count = 0;
    if (order->platform >= 0) {
        platforms[0] = (enum wi_platform)order->platform;
        return 1;
    }
    if (node->platforms[WI_WEBGPU].available && node->platforms[WI_WEBGPU].has_adapter &&
        !node->platforms[WI_WEBGPU].adapter.is_fallback)
        platforms[count++] = WI_WEBGPU;
    platforms[count++] = node->platforms[WI_NATIVE].available && !node->platforms[WI_WASM].available
                             ? WI_NATIVE
                             : WI_WASM;
    return count;
}

/* The name under which nodes have the model that is to be unloaded: `name`, or `meant`. */
static const char *order_name(const struct wi_order *order, char meant[WI_MODEL_NAME_MAX + 1])
{
    return wi_aliases_resolve(
        wi_repository_aliases(order->api->deps.repository), order->name, meant);
}

static enum wi_code order_unload(const struct wi_order *order, const char *node_id)
{
    char meant[WI_MODEL_NAME_MAX + 1];
    return wi_bridge_unload(order->api->deps.bridge, node_id, order_name(order, meant));
}

static int node_has(const struct wi_order *order, const char *node_id)
{
    char meant[WI_MODEL_NAME_MAX + 1];
    const char *name = order_name(order, meant);
    struct wi_node_state state;
    const json_t *row;
    size_t i;
    if (wi_bridge_node_state(order->api->deps.bridge, node_id, &state) != 0)
        return 0;
    json_array_foreach(state.models, i, row)
    {
        if (wi_text_equal(json_string_value(json_object_get(row, "name")), name))
            return 1;
    }
    return 0;
}

/* As with work: no model goes to simulated nodes that is not meant for them. One of them that has
 * the model is told to unload it, as all nodes are. */
static int is_left_out(const struct wi_order *order, const struct wi_node_info *node)
{
    if (order->node || !node->platforms[WI_SIMULATED].available)
        return 0;
    return order->model ? order->platform != WI_SIMULATED : !node_has(order, node->id);
}

static void tell_node(void *context, const struct wi_node_info *node)
{
    struct telling *telling = context;
    struct wi_order *order = telling->order;
    struct wi_pool *pool = order->api->deps.pool;
    enum wi_platform platforms[WI_PLATFORM_COUNT];
    if (order->node && strcmp(order->node, node->id) != 0)
        return;
    if (*node->relay) {
        telling->relays++;
        return;
    }
    if (is_left_out(order, node)) {
        telling->left_out++;
        return;
    }
    enum wi_code code = order->model ? wi_pool_load(pool, node->id, order->model, platforms,
                                           choose_platforms(order, node, platforms))
                                     : order_unload(order, node->id);
    if (code == WI_OK)
        json_array_append_new(order->nodes, json_string(node->id));
    else if (code != WI_MODEL_TOO_LARGE || telling->code == WI_OK) /* other reasons may pass */
        telling->code = code;
}

enum wi_code wi_order_give(struct wi_order *order, struct wi_error *error)
{
    struct telling telling = {order, WI_OK, 0, 0};
    order->nodes = json_array();
    wi_bridge_each(order->api->deps.bridge, tell_node, &telling);
    if (json_array_size(order->nodes) > 0)
        return WI_OK;
    if (telling.code == WI_NODE_PAUSED)
        return wi_error_set(error, WI_UNAVAILABLE, order->node ? "node" : NULL,
            "every node that could load the model is paused by its user");
    if (telling.code == WI_MODEL_TOO_LARGE)
        return wi_error_set(error, WI_MODEL_TOO_LARGE, order->node ? "node" : NULL,
            "%.128s is larger than the users of the nodes allow models there to be, or has a file "
            "that is larger than their engines can read: load a smaller variant",
            order->model->name);
    if (telling.relays > 0 && telling.code == WI_OK && telling.left_out == 0)
        return wi_error_set(error, WI_UNAVAILABLE, order->node ? "node" : NULL,
            "there are only relays, and the daemons behind them load what they need");
    if (order->node)
        return wi_error_set(
            error, WI_NODE_NOT_FOUND, "node", "there is no node %.64s", order->node);
    if (telling.code == WI_OK && telling.left_out > 0)
        return wi_error_set(error, WI_UNAVAILABLE, NULL,
            order->model ? "there are only simulated nodes, which load a model only if the order "
                           "names them by platform or node"
                         : "there are only simulated nodes, and none of them has the model");
    return wi_error_set(error, telling.code != WI_OK ? telling.code : WI_UNAVAILABLE, NULL,
        "there is no node to tell; GET /v1/status says why");
}
