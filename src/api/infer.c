/*
 * POST /v1/infer: parse → find the model → check → submit → answer. Each step may be asynchronous;
 * one `struct call` goes along and knows what it waits for, so that a client that leaves stops
 * exactly that.
 */
#include "api/infer.h"

#include "api/durable.h"
#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* JSON above this is parsed off the loop: 256 KiB take about 5 ms. */
#define INLINE_JSON_MAX (256 * 1024)

struct call {
    struct wi_request *request; /* NULL once cancelled */
    wi_infer_next_fn *next;     /* NULL: submitted and answered here */
    const struct wi_dialect *dialect;
    struct wi_infer infer;
    struct wi_blob *body;
    size_t json_size;
    struct wi_queued_work *work;
    struct wi_repository_lookup *lookup;
    char job[WI_ID_SIZE]; /* "" before it was submitted */
    enum wi_code code;    /* of parsing */
    struct wi_error error;
};

static void free_call(struct call *call)
{
    wi_infer_clear(&call->infer);
    wi_blob_unref(call->body);
    free(call);
}

/* The client is gone or the server stops. */
static void cancel_call(void *work)
{
    struct call *call = work;
    if (call->work) {
        call->request = NULL;
        wi_queued_work_abandon(call->work); /* frees the call when the thread lets go of it */
        return;
    }
    wi_repository_cancel(call->lookup);
    if (*call->job)
        wi_jobs_abandon(call->request->api->deps.jobs, call->job);
    free_call(call);
}

static void answer_error(struct call *call, const struct wi_error *error)
{
    call->request->alias = NULL;
    wi_request_answer_error(call->request, error);
    free_call(call);
}

/* --- the job --------------------------------------------------------------------------------- */

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct call *call = context;
    struct wi_request *request = call->request;
    request->job[0] = '\0';
    request->alias = NULL;
    if (result->code != WI_OK) {
        answer_error(call, &result->error);
        return;
    }
    wi_infer_answer(request, &call->infer, spec, result);
    free_call(call);
}

static void submit(struct call *call, struct wi_model *model)
{
    struct wi_request *request = call->request;
    struct wi_job_spec spec = {0};
    struct wi_error error;
    wi_job_spec_fill(&spec, &call->infer, model);
    spec.client = wi_strdup(wi_request_client(request));
    spec.accepted_at = request->read;
    memcpy(call->job, spec.id, sizeof call->job);
    if (wi_jobs_submit(request->api->deps.jobs, &spec, on_done, call, &error) != WI_OK) {
        answer_error(call, &error);
        return;
    }
    memcpy(request->job, call->job, sizeof request->job);
    request->alias = call->infer.client_id;
    wi_request_wait(request, cancel_call, call);
}

/* --- the model ------------------------------------------------------------------------------- */

static void hand_on(struct call *call, struct wi_model *model)
{
    call->next(call->request, &call->infer, model, call->body, call->json_size);
    free_call(call);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct call *call = context;
    struct wi_error error;
    int64_t max_pixels = call->request->api->deps.config->models.max_picture_pixels;
    call->lookup = NULL;
    if (failure)
        answer_error(call, failure);
    else if (call->dialect->check(&call->infer, model, max_pixels, &error) != WI_OK)
        answer_error(call, &error);
    else if (call->next)
        hand_on(call, model);
    else
        submit(call, model);
}

enum wi_code wi_api_check_browser(
    const struct wi_api *api, const char *kind, struct wi_error *error)
{
    const struct wi_config *config = api->deps.config;
    if (!kind || wi_config_find_browser(config, kind) || wi_pool_has_kind(api->deps.pool, kind))
        return WI_OK;
    struct wi_buffer kinds = {0};
    for (size_t i = 0; i < config->browser_count; i++)
        wi_buffer_printf(&kinds, "%s%s", i ? ", " : "", config->browsers[i].kind);
    wi_error_set(error, WI_INVALID_FIELD, "browser", "\"%s\" is not a browser kind here.", kind);
    wi_error_allow(error, "%s", kinds.text ? kinds.text : "");
    wi_buffer_clear(&kinds);
    return WI_INVALID_FIELD;
}

static void on_parsed(struct call *call)
{
    struct wi_request *request = call->request;
    struct wi_error error;
    if (!call->next) {
        wi_blob_unref(call->body); /* binary tensors keep it */
        call->body = NULL;
    }
    if (call->code != WI_OK) {
        answer_error(call, &call->error);
        return;
    }
    if (wi_api_check_browser(request->api, call->infer.browser, &error) != WI_OK) {
        answer_error(call, &error);
        return;
    }
    struct wi_repository_lookup *lookup =
        wi_repository_find(request->api->deps.repository, call->infer.model_name, on_model, call);
    if (!lookup)
        return; /* on_model was called, and the call may be gone */
    call->lookup = lookup;
    wi_request_wait(request, cancel_call, call);
}

/* --- parsing --------------------------------------------------------------------------------- */

static void parse_off_loop(void *data)
{
    struct call *call = data;
    call->code =
        call->dialect->parse(&call->infer, call->body, call->json_size, NULL, &call->error);
}

static void on_parsed_off_loop(void *data, int cancelled)
{
    struct call *call = data;
    call->work = NULL;
    if (cancelled) {
        free_call(call);
        return;
    }
    /* What parsing needed is free again; what was converted stays charged to the request. */
    int binary = call->body->size > call->json_size;
    size_t converted = binary ? 0 : wi_tensors_bytes(&call->infer.tensors);
    if (wi_request_reserve(call->request, converted) != 0 && call->code == WI_OK) {
        call->code = wi_error_set(&call->error, WI_MEMORY_BUDGET, NULL,
            "There is no memory for these tensors now; try again later.");
    }
    on_parsed(call);
}

static void parse(struct call *call)
{
    struct wi_request *request = call->request;
    struct wi_budget *budget = request->api->deps.budget;
    if (call->json_size <= INLINE_JSON_MAX) {
        call->code =
            call->dialect->parse(&call->infer, call->body, call->json_size, budget, &call->error);
        on_parsed(call);
        return;
    }
    /* The parser's tree, its strings, and what they are converted into. A binary body's head is at
     * most 1 MiB, so that its tree may be reckoned by size alone. */
    uint64_t cost =
        request->headers.inference_length ? (uint64_t)call->json_size * 44 : request->json_cost;
    if (wi_request_reserve(request, (size_t)cost + 2 * call->json_size) != 0) {
        wi_error_set(&call->error, WI_MEMORY_BUDGET, NULL,
            "There is no memory to read this JSON now; try again later, or send the tensors in "
            "binary.");
        answer_error(call, &call->error);
        return;
    }
    call->work =
        wi_work_queue_start(request->api->heavy, 0, parse_off_loop, on_parsed_off_loop, call);
    wi_request_wait(request, cancel_call, call);
}

void wi_infer_begin(struct wi_request *request, wi_infer_next_fn *next)
{
    struct wi_error error;
    size_t json_size;
    size_t body_size = request->body ? request->body->size : 0;
    const struct wi_dialect *dialect = wi_request_dialect(request);
    if (dialect->frame(request->headers.content_type, request->headers.inference_length, body_size,
            &json_size, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    if (json_size == 0) {
        wi_error_set(&error, WI_BAD_JSON, NULL, "There is no JSON in the body.");
        wi_request_answer_error(request, &error);
        return;
    }
    struct call *call = wi_alloc(sizeof *call);
    call->request = request;
    call->next = next;
    call->dialect = dialect;
    call->body = request->body;
    request->body = NULL;
    call->json_size = json_size;
    parse(call);
}

void wi_handle_infer(struct wi_request *request)
{
    if (request->headers.idempotency_key)
        wi_job_post(request);
    else
        wi_infer_begin(request, NULL);
}
