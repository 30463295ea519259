/*
 * What KServe's clients read of the server and of a model: metadata, whether it could be served
 * now, Triton's configuration and statistics; and Triton's model repository: which models there
 * are, load and unload. webinfer-kserve(7) describes all of it.
 */
#include "wire/kserve/kserve.h"

#include "api/endpoints/admin.h"
#include "api/endpoints/hardware.h"
#include "api/endpoints/models/model_use.h"
#include "api/endpoints/openapi.h"
#include "api/http/step.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/text.h"
#include "library/listing.h"
#include "library/model.h"
#include <stdlib.h>
#include <string.h>

void wi_handle_kserve_server(struct wi_request *request)
{
    wi_request_answer_json(request, 200,
        json_pack("{s:s, s:s, s:[s, s, s, s, s, s, s]}", "name", "webinfer", "version",
            request->api->deps.version, "extensions", "binary_tensor_data", "generate",
            "model_configuration", "model_repository", "parameters", "schedule_policy",
            "statistics"));
}

/* --- a model ---------------------------------------------------------------------------------- */

static json_t *version_json(unsigned version)
{
    char digits[WI_DIGITS_SIZE];
    return json_string(wi_digits(digits, wi_kserve_version(version)));
}

static json_t *metadata_json(const struct wi_model *model)
{
    return json_pack("{s:s, s:[o], s:s, s:o, s:o}", "name", model->name, "versions",
        version_json(model->version), "platform", wi_kserve_platform(model), "inputs",
        wi_kserve_inputs(model), "outputs", wi_kserve_outputs(model));
}

/* The same tensors in Triton's words. Takes the list. */
static json_t *typed(json_t *values)
{
    json_t *list = json_array(), *value;
    size_t i;
    json_array_foreach(values, i, value)
    {
        const char *type = json_string_value(json_object_get(value, "datatype"));
        json_array_append_new(
            list, json_pack("{s:O, s:o, s:O}", "name", json_object_get(value, "name"), "data_type",
                      json_sprintf("TYPE_%s", strcmp(type, "BYTES") == 0 ? "STRING" : type), "dims",
                      json_object_get(value, "shape")));
    }
    json_decref(values);
    return list;
}

static json_t *config_json(const struct wi_model *model)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o}", "name", model->name, "platform",
        wi_kserve_platform(model), "backend", "webinfer", "max_batch_size", 0, "input",
        typed(wi_kserve_inputs(model)), "output", typed(wi_kserve_outputs(model)));
}

/* Whether the model is the version that is asked for; else the request is answered with which one
 * there is. */
static int is_version(struct wi_request *request, const struct wi_model *model)
{
    struct wi_error error;
    if (wi_kserve_check_version(model, *request->second ? request->second : NULL, &error) == WI_OK)
        return 1;
    wi_request_answer_error(request, &error);
    return 0;
}

static void on_metadata(struct wi_request *request, void *work, struct wi_model *model)
{
    if (is_version(request, model))
        wi_request_answer_json(request, 200, metadata_json(model));
}

static void on_config(struct wi_request *request, void *work, struct wi_model *model)
{
    if (is_version(request, model))
        wi_request_answer_json(request, 200, config_json(model));
}

void wi_handle_kserve_model(struct wi_request *request)
{
    wi_request_find_model(request, request->argument, on_metadata, NULL, NULL);
}

void wi_handle_kserve_config(struct wi_request *request)
{
    wi_request_find_model(request, request->argument, on_config, NULL, NULL);
}

/* --- whether it could be served --------------------------------------------------------------- */

/* WI_OK, or WI_UNAVAILABLE where it does not fit, no node runs it, and no browser that could be
 * started would. */
static enum wi_code check_runs(
    const struct wi_api *api, struct wi_model *model, struct wi_error *error)
{
    struct wi_error why;
    if (wi_model_check_engine(model, &why) != WI_OK)
        return wi_error_set(error, WI_UNAVAILABLE, NULL, "%s", why.detail);
    struct wi_inference *asked = wi_hardware_ask(model, model->type);
    json_t *found = wi_hardware_json(api, asked);
    const char *decision = json_string_value(json_object_get(found, "decision"));
    const char *reason = json_string_value(json_object_get(found, "why"));
    enum wi_code code = WI_OK;
    if (decision && strcmp(decision, "never") == 0)
        code = wi_error_set(
            error, WI_UNAVAILABLE, NULL, "%.400s", reason ? reason : "nothing runs it");
    json_decref(found);
    wi_inference_release(asked);
    return code;
}

static void on_ready(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_error error;
    if (!is_version(request, model))
        return;
    if (check_runs(request->api, model, &error) == WI_OK)
        wi_request_answer_json(request, 200, json_pack("{s:b}", "ready", 1));
    else
        wi_request_answer_error(request, &error);
}

/* One that is there and is none. */
static void on_missing(struct wi_request *request, void *work, const struct wi_error *failure)
{
    struct wi_error error = *failure;
    if (failure->code == WI_MODEL_INVALID)
        wi_error_set(&error, WI_UNAVAILABLE, NULL, "%s", failure->detail);
    wi_request_answer_error(request, &error);
}

void wi_handle_kserve_model_ready(struct wi_request *request)
{
    wi_request_look_for_model(request, request->argument, on_ready, on_missing, NULL, NULL);
}

/* --- statistics ------------------------------------------------------------------------------- */

static json_t *statistic(uint64_t count, double seconds)
{
    return json_pack("{s:I, s:I}", "count", (json_int_t)count, "ns", (json_int_t)(seconds * 1e9));
}

static json_t *statistics_json(const struct wi_model_counts *counts)
{
    json_t *inference = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "success",
        statistic(counts->answered, counts->answered_s), "fail",
        statistic(counts->failed, counts->failed_s), "queue",
        statistic(counts->answered, counts->queue_s), "compute_input", statistic(0, 0),
        "compute_infer", statistic(counts->answered, counts->inference_s), "compute_output",
        statistic(0, 0), "cache_hit", statistic(0, 0), "cache_miss", statistic(0, 0));
    return json_pack("{s:s, s:o, s:I, s:I, s:I, s:o, s:[]}", "name", counts->name, "version",
        version_json(counts->version), "last_inference", (json_int_t)counts->last_at,
        "inference_count", (json_int_t)counts->answered, "execution_count",
        (json_int_t)counts->answered, "inference_stats", inference, "batch_stats");
}

static void add_statistics(void *context, const struct wi_model_counts *counts)
{
    json_array_append_new(context, statistics_json(counts));
}

static void on_stats(struct wi_request *request, void *work, struct wi_model *model)
{
    const struct wi_model_counts none = {.name = model->name, .version = model->version};
    if (!is_version(request, model))
        return;
    json_t *list = json_array();
    wi_metrics_each_model(request->api->metrics, model->name, add_statistics, list);
    if (json_array_size(list) == 0)
        add_statistics(list, &none);
    wi_request_answer_json(request, 200, json_pack("{s:o}", "model_stats", list));
}

void wi_handle_kserve_stats(struct wi_request *request)
{
    wi_request_find_model(request, request->argument, on_stats, NULL, NULL);
}

void wi_handle_kserve_all_stats(struct wi_request *request)
{
    json_t *list = json_array();
    wi_metrics_each_model(request->api->metrics, NULL, add_statistics, list);
    wi_request_answer_json(request, 200, json_pack("{s:o}", "model_stats", list));
}

/* --- Triton's model repository ---------------------------------------------------------------- */

#define LOOK_MS 100
/* A page gives a load up after five minutes, and one after the other. */
#define LOAD_MS 600000.0
#define UNLOAD_MS 60000.0
/* A failure that a node told of before it was told to load is told still until it begins. */
#define STALE_MS 5000.0

/* --- the index ------------------------------------------------------------------------------- */

struct index {
    json_t *rows;
    int ready_only;
};

struct index_order {
    int ready;
};
const struct wi_param wi_kserve_index_params[] = {
    WI_PARAM(index_order, ready, BOOL,
        .help = "Whether only those are listed that can be served; false by default."),
    {0},
};

static void add_row(
    struct index *index, const char *name, unsigned version, const char *state, const char *reason)
{
    char digits[WI_DIGITS_SIZE];
    if (index->ready_only && strcmp(state, "READY") != 0)
        return;
    json_t *row = json_pack("{s:s, s:s, s:s, s:s}", "name", name, "version",
        wi_digits(digits, wi_kserve_version(version)), "state", state, "reason", reason);
    if (row) /* a folder's name need not be UTF-8 */
        json_array_append_new(index->rows, row);
}

static unsigned current_version(const struct wi_versions *versions)
{
    for (size_t i = 0; i < versions->count; i++)
        if (versions->items[i].current)
            return versions->items[i].number;
    return 0;
}

static void add_model(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    const char *name = row ? row->name : model->name;
    unsigned version = row ? current_version(&row->versions) : 0;
    struct wi_error error;
    if (!problem && model && wi_model_check_engine(model, &error) != WI_OK)
        problem = error.detail;
    add_row(context, name, version, problem ? "UNAVAILABLE" : "READY", problem ? problem : "");
}

static int is_listed(const json_t *rows, const char *name)
{
    const json_t *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            return 1;
    }
    return 0;
}

/* One that is on its way here. */
static void add_pull(void *context, const struct wi_pull_info *info)
{
    struct index *index = context;
    if (info->state < WI_PULL_DONE && !is_listed(index->rows, info->name))
        add_row(index, info->name, 0, "LOADING", "it is being pulled");
}

static void stop_list(void *wait)
{
    wi_listing_cancel(wait);
}

static void answer_index(struct wi_request *request, int ready_only)
{
    const struct wi_api *api = request->api;
    struct index index = {json_array(), ready_only};
    wi_repository_each(api->deps.repository, add_model, &index);
    if (api->deps.pulls)
        wi_pulls_each(api->deps.pulls, add_pull, &index);
    wi_request_answer_json(request, 200, index.rows);
}

static void on_list(void *context, const struct wi_list *list)
{
    answer_index(context, 0);
}

static void on_ready_list(void *context, const struct wi_list *list)
{
    answer_index(context, 1);
}

void wi_handle_kserve_index(struct wi_request *request)
{
    struct index_order order = {0};
    struct wi_error error;
    json_t *body = wi_request_body_object(request);
    if (!body)
        return;
    enum wi_code code =
        wi_params_read(wi_kserve_index_params, body, WI_PARAMS_STRICT, "", &order, &error);
    json_decref(body);
    if (code != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    struct wi_listing_wait *wait =
        wi_listing_fresh(wi_repository_listing(request->api->deps.repository),
            order.ready ? on_ready_list : on_list, request);
    if (wait) /* else the request was answered */
        wi_request_wait(request, stop_list, wait);
}

/* --- what is waited for ---------------------------------------------------------------------- */

struct wait {
    struct wi_request *request;
    struct wi_timer *timer;
    struct wi_model *model; /* NULL: that no node has `name` any more */
    char *name;             /* as it was found */
    json_t *nodes;          /* ids of those that were told */
    double since;           /* wi_now_ms() */
    int begun;              /* a failure that they tell of is a new one */
};

static void free_wait(void *work)
{
    struct wait *wait = work;
    wi_timer_free(wait->timer);
    wi_model_unref(wait->model);
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
            json_pack("{s:s, s:s, s:O}", "name", wait->name, "state",
                wait->model ? "READY" : "UNAVAILABLE", "nodes", wait->nodes));
    free_wait(wait);
}

static struct wait *new_wait(struct wi_request *request, struct wi_model *model, const char *name)
{
    struct wait *wait = wi_alloc(sizeof *wait);
    wait->request = request;
    wait->model = model ? wi_model_ref(model) : NULL;
    wait->name = wi_strdup(name);
    wait->since = wi_now_ms();
    return wait;
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
        "after %.0f s %.160s is still not %s; GET /v1/models says how far it is", most_ms / 1000,
        wait->name, wait->model ? "loaded" : "unloaded");
    return 1;
}

/* --- load ------------------------------------------------------------------------------------ */

/* What the nodes that were told tell of this version of the model. */
struct told {
    const struct wait *wait;
    size_t loaded, loading, failed;
    const char *why; /* one has failed; borrowed */
};

static void look_at_model(
    void *context, const struct wi_node_info *node, const char *name, const json_t *model)
{
    struct told *told = context;
    const struct wi_model *wanted = told->wait->model;
    const char *state = json_string_value(json_object_get(model, "state"));
    const char *hash = json_string_value(json_object_get(model, "hash"));
    if (!state || !hash || strcmp(name, wanted->name) != 0 || strcmp(hash, wanted->hash) != 0)
        return;
    told->loaded += strcmp(state, "loaded") == 0;
    told->loading += strcmp(state, "loading") == 0;
    if (strcmp(state, "failed") == 0) {
        told->failed++;
        told->why = json_string_value(json_object_get(model, "error"));
    }
}

static size_t count_present(const struct wait *wait)
{
    const json_t *id;
    size_t i, present = 0;
    json_array_foreach(wait->nodes, i, id) present +=
        wi_bridge_node(wait->request->api->deps.bridge, json_string_value(id)) != NULL;
    return present;
}

static void look_for_loaded(void *context)
{
    struct wait *wait = context;
    struct told told = {.wait = wait};
    struct wi_error error;
    wi_api_each_loaded(wait->request->api->deps.bridge, look_at_model, &told);
    wait->begun |= told.loading > 0;
    if (told.loaded > 0) {
        end_wait(wait, NULL);
    } else if (told.failed > 0 && told.loading == 0 &&
               (wait->begun || wi_now_ms() - wait->since > STALE_MS)) {
        wi_error_set(&error, WI_UNAVAILABLE, NULL, "%.160s could not be loaded: %.300s", wait->name,
            told.why ? told.why : "no reason was given");
        end_wait(wait, &error);
    } else if (count_present(wait) == 0) {
        wi_error_set(&error, WI_UNAVAILABLE, NULL,
            "the nodes that were told to load %.160s have gone; try again", wait->name);
        end_wait(wait, &error);
    } else if (is_late(wait, LOAD_MS, &error)) {
        end_wait(wait, &error);
    }
}

static void on_load(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_order order = {
        .api = request->api, .platform = -1, .model = model, .name = model->name};
    struct wi_error error;
    if (model->builtin) { /* every node has it */
        wi_request_answer_json(request, 200,
            json_pack("{s:s, s:s, s:[]}", "name", model->name, "state", "READY", "nodes"));
        return;
    }
    if (wi_model_check_engine(model, &error) != WI_OK || wi_order_give(&order, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        json_decref(order.nodes);
        return;
    }
    struct wait *wait = new_wait(request, model, model->name);
    struct told told = {.wait = wait};
    wi_api_each_loaded(request->api->deps.bridge, look_at_model, &told);
    wait->begun = told.failed == 0;
    wait->nodes = order.nodes;
    begin_wait(wait, look_for_loaded);
}

/* --- unload ---------------------------------------------------------------------------------- */

/* A name without a variant stands for all of them. */
static void find_having(
    struct wi_bridge *bridge, const char *name, struct wi_strings *ids, struct wi_strings *names)
{
    char *whole = wi_model_name_without(name);
    struct wi_strings some_ids = {0}, some_names = {0};
    wi_api_find_nodes(bridge, whole, &some_ids, &some_names);
    for (size_t i = 0; i < some_ids.count; i++) {
        if (wi_model_name_variant(name) && strcmp(some_names.items[i], name) != 0)
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
    struct wi_strings ids = {0}, names = {0};
    struct wi_error error;
    find_having(wait->request->api->deps.bridge, wait->name, &ids, &names);
    size_t left = ids.count;
    wi_strings_clear(&ids);
    wi_strings_clear(&names);
    if (left == 0)
        end_wait(wait, NULL);
    else if (is_late(wait, UNLOAD_MS, &error))
        end_wait(wait, &error);
}

/* Tells the nodes that have it, and waits until none has. How many they are. */
static size_t unload(struct wi_request *request, const char *name)
{
    struct wi_bridge *bridge = request->api->deps.bridge;
    struct wi_strings ids = {0}, names = {0};
    find_having(bridge, name, &ids, &names);
    size_t count = ids.count;
    if (count > 0) {
        struct wait *wait = new_wait(request, NULL, name);
        wait->nodes = json_array();
        for (size_t i = 0; i < count; i++) {
            wi_bridge_unload(bridge, ids.items[i], names.items[i]);
            json_array_append_new(wait->nodes, json_string(ids.items[i]));
        }
        begin_wait(wait, look_for_unloaded);
    }
    wi_strings_clear(&ids);
    wi_strings_clear(&names);
    return count;
}

static void on_unload(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_error error;
    if (model->builtin) {
        wi_error_set(&error, WI_CONFLICT, "model_name", "%s is part of every node", model->name);
        wi_request_answer_error(request, &error);
    } else if (unload(request, model->name) == 0) {
        wi_request_answer_json(request, 200,
            json_pack("{s:s, s:s, s:[]}", "name", model->name, "state", "UNAVAILABLE", "nodes"));
    }
}

/* Its folder may be gone, and nodes have it still. */
static void on_unload_missing(
    struct wi_request *request, void *work, const struct wi_error *failure)
{
    if (failure->code != WI_MODEL_NOT_FOUND || unload(request, request->argument) == 0)
        wi_request_answer_error(request, failure);
}

/* --- the body of both ------------------------------------------------------------------------- */

struct order_body {
    json_t *parameters;
};
const struct wi_param wi_kserve_load_params[] = {
    WI_PARAM(order_body, parameters, OBJECT,
        .help = "unload_dependents, which changes nothing, and no other."),
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
    json_t *body = wi_request_body_object(request);
    if (!body)
        return 0;
    enum wi_code code =
        wi_params_read(wi_kserve_load_params, body, WI_PARAMS_STRICT, "", &fields, &error);
    if (code == WI_OK && fields.parameters)
        code = wi_params_read(
            table, fields.parameters, WI_PARAMS_STRICT, "parameters.", &dependents, &error);
    json_decref(body);
    if (code == WI_OK)
        return 1;
    wi_request_answer_error(request, &error);
    return 0;
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
