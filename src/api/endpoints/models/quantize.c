/*
 * POST /v1/models/NAME/quantize: a variant of a model in fewer bits is made here. It is shown, and
 * cancelled, as a pull is; a client that leaves does not end it.
 */
#include "api/endpoints/models/quantize.h"
#include "api/endpoints/endpoints.h"
#include "api/endpoints/models/pull_endpoint.h"
#include "api/endpoints/openapi.h"

#include "api/endpoints/progress_answer.h"
#include "api/endpoints/stream_endpoint.h"
#include "base/clock.h"
#include "base/params.h"
#include "owners/quantizer/quantizer_measure.h"
#include "wire/describe/schemas.h"
#include <assert.h>
#include <stdlib.h>

/* --- as JSON ---------------------------------------------------------------------------------- */

json_t *wi_api_making_json(const struct wi_making_info *info)
{
    double end = info->ended_ms > 0 ? info->ended_ms : wi_now_ms();
    return wi_form_json("Pull", info->name, wi_making_state_names[info->state], info->model, "",
        info->variant, NULL, info->done, info->total, 0, 0, json_array(), info->graphs_done,
        info->graphs, (end - info->began_ms) / 1000, -1, -1, NULL, wi_api_pull_problem(info->error),
        info->want.bits, info->want.mixed, info->inputs_done, WI_MEASURE_INPUTS,
        json_incref((json_t *)info->notes));
}

static void add_to_list(void *context, const struct wi_making_info *info)
{
    json_array_append_new(context, wi_api_making_json(info));
}

void wi_api_add_makings(const struct wi_quantizer *quantizer, json_t *list)
{
    if (quantizer)
        wi_quantizer_each(quantizer, add_to_list, list);
}

/* --- a client that takes its events ----------------------------------------------------------- */

struct watcher {
    struct wi_progress_answer *answer;
    struct wi_making_watch *watch;
};

static void free_watcher(void *work)
{
    struct watcher *watcher = work;
    wi_making_unwatch(watcher->watch);
    free(watcher);
}

/* A failure before anything is told has its usual status. */
static void tell_progress(struct watcher *watcher, const struct wi_making_info *info)
{
    struct wi_buffer text = {0};
    if (info->total == 0)
        return;
    wi_api_pull_write(&text, wi_api_making_json(info), 0);
    wi_progress_answer_say(watcher->answer, &text);
}

static void tell_end(struct watcher *watcher, const struct wi_making_info *info)
{
    struct wi_buffer text = {0};
    wi_api_pull_write(&text, wi_api_making_json(info), 1);
    wi_progress_answer_end(watcher->answer, &text);
}

static void on_making(void *context, const struct wi_making_info *info)
{
    struct watcher *watcher = context;
    if (info->state != WI_MAKING_FAILED && info->state != WI_MAKING_DONE) {
        tell_progress(watcher, info);
        return;
    }
    watcher->watch = NULL; /* it is over */
    if (info->state == WI_MAKING_FAILED)
        wi_progress_answer_fail(watcher->answer, info->error);
    else
        tell_end(watcher, info);
    free_watcher(watcher);
}

static void tell_events(struct wi_request *request, const char *name)
{
    struct watcher *watcher = wi_alloc(sizeof *watcher);
    watcher->watch = wi_making_watch(request->api->deps.quantizer, name, on_making, watcher);
    assert(watcher->watch); /* it has just begun, or goes on */
    watcher->answer = wi_progress_answer_new(request, 1, free_watcher, watcher);
}

/* --- the endpoint ----------------------------------------------------------------------------- */

struct requested {
    int64_t bits;
    int mixed, force, stream;
};

const struct wi_param wi_quantize_params[] = {
    WI_PARAM(requested, bits, INTEGER, .required = 1,
        .help = "8, 4 or 16, for the variant q8, q4 or fp16. The variant is made from fp32. In q8 "
                "and q4, only the weights of MatMul, Gemm and large Gather nodes are quantised; "
                "fp16 computes in FP16."),
    WI_PARAM(requested, mixed, BOOL,
        .help = "With 4 bits: whether the layers that would lose the most accuracy keep 8 bits."),
    WI_PARAM(requested, force, BOOL,
        .help = "Whether to publish the variant even if its measured accuracy is too low."),
    WI_PARAM(requested, stream, BOOL, .help = "Whether the answer is a stream of events."),
    WI_PARAM_END,
};

static enum wi_code requested_check(const struct requested *requested, struct wi_error *error)
{
    if (!wi_quantisation_made(requested->bits)) {
        wi_error_set(error, WI_INVALID_FIELD, "bits", "there is no variant of %lld bits",
            (long long)requested->bits);
        return wi_error_allow(error, "4, 8, 16");
    }
    if (requested->mixed && requested->bits != 4)
        return wi_error_set(error, WI_INVALID_FIELD, "mixed",
            "mixed is for 4 bits only: some layers then keep 8 bits");
    return WI_OK;
}

static void answer_accepted(struct wi_request *request, const char *name)
{
    struct wi_making_info info;
    if (wi_quantizer_find(request->api->deps.quantizer, name, &info) != 0)
        abort(); /* it has just begun */
    wi_api_pull_accept(request, name, wi_api_making_json(&info));
}

static void quantizing_begin(struct wi_request *request, void *work, struct wi_model *model)
{
    struct requested *requested = work;
    const struct wi_quantizer_want want = {
        (int)requested->bits, requested->mixed, requested->force};
    char name[WI_MODEL_NAME_MAX + 1];
    struct wi_error error;
    int stream = requested->stream || wi_api_stream_is_accepted(request);
    free(requested);
    if (wi_quantizer_start(request->api->deps.quantizer, model, &want, name, &error) != WI_OK)
        wi_request_answer_error(request, &error);
    else if (stream)
        tell_events(request, name);
    else
        answer_accepted(request, name);
}

void wi_handle_model_quantize(struct wi_request *request)
{
    struct requested requested = {0};
    struct wi_error error;
    json_t *body;
    if (!request->api->deps.quantizer) {
        wi_request_answer_refusal(
            request, WI_NOT_IMPLEMENTED, NULL, "this daemon quantises no models");
        return;
    }
    if (!(body = wi_request_read_body(request, wi_quantize_params, &requested)))
        return;
    json_decref(body);
    if (requested_check(&requested, &error) == WI_OK) {
        struct requested *work = wi_alloc(sizeof *work);
        *work = requested;
        wi_request_find_model(request, request->argument, quantizing_begin, work, free);
    } else {
        wi_request_answer_error(request, &error);
    }
}
