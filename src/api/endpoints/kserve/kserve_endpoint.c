/*
 * The endpoints that KServe's clients read about the server and about a model: metadata, readiness,
 * Triton's configuration and statistics, and the index of Triton's model repository. Load and
 * unload are in kserve_load.c. webinfer-kserve(7) describes all of it.
 */
#include "wire/kserve/kserve.h"

#include "api/endpoints/hardware_endpoint.h"
#include "api/endpoints/models/lists.h"
#include "api/endpoints/openapi.h"
#include "api/http/step.h"
#include "base/params.h"
#include "base/text.h"
#include "terms/format/model.h"
#include "wire/describe/schemas.h"
#include <string.h>

void wi_handle_kserve_server(struct wi_request *request)
{
    wi_request_answer_json(request, 200,
        wi_form_json("KserveServer", "webinfer", request->api->deps.version,
            json_pack("[s, s, s, s, s, s, s]", "binary_tensor_data", "generate",
                "model_configuration", "model_repository", "parameters", "schedule_policy",
                "statistics")));
}

/* --- a model ---------------------------------------------------------------------------------- */

static json_t *metadata_json(const struct wi_model *model)
{
    char digits[WI_DIGITS_SIZE];
    return wi_form_json("KserveModel", model->name,
        json_pack("[s]", wi_digits(digits, wi_kserve_version(model->version))),
        wi_kserve_platform(model), wi_kserve_inputs(model), wi_kserve_outputs(model));
}

/* The same tensors in Triton's words. Takes the list. */
static json_t *tensors_translate(json_t *values)
{
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(values); i++) {
        json_t *value = json_array_get(values, i);
        const char *type = json_string_value(json_object_get(value, "datatype"));
        json_array_append_new(
            list, wi_form_json("KserveTyped", json_incref(json_object_get(value, "name")),
                      json_sprintf("TYPE_%s", strcmp(type, "BYTES") == 0 ? "STRING" : type),
                      json_incref(json_object_get(value, "shape"))));
    }
    json_decref(values);
    return list;
}

static json_t *config_json(const struct wi_model *model)
{
    return wi_form_json("KserveConfig", model->name, wi_kserve_platform(model), "webinfer", 0,
        tensors_translate(wi_kserve_inputs(model)), tensors_translate(wi_kserve_outputs(model)));
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
        wi_request_answer_json(request, 200, wi_form_json("KserveReady", 1));
    else
        wi_request_answer_error(request, &error);
}

/* A model that is there but invalid is not ready. */
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

static json_t *statistic_json(uint64_t count, double seconds)
{
    return wi_form_json("KserveStat", count, (json_int_t)(seconds * 1e9));
}

static json_t *statistics_json(const struct wi_model_counts *counts)
{
    char digits[WI_DIGITS_SIZE];
    json_t *inference = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "success",
        statistic_json(counts->answered, counts->answered_s), "fail",
        statistic_json(counts->failed, counts->failed_s), "queue",
        statistic_json(counts->answered, counts->queue_s), "compute_input", statistic_json(0, 0),
        "compute_infer", statistic_json(counts->answered, counts->inference_s), "compute_output",
        statistic_json(0, 0), "cache_hit", statistic_json(0, 0), "cache_miss",
        statistic_json(0, 0));
    return wi_form_json("KserveModelStats", counts->name,
        wi_digits(digits, wi_kserve_version(counts->version)), counts->last_at, counts->answered,
        counts->answered, inference, json_array());
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
    wi_request_answer_json(request, 200, wi_form_json("KserveStats", list));
}

void wi_handle_kserve_stats(struct wi_request *request)
{
    wi_request_find_model(request, request->argument, on_stats, NULL, NULL);
}

void wi_handle_kserve_all_stats(struct wi_request *request)
{
    json_t *list = json_array();
    wi_metrics_each_model(request->api->metrics, NULL, add_statistics, list);
    wi_request_answer_json(request, 200, wi_form_json("KserveStats", list));
}

/* --- the index of Triton's model repository -------------------------------------------------- */

struct index_order {
    int ready;
};
const struct wi_param wi_kserve_index_params[] = {
    WI_PARAM(index_order, ready, BOOL,
        .help = "Whether to list only models that can be served; false by default."),
    {0},
};

static json_t *row_json(const char *name, unsigned version, const char *state, const char *reason)
{
    char digits[WI_DIGITS_SIZE];
    return wi_form_json(
        "KserveIndexRow", name, wi_digits(digits, wi_kserve_version(version)), state, reason);
}

static unsigned current_version(const struct wi_versions *versions)
{
    for (size_t i = 0; i < versions->count; i++)
        if (versions->items[i].current)
            return versions->items[i].number;
    return 0;
}

static void print_row(struct wi_buffer *out, const struct wi_api *api,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    const char *name = row ? row->name : model->name;
    unsigned version = row ? current_version(&row->versions) : 0;
    struct wi_error error;
    if (!problem && model && wi_model_check_engine(model, &error) != WI_OK)
        problem = error.detail;
    wi_api_list_add(
        out, row_json(name, version, problem ? "UNAVAILABLE" : "READY", problem ? problem : ""));
}

static void print_ready_row(struct wi_buffer *out, const struct wi_api *api,
    const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    struct wi_error error;
    if (!problem && (!model || wi_model_check_engine(model, &error) == WI_OK))
        print_row(out, api, row, model, NULL);
}

struct index {
    const struct wi_api *api;
    struct wi_buffer rows; /* behind those of the list */
};

static void note_listed(
    void *context, const struct wi_list_row *row, const struct wi_model *model, const char *problem)
{
    int *is_listed = context;
    *is_listed = 1;
}

/* A model that is being pulled. */
static void add_pull(void *context, const struct wi_pull_info *info)
{
    struct index *index = context;
    int is_listed = 0;
    if (info->state >= WI_PULL_DONE)
        return;
    wi_repository_one(index->api->deps.repository, info->name, note_listed, &is_listed);
    if (!is_listed)
        wi_api_list_add(&index->rows, row_json(info->name, 0, "LOADING", "it is being pulled"));
}

/* With `pulls`, or NULL, those behind the list. */
static void answer_index(
    struct wi_request *request, struct wi_blob *list, const struct wi_pulls *pulls)
{
    struct index index = {.api = request->api};
    struct wi_buffer head = {0}, tail = {0};
    if (pulls)
        wi_pulls_each(pulls, add_pull, &index);
    wi_buffer_puts(&head, "[");
    wi_buffer_puts(&tail, list->size > 0 && index.rows.size > 0 ? "," : "");
    wi_buffer_add(&tail, index.rows.text, index.rows.size);
    wi_buffer_puts(&tail, "]\n");
    wi_buffer_clear(&index.rows);
    wi_api_list_answer(request, &head, list, &tail);
}

static void on_list(struct wi_request *request, void *work, struct wi_blob *list)
{
    answer_index(request, list, request->api->deps.pulls);
}

static void on_ready_list(struct wi_request *request, void *work, struct wi_blob *list)
{
    answer_index(request, list, NULL);
}

void wi_handle_kserve_index(struct wi_request *request)
{
    struct index_order order = {0};
    json_t *body = wi_request_read_body(request, wi_kserve_index_params, &order);
    if (!body)
        return;
    json_decref(body);
    if (order.ready)
        wi_api_list_fresh(
            request, WI_API_LIST_KSERVE_READY, print_ready_row, on_ready_list, NULL, NULL);
    else
        wi_api_list_fresh(request, WI_API_LIST_KSERVE, print_row, on_list, NULL, NULL);
}
