/*
 * A stream whose model is not here yet: it begins with how far its pull is, and becomes a job when
 * that is done. Its deadline counts from the request on, the pull included.
 */
#include "api/stream_private.h"

#include "api/pulls.h"
#include "base/clock.h"
#include <stdlib.h>

struct wi_stream_pull {
    struct wi_api_stream *stream;
    struct wi_pull_watch *watch;
    struct wi_repository_lookup *lookup;
    struct wi_timer *timer; /* of the deadline */
};

static void cancel(void *context)
{
    struct wi_stream_pull *pull = context;
    wi_pull_unwatch(pull->watch);
    wi_repository_cancel(pull->lookup);
    wi_timer_free(pull->timer);
    free(pull);
}

static void end_pull(struct wi_api_stream *stream)
{
    cancel(stream->before.context);
    stream->before = (struct wi_stream_before){0};
}

static void fail(struct wi_api_stream *stream, const struct wi_error *failure)
{
    struct wi_error error = *failure;
    end_pull(stream);
    wi_stream_fail(stream, &error);
}

static enum wi_code submit(
    struct wi_api_stream *stream, struct wi_model *model, struct wi_error *error)
{
    const struct wi_api *api = stream->streams->api;
    struct wi_job_spec spec = {0};
    if (stream->dialect->check(&stream->infer, model, &api->deps.config->models, error) != WI_OK)
        return error->code;
    wi_job_spec_fill(&spec, wi_infer_settle(&stream->infer, model));
    return wi_stream_submit(stream, &spec, error);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct wi_stream_pull *pull = context;
    struct wi_api_stream *stream = pull->stream;
    struct wi_error error;
    pull->lookup = NULL;
    if (failure) {
        fail(stream, failure);
        return;
    }
    end_pull(stream);
    if (submit(stream, model, &error) != WI_OK)
        wi_stream_fail(stream, &error);
}

static void find_model(struct wi_stream_pull *pull)
{
    struct wi_api_stream *stream = pull->stream;
    struct wi_repository_lookup *lookup = wi_repository_find(
        stream->streams->api->deps.repository, stream->model_name, on_model, pull);
    if (lookup) /* else on_model was called, and `pull` is gone */
        pull->lookup = lookup;
}

static void on_pull(void *context, const struct wi_pull_info *info)
{
    struct wi_stream_pull *pull = context;
    const struct wi_progress progress = {.phase = wi_pull_state_names[info->state],
        .has_bytes = info->total > 0,
        .loaded_bytes = info->done,
        .total_bytes = info->total};
    if (info->state == WI_PULL_FAILED) {
        pull->watch = NULL;
        fail(pull->stream, info->error);
    } else if (info->state == WI_PULL_DONE) {
        pull->watch = NULL;
        find_model(pull);
    } else {
        wi_stream_show(pull->stream, &progress);
    }
}

static void on_late(void *context)
{
    const struct wi_stream_pull *pull = context;
    struct wi_error error;
    wi_api_pull_late(pull->stream->model_name, &error);
    fail(pull->stream, &error);
}

void wi_api_stream_begin_pull(struct wi_request *request, struct wi_infer *infer)
{
    const struct wi_api *api = request->api;
    struct wi_error error;
    char id[WI_ID_SIZE];
    infer->asked->stream = 1;
    if (wi_request_dialect(request)->check_stream(infer, &error) != WI_OK ||
        wi_api_pull_now(api, infer->model_name, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        return;
    }
    double timeout_ms = wi_infer_timeout_ms(infer, wi_model_type_of_name(infer->model_name));
    double left = request->read + timeout_ms - wi_now_ms();
    wi_id_new(id, "job");
    struct wi_api_stream *stream = wi_stream_new(request, infer, infer->model_name, id);
    struct wi_stream_pull *pull = wi_alloc(sizeof *pull);
    stream->before = (struct wi_stream_before){cancel, pull};
    pull->stream = stream;
    pull->timer = wi_timer_new(api->deps.loop, on_late, pull);
    pull->watch = wi_pull_watch(api->deps.pulls, stream->model_name, on_pull, pull);
    wi_timer_start(pull->timer, left > 0 ? (uint64_t)left : 0, 0);
    wi_stream_wait(stream);
}
