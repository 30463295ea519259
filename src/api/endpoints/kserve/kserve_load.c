/*
 * Load and unload of Triton's model repository: the nodes are told, and the request waits for the
 * result of its own orders, whatever others ask of the nodes meanwhile. webinfer-kserve(7)
 * describes it.
 */
#include "wire/kserve/kserve.h"

#include "api/endpoints/admin.h"
#include "api/endpoints/models/model_use.h"
#include "api/endpoints/openapi.h"
#include "api/http/step.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/params.h"
#include "nodes/bridge/orders.h"
#include "terms/format/model.h"
#include "wire/describe/schemas.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS 100
/* A page gives a load up after five minutes, and one after the other. */
#define LOAD_MS 600000.0
#define UNLOAD_MS 60000.0
/* A node goes on reporting a failure from before the order until it begins to load. */
#define STALE_MS 5000.0

/* --- what is waited for ---------------------------------------------------------------------- */

struct wait {
    struct wi_request *request;
    struct wi_timer *timer;
    char *name;    /* as it was found */
    int loads;     /* else it is unloaded */
    json_t *nodes; /* ids of those that were told */
    double since;  /* wi_now_ms() */
    size_t count;
    struct wi_model_order orders[]; /* one for each */
};

static void free_wait(void *work)
{
    struct wait *wait = work;
    wi_timer_free(wait->timer);
    for (size_t i = 0; i < wait->count; i++)
        wi_model_order_drop(&wait->orders[i]);
    json_decref(wait->nodes);
    free(wait->name);
    free(wait);
}

/* The end of it; NULL: it went well. */
static void end_wait(struct wait *wait, const struct wi_error *error)
{
    struct wi_request *request = wait->request;
    if (error)
        wi_request_answer_error(request, error);
    else
        wi_request_answer_json(request, 200,
            wi_form_json("KserveOrder", wait->name, wait->loads ? "READY" : "UNAVAILABLE",
                json_incref(wait->nodes)));
    free_wait(wait);
}

/* For as many orders at most. */
static struct wait *new_wait(struct wi_request *request, const char *name, int loads, size_t orders)
{
    struct wait *wait = wi_alloc(sizeof *wait + orders * sizeof *wait->orders);
    wait->request = request;
    wait->name = wi_strdup(name);
    wait->loads = loads;
    wait->nodes = json_array();
    wait->since = wi_now_ms();
    return wait;
}

/* The node was told just now: to load that version, or ("") to give the model back. */
static void wait_follow(struct wait *wait, const char *node_id, const char *name, const char *hash)
{
    struct wi_model_order *order = &wait->orders[wait->count++];
    struct wi_node_state state;
    snprintf(order->name, sizeof order->name, "%s", name);
    snprintf(order->hash, sizeof order->hash, "%s", hash);
    if (wi_bridge_node_state(wait->request->api->deps.bridge, node_id, &state) == 0)
        wi_model_order_add(state.orders, order, state.models);
    else
        order->state = WI_MODEL_ORDER_GONE;
    json_array_append_new(wait->nodes, json_string(node_id));
}

static void begin_wait(struct wait *wait, wi_timer_fn *look)
{
    wait->timer = wi_timer_new(wait->request->api->deps.loop, look, wait);
    wi_request_wait(wait->request, free_wait, wait);
    wi_timer_start(wait->timer, 0, LOOK_MS);
}

static int is_late(const struct wait *wait, double most_ms, struct wi_error *error)
{
    if (wi_now_ms() - wait->since < most_ms)
        return 0;
    wi_error_set(error, WI_DEADLINE_EXCEEDED, NULL,
        "after %.0f s, %.160s is still not %s; GET /v1/models shows the progress", most_ms / 1000,
        wait->name, wait->loads ? "loaded" : "unloaded");
    return 1;
}

/* The outcome of the orders: how many are in each state, and why one has failed, or may have. */
struct outcome {
    size_t states[WI_MODEL_ORDER_STATES];
    const char *why; /* NULL: none has; borrowed */
};

static struct outcome look_at_orders(const struct wait *wait)
{
    struct outcome outcome = {.why = NULL};
    for (size_t i = 0; i < wait->count; i++) {
        const struct wi_model_order *order = &wait->orders[i];
        outcome.states[order->state]++;
        if (*order->why)
            outcome.why = order->why;
    }
    return outcome;
}

/* --- load ------------------------------------------------------------------------------------ */

/* Why the wait ends; WI_OK: it goes on. */
static enum wi_code check_load(
    const struct wait *wait, const struct outcome *outcome, struct wi_error *error)
{
    const size_t *states = outcome->states;
    size_t given = states[WI_MODEL_ORDER_GIVEN], begun = states[WI_MODEL_ORDER_BEGUN];
    int may_be_stale = wi_now_ms() - wait->since < STALE_MS;
    if (begun == 0 && outcome->why && (states[WI_MODEL_ORDER_FAILED] > 0 || !may_be_stale))
        return wi_error_set(error, WI_UNAVAILABLE, NULL, "%.160s could not be loaded: %.300s",
            wait->name, outcome->why);
    if (given + begun == 0 && states[WI_MODEL_ORDER_UNDONE] > 0)
        return wi_error_set(error, WI_UNAVAILABLE, NULL,
            "%.160s was unloaded before it was loaded, because another request asked for that or "
            "because memory was short; try again",
            wait->name);
    if (given + begun == 0)
        return wi_error_set(error, WI_UNAVAILABLE, NULL,
            "the nodes that were told to load %.160s have left; try again", wait->name);
    return is_late(wait, LOAD_MS, error) ? error->code : WI_OK;
}

static void look_for_loaded(void *context)
{
    struct wait *wait = context;
    struct wi_error error;
    const struct outcome outcome = look_at_orders(wait);
    if (outcome.states[WI_MODEL_ORDER_DONE] > 0)
        end_wait(wait, NULL);
    else if (check_load(wait, &outcome, &error) != WI_OK)
        end_wait(wait, &error);
}

static void on_load(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_order order = {
        .api = request->api, .platform = -1, .model = model, .name = model->name};
    struct wi_error error;
    if (model->builtin) { /* every node has it */
        wi_request_answer_json(
            request, 200, wi_form_json("KserveOrder", model->name, "READY", json_array()));
        return;
    }
    if (wi_model_check_engine(model, &error) != WI_OK || wi_order_give(&order, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        json_decref(order.nodes);
        return;
    }
    struct wait *wait = new_wait(request, model->name, 1, json_array_size(order.nodes));
    for (size_t i = 0; i < json_array_size(order.nodes); i++)
        wait_follow(
            wait, json_string_value(json_array_get(order.nodes, i)), model->name, model->hash);
    json_decref(order.nodes);
    begin_wait(wait, look_for_loaded);
}

/* --- unload ---------------------------------------------------------------------------------- */

static int is_found(
    const struct wi_strings *ids, const struct wi_strings *names, const char *id, const char *name)
{
    for (size_t i = 0; i < ids->count; i++)
        if (strcmp(ids->items[i], id) == 0 && strcmp(names->items[i], name) == 0)
            return 1;
    return 0;
}

/* A name without a variant means all variants. A node may have a model on several platforms. */
static void find_having(
    struct wi_bridge *bridge, const char *name, struct wi_strings *ids, struct wi_strings *names)
{
    char *whole = wi_model_name_without(name);
    struct wi_strings some_ids = {0}, some_names = {0};
    wi_api_find_nodes(bridge, whole, &some_ids, &some_names);
    for (size_t i = 0; i < some_ids.count; i++) {
        if ((wi_model_name_variant(name) && strcmp(some_names.items[i], name) != 0) ||
            is_found(ids, names, some_ids.items[i], some_names.items[i]))
            continue;
        wi_strings_add(ids, some_ids.items[i]);
        wi_strings_add(names, some_names.items[i]);
    }
    wi_strings_clear(&some_ids);
    wi_strings_clear(&some_names);
    free(whole);
}

static void look_for_unloaded(void *context)
{
    struct wait *wait = context;
    struct wi_error error;
    const struct outcome outcome = look_at_orders(wait);
    if (outcome.states[WI_MODEL_ORDER_GIVEN] == 0)
        end_wait(wait, NULL);
    else if (is_late(wait, UNLOAD_MS, &error))
        end_wait(wait, &error);
}

/* Tells the nodes that have the model to unload it, and waits until they have. Returns how many
 * there are. */
static size_t nodes_unload(struct wi_request *request, const char *name)
{
    struct wi_bridge *bridge = request->api->deps.bridge;
    struct wi_strings ids = {0}, names = {0};
    find_having(bridge, name, &ids, &names);
    size_t count = ids.count;
    if (count > 0) {
        struct wait *wait = new_wait(request, name, 0, count);
        for (size_t i = 0; i < count; i++) {
            if (wi_bridge_unload(bridge, ids.items[i], names.items[i]) == WI_OK)
                wait_follow(wait, ids.items[i], names.items[i], "");
        }
        begin_wait(wait, look_for_unloaded);
    }
    wi_strings_clear(&ids);
    wi_strings_clear(&names);
    return count;
}

static void on_unload(struct wi_request *request, void *work, struct wi_model *model)
{
    if (model->builtin) {
        wi_request_answer_refusal(
            request, WI_CONFLICT, "model_name", "%s is part of every node", model->name);
    } else if (nodes_unload(request, model->name) == 0) {
        wi_request_answer_json(
            request, 200, wi_form_json("KserveOrder", model->name, "UNAVAILABLE", json_array()));
    }
}

/* Its folder may be gone, and nodes have it still. */
static void on_unload_missing(
    struct wi_request *request, void *work, const struct wi_error *failure)
{
    if (failure->code != WI_MODEL_NOT_FOUND || nodes_unload(request, request->argument) == 0)
        wi_request_answer_error(request, failure);
}

/* --- the body of both ------------------------------------------------------------------------- */

struct order_body {
    json_t *parameters;
};
const struct wi_param wi_kserve_load_params[] = {
    WI_PARAM(order_body, parameters, OBJECT, .form = "(unload_dependents? boolean)",
        .help = "Only unload_dependents is accepted; it has no effect."),
    {0},
};

/* Whether the body is in order; else the request is answered. */
static int read_order(struct wi_request *request)
{
    static const struct wi_param table[] = {
        {.name = "unload_dependents", .kind = WI_PARAM_BOOL}, {0}};
    struct order_body fields = {0};
    struct wi_error error;
    int dependents;
    json_t *body = wi_request_read_body(request, wi_kserve_load_params, &fields);
    if (!body)
        return 0;
    int is_right = !fields.parameters || wi_params_read(table, fields.parameters, WI_PARAMS_STRICT,
                                             "parameters.", &dependents, &error) == WI_OK;
    json_decref(body);
    if (!is_right)
        wi_request_answer_error(request, &error);
    return is_right;
}

void wi_handle_kserve_load(struct wi_request *request)
{
    if (read_order(request))
        wi_request_find_model(request, request->argument, on_load, NULL, NULL);
}

void wi_handle_kserve_unload(struct wi_request *request)
{
    if (read_order(request))
        wi_request_look_for_model(
            request, request->argument, on_unload, on_unload_missing, NULL, NULL);
}
