/* GET /v1/models/NAME, a sample request for a model, and the findings of the numerics guard. */
#include "api/endpoints/models/models.h"

#include "api/endpoints/models/model_row.h"
#include "api/endpoints/models/model_use.h"
#include "api/endpoints/models/published.h"
#include "api/endpoints/models/pull_endpoint.h"
#include "api/http/request.h"
#include "api/http/step.h"
#include "base/memory.h"
#include "models/models.h"
#include "wire/probe.h"
#include "work/pool/facts/verdicts.h"
#include <openssl/evp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* --- one ------------------------------------------------------------------------------------- */

struct look {
    char *directory, *name;
    json_t *found;
    struct wi_versions versions;
};

static void free_look(void *work)
{
    struct look *look = work;
    wi_versions_clear(&look->versions);
    json_decref(look->found);
    free(look->directory);
    free(look->name);
    free(look);
}

static void read_versions(void *work)
{
    struct look *look = work;
    wi_versions_list(look->directory, look->name, &look->versions);
}

static void on_versions(struct wi_request *request, void *work)
{
    struct look *look = work;
    wi_api_add_versions(request->api, look->name, &look->versions, look->found);
    wi_request_answer_json(request, 200, json_incref(look->found));
    free_look(look);
}

/* Answers with `found` (taken over), completed so from the store's folder, which takes a thread's
 * moment for a model that was pulled. */
static void answer_model(struct wi_request *request, const struct wi_model *model, json_t *found)
{
    static const struct wi_versions none;
    char *name = wi_model_name_without(model->name);
    int is_built_in = wi_model_is_built_in(model);
    if (!found || is_built_in || model->version == 0) {
        if (found && !is_built_in)
            wi_api_add_versions(request->api, name, &none, found);
        wi_request_answer_json(request, 200, found);
        free(name);
        return;
    }
    struct look *look = wi_alloc(sizeof *look);
    look->directory = wi_strdup(wi_repository_directory(request->api->deps.repository));
    look->name = name;
    look->found = found;
    wi_request_compute(request, read_versions, on_versions, look, free_look);
}

/* Whether a pull of that name is under way. */
static int is_pulling(const struct wi_api *api, const char *name, struct wi_pull_info *info)
{
    return api->deps.pulls && wi_pulls_find(api->deps.pulls, name, info) == 0 &&
           info->state != WI_PULL_DONE && info->state != WI_PULL_FAILED;
}

static void on_model(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_pull_info info;
    struct wi_api_loaded loaded = wi_api_loaded_new(SIZE_MAX);
    wi_api_loaded_want(&loaded, model->name);
    wi_api_loaded_find(&loaded, request->api);
    json_t *found = wi_api_show_model(request->api, &loaded, model->name, model, NULL);
    if (found)
        json_object_update_new(found, wi_api_openai_json(request->api, model->name, model));
    if (found && is_pulling(request->api, model->name, &info))
        json_object_set_new(found, "pulling", wi_api_pull_json(&info));
    if (found)
        wi_api_add_pins(request->api, model->name, found);
    wi_api_loaded_clear(&loaded);
    answer_model(request, model, found);
}

/* The model may be on its way, or its pull may have failed. */
static void on_missing(struct wi_request *request, void *work, const struct wi_error *failure)
{
    const struct wi_api *api = request->api;
    struct wi_pull_info info;
    struct wi_error error = *failure;
    if (failure->code == WI_MODEL_NOT_FOUND && is_pulling(api, request->argument, &info)) {
        wi_request_answer_json(request, 200,
            json_pack("{s:s, s:o}", "name", info.name, "pulling", wi_api_pull_json(&info)));
        return;
    }
    if (failure->code == WI_MODEL_NOT_FOUND && api->deps.pulls &&
        wi_pulls_find(api->deps.pulls, request->argument, &info) == 0 && info.error)
        wi_error_set(&error, WI_MODEL_NOT_FOUND, "model_name",
            "there is no model %.160s: its pull failed: %.300s", info.name, info.error->detail);
    wi_request_answer_error(request, &error);
}

void wi_api_answer_with_model(struct wi_request *request, const char *name)
{
    wi_request_find_model(request, name, on_model, NULL, NULL);
}

void wi_handle_model(struct wi_request *request)
{
    wi_request_look_for_model(request, request->argument, on_model, on_missing, NULL, NULL);
}

/* --- a sample request ------------------------------------------------------------------------- */

#define SAMPLE_SEED 1 /* as wire/benchmark: the same each time */

/* `prefix` and the tensor's bytes in base64. */
static json_t *tensor_encode(const char *prefix, const struct wi_tensor *tensor)
{
    size_t before = strlen(prefix);
    char *text = wi_alloc(before + (tensor->size + 2) / 3 * 4 + 1);
    memcpy(text, prefix, before);
    EVP_EncodeBlock((unsigned char *)text + before, wi_tensor_bytes(tensor), (int)tensor->size);
    json_t *value = json_string(text);
    free(text);
    return value;
}

/* An input as a client writes it: the bytes of its tensors are put into it. */
static json_t *input_json(const struct wi_inference *asked)
{
    json_t *prompt = json_object_get(asked->input, "prompt");
    if (prompt && json_object_size(asked->input) == 1)
        return json_incref(prompt); /* a text alone is a string */
    json_t *input = json_copy(asked->input);
    const json_t *sound = json_object_get(asked->input, "audio");
    if (json_object_get(input, "image"))
        json_object_set_new(
            input, "image", tensor_encode("data:image/png;base64,", &asked->tensors.items[0]));
    if (!sound)
        return input;
    json_object_set(input, "sampling_rate", json_object_get(sound, "sampling_rate"));
    json_object_set(input, "channels", json_object_get(sound, "channels"));
    json_object_set_new(input, "format", json_string("s16le"));
    json_object_set_new(input, "audio", tensor_encode("", &asked->tensors.items[0]));
    return input;
}

/* 0, or -1: a tensor's numbers cannot be JSON. */
static int put_inputs(struct wi_buffer *out, const struct wi_inference *asked)
{
    const struct wi_tensors *tensors = &asked->tensors;
    if (asked->input) {
        json_t *input = input_json(asked);
        wi_buffer_json(out, input);
        json_decref(input);
        return 0;
    }
    wi_buffer_puts(out, "[");
    for (size_t i = 0; i < tensors->count; i++) {
        if (wi_datatype_needs_binary(tensors->items[i].datatype))
            return -1;
        wi_buffer_puts(out, i > 0 ? "," : "");
        wi_tensor_to_json(out, &tensors->items[i], 0);
    }
    wi_buffer_puts(out, "]");
    return 0;
}

static int put_sample(struct wi_buffer *out, const struct wi_inference *asked)
{
    wi_buffer_puts(out, "{\"model_name\":");
    wi_buffer_json_string(out, asked->model->name);
    if (asked->task != WI_TASK_NONE)
        wi_buffer_strings(out, ",\"task\":\"", wi_task_name(asked->task), "\"", NULL);
    wi_buffer_puts(out, ",\"inputs\":");
    int failed = put_inputs(out, asked);
    if (asked->options) {
        wi_buffer_puts(out, ",\"options\":");
        wi_buffer_json(out, asked->options);
    }
    wi_buffer_puts(out, "}\n");
    return failed;
}

static void on_sampled(struct wi_request *request, void *work, struct wi_model *model)
{
    struct wi_inference *asked = wi_probe_usual(model, WI_TASK_NONE, SAMPLE_SEED);
    struct wi_buffer text = {0};
    if (asked && put_sample(&text, asked) == 0)
        wi_request_answer_text(request, 200, "application/json", &text);
    else
        wi_request_answer_refusal(request, WI_INPUT_INVALID, "model",
            "no inputs that fit into JSON can be generated for %s", model->name);
    if (asked)
        wi_inference_release(asked);
    wi_buffer_clear(&text);
}

void wi_handle_model_sample(struct wi_request *request)
{
    wi_request_find_model(request, request->argument, on_sampled, NULL, NULL);
}

/* --- the numerics guard ----------------------------------------------------------------------- */

struct count {
    const char *name;
    uint64_t value;
};

#define PROBE_RESULTS 6

static void read_probes(const struct wi_api *api, struct count out[PROBE_RESULTS])
{
    struct wi_check_counters c;
    wi_checks_counters(api->deps.checks, &c);
    const struct count counts[PROBE_RESULTS] = {{"trusted", c.trusted}, {"wrong", c.wrong},
        {"unable", c.unable}, {"measured", c.measured}, {"failed", c.failed},
        {"dropped", c.dropped}};
    for (int i = 0; i < PROBE_RESULTS; i++)
        out[i] = counts[i];
}

json_t *wi_api_numerics_json(const struct wi_api *api)
{
    struct count probes[PROBE_RESULTS];
    size_t verdicts[WI_VERDICT_COUNT];
    int checks = api->deps.config->pool.numerics == WI_NUMERICS_CHECK;
    json_t *by_verdict = json_object(), *by_result = json_object();

    wi_verdicts_count(wi_pool_verdicts(api->deps.pool), verdicts);
    for (int i = WI_UNKNOWN + 1; i < WI_VERDICT_COUNT; i++)
        json_object_set_new(by_verdict, wi_verdict_names[i], json_integer((json_int_t)verdicts[i]));
    read_probes(api, probes);
    for (int i = 0; i < PROBE_RESULTS; i++)
        json_object_set_new(by_result, probes[i].name, json_integer((json_int_t)probes[i].value));
    return json_pack("{s:s, s:o, s:o}", "mode", checks ? "check" : "off", "verdicts", by_verdict,
        "probes", by_result);
}

void wi_api_numerics_metrics(const struct wi_api *api, struct wi_buffer *out)
{
    struct count probes[PROBE_RESULTS];
    size_t verdicts[WI_VERDICT_COUNT];

    wi_metric_head(out, "webinfer_probes_total", "counter",
        "Shadow runs, to check or to measure a platform, by result.");
    read_probes(api, probes);
    for (int i = 0; i < PROBE_RESULTS; i++)
        wi_buffer_printf(out, "webinfer_probes_total{result=\"%s\"} %llu\n", probes[i].name,
            (unsigned long long)probes[i].value);
    wi_metric_head(
        out, "webinfer_verdicts", "gauge", "Pairs of a model and a platform, by verdict.");
    wi_verdicts_count(wi_pool_verdicts(api->deps.pool), verdicts);
    for (int i = WI_UNKNOWN + 1; i < WI_VERDICT_COUNT; i++)
        wi_buffer_printf(
            out, "webinfer_verdicts{verdict=\"%s\"} %zu\n", wi_verdict_names[i], verdicts[i]);
}
