/*
 * POST /v1/models/pull and POST /v1/models/NAME/cancel: a model comes from a hub into the store.
 * How far it is shows in GET /v1/models/NAME, and in the events that a client asked for here; a
 * client that leaves does not end the pull.
 */
#include "api/endpoints/models/pull_endpoint.h"
#include "api/endpoints/endpoints.h"
#include "api/endpoints/openapi.h"

#include "api/endpoints/progress_answer.h"
#include "api/endpoints/stream_endpoint.h"
#include "base/clock.h"
#include "base/params.h"
#include "wire/describe/schemas.h"
#include "wire/dialect.h"
#include "wire/printing.h"
#include <assert.h>
#include <stdlib.h>

/* --- as JSON ---------------------------------------------------------------------------------- */

/* Without other sources, the list has the hub alone. */
static json_t *sources_json(const struct wi_pull_info *info)
{
    const struct wi_fetch_source hub = {info->hub, info->fetched};
    const struct wi_fetch_source *sources = info->source_count > 0 ? info->sources : &hub;
    size_t count = info->source_count > 0 ? info->source_count : info->fetched > 0;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:I}", "name", sources[i].name, "bytes",
                                        (json_int_t)sources[i].bytes));
    return list;
}

json_t *wi_api_pull_problem(const struct wi_error *error)
{
    return error
               ? json_pack("{s:s, s:s}", "code", wi_code_name(error->code), "detail", error->detail)
               : NULL;
}

json_t *wi_api_pull_json(const struct wi_pull_info *info)
{
    double end = info->ended_ms > 0 ? info->ended_ms : wi_now_ms(), rate = info->bytes_per_second;
    int is_foreseen = rate > 0 && info->state == WI_PULL_DOWNLOADING && info->total >= info->done;
    return wi_form_json("Pull", info->name, wi_pull_state_names[info->state], info->reference,
        info->hub, info->variant, info->commit, info->done, info->total, info->fetched,
        info->reused, sources_json(info), info->files_done, info->files,
        (end - info->began_ms) / 1000, rate > 0 ? (json_int_t)rate : -1,
        is_foreseen ? (double)(info->total - info->done) / rate : -1, info->retrying,
        wi_api_pull_problem(info->error), -1, -1, -1, -1, NULL);
}

static void add_to_list(void *context, const struct wi_pull_info *info)
{
    json_array_append_new(context, wi_api_pull_json(info));
}

json_t *wi_api_pulls_json(const struct wi_pulls *pulls)
{
    json_t *list = json_array();
    if (pulls)
        wi_pulls_each(pulls, add_to_list, list);
    return list;
}

/* --- a client that waits ---------------------------------------------------------------------- */

/* One that takes events, or waits for the end alone, or until the pull is on the disk. */
struct puller {
    wi_pull_event_fn *write; /* NULL: it waits until the pull is on the disk */
    struct wi_progress_answer *answer;
    struct wi_pull_watch *watch;
};

static void free_puller(void *work)
{
    struct puller *puller = work;
    wi_pull_unwatch(puller->watch);
    free(puller);
}

void wi_api_pull_write(struct wi_buffer *out, json_t *pull, int done)
{
    json_object_set(pull, "phase", json_object_get(pull, "state"));
    wi_printing_event(out, done ? "done" : "progress", pull);
}

static void write_event(struct wi_buffer *out, const struct wi_pull_info *info)
{
    wi_api_pull_write(out, wi_api_pull_json(info), info->state == WI_PULL_DONE);
}

static void end_puller(struct puller *puller, const struct wi_pull_info *info)
{
    struct wi_buffer text = {0};
    puller->write(&text, info);
    wi_progress_answer_end(puller->answer, &text);
}

static void tell_progress(struct puller *puller, const struct wi_pull_info *info)
{
    struct wi_buffer text = {0};
    if (info->state == WI_PULL_RESOLVING)
        return;
    puller->write(&text, info);
    wi_progress_answer_say(puller->answer, &text);
}

void wi_api_pull_accept(struct wi_request *request, const char *name, json_t *pull)
{
    wi_request_answer_json(request, 202, pull);
    wi_request_add_location(request, "/v1/models/", name);
}

static void on_kept(void *context, const struct wi_pull_info *info)
{
    struct puller *puller = context;
    int is_over = info->state == WI_PULL_FAILED || info->state == WI_PULL_DONE;
    if (!info->kept && !is_over)
        return;
    if (is_over)
        puller->watch = NULL;
    if (info->state == WI_PULL_FAILED)
        wi_progress_answer_fail(puller->answer, info->error);
    else
        wi_api_pull_accept(
            wi_progress_answer_leave(puller->answer), info->asked, wi_api_pull_json(info));
    free_puller(puller);
}

static void on_pull(void *context, const struct wi_pull_info *info)
{
    struct puller *puller = context;
    if (info->state != WI_PULL_FAILED && info->state != WI_PULL_DONE) {
        tell_progress(puller, info);
        return;
    }
    puller->watch = NULL; /* it is over */
    if (info->state == WI_PULL_FAILED)
        wi_progress_answer_fail(puller->answer, info->error);
    else
        end_puller(puller, info);
    free_puller(puller);
}

static struct puller *new_puller(
    struct wi_request *request, const char *name, wi_pull_fn *on_event, int has_events)
{
    struct puller *puller = wi_alloc(sizeof *puller);
    puller->watch = wi_pull_watch(request->api->deps.pulls, name, on_event, puller);
    assert(puller->watch); /* it has just begun, or goes on */
    puller->answer = wi_progress_answer_new(request, has_events, free_puller, puller);
    return puller;
}

void wi_api_pull_tell(
    struct wi_request *request, const char *name, wi_pull_event_fn *write, int whole)
{
    new_puller(request, name, on_pull, !whole)->write = write;
}

/* An answer 202 promises that the pull goes on whatever happens here, so it is sent once that is
 * true. */
static void accept_when_kept(struct wi_request *request, const struct wi_pull_info *info)
{
    if (info->kept) {
        wi_api_pull_accept(request, info->asked, wi_api_pull_json(info));
        return;
    }
    (void)new_puller(request, info->asked, on_kept, 0);
}

/* --- the endpoints ---------------------------------------------------------------------------- */

struct requested {
    const char *model, *as, *hub, *precision;
    json_t *files;
    int stream;
};

const struct wi_param wi_pull_params[] = {
    WI_PARAM(requested, model, STRING, .required = 1, .min = 1, .max = 1000,
        .help = "ORG/NAME[:VARIANT[@REVISION]], or ipfs://CID[/PATH][:VARIANT]. A variant is a "
                "quantisation or dtype. Without a variant, the daemon chooses one according to its "
                "speed in a browser and the memory available to a page. A revision is a branch, a "
                "tag or a commit; by default, it is the hub's latest. On a hub with the layout "
                "plain, the name may have one to four segments."),
    WI_PARAM(requested, as, STRING, .min = 1, .max = WI_MODEL_NAME_MAX,
        .help = "The model's name in the store. By default, this is the name on the hub, or "
                "ipfs/CID for a CID."),
    WI_PARAM(requested, hub, STRING, .min = 1, .max = 64,
        .help = "The NAME of a [hub.NAME] section; by default, the hub that is set in [models]. "
                "With ipfs://, this member is not allowed, because all hubs with the layout ipfs "
                "or webinfer are asked."),
    WI_PARAM(requested, precision, STRING, .min = 1, .max = 16,
        .help = "The variant of an ONNX model: fp32, fp16, int8 or int4."),
    WI_PARAM(requested, files, ARRAY, .min = 1, .max = WI_PULL_PATTERNS_MAX, .form = "[string]",
        .help = "Patterns such as onnx/*_q4.onnx. All files that match a pattern are fetched, and "
                "no others."),
    WI_PARAM(requested, stream, BOOL, .help = "Whether the answer is a stream of events."),
    WI_PARAM_END,
};

static enum wi_code read_patterns(
    const json_t *list, struct wi_strings *patterns, struct wi_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        size_t length = json_string_length(item);
        if (length < 1 || length > WI_PULL_PATTERN_MAX) {
            wi_error_set(error, WI_INVALID_FIELD, "files", "files[%zu] is no pattern", i);
            return wi_error_expect(error,
                "a path or pattern such as \"onnx/*_q4.onnx\", of at most %d "
                "bytes",
                WI_PULL_PATTERN_MAX);
        }
        wi_strings_add(patterns, json_string_value(item));
    }
    return WI_OK;
}

int wi_api_has_pulls(struct wi_request *request)
{
    if (!request->api->deps.pulls)
        wi_request_answer_refusal(request, WI_NOT_IMPLEMENTED, NULL, "this daemon pulls no models");
    return request->api->deps.pulls != NULL;
}

static void begin_pull(struct wi_request *request, const struct requested *requested)
{
    struct wi_strings patterns = {0};
    struct wi_error error;
    const struct wi_pull_want want = {.hub = requested->hub,
        .reference = requested->model,
        .as = requested->as,
        .precision = requested->precision,
        .files = &patterns};
    struct wi_pull_info info;
    enum wi_code code = read_patterns(requested->files, &patterns, &error);
    if (code == WI_OK)
        code = wi_pulls_start(request->api->deps.pulls, &want, &info, &error);
    wi_strings_clear(&patterns);
    if (code != WI_OK)
        wi_request_answer_error(request, &error);
    else if (requested->stream || wi_api_stream_is_accepted(request))
        wi_api_pull_tell(request, info.asked, write_event, 0);
    else
        accept_when_kept(request, &info);
}

void wi_handle_model_pull(struct wi_request *request)
{
    struct requested requested = {0};
    json_t *body = wi_api_has_pulls(request)
                       ? wi_request_read_body(request, wi_pull_params, &requested)
                       : NULL;
    if (body)
        begin_pull(request, &requested);
    json_decref(body);
}

void wi_handle_model_cancel(struct wi_request *request)
{
    const struct wi_server_deps *deps = &request->api->deps;
    struct wi_error error;
    int cancelled =
        deps->quantizer && wi_quantizer_cancel(deps->quantizer, request->argument, &error) == WI_OK;
    if (!cancelled && !wi_api_has_pulls(request))
        return;
    if (cancelled || wi_pulls_cancel(deps->pulls, request->argument, &error) == WI_OK)
        wi_request_answer_json(
            request, 200, wi_form_json("Removed", request->argument, "cancelled", -1, NULL));
    else
        wi_request_answer_error(request, &error);
}
