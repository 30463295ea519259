/* POST /v1/infer: the body is read, becomes a job, and the job's end is the answer. */
#include "api/infer.h"

#include "api/jobs.h"
#include "api/stream.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* A request that waits for its job. */
struct call {
    struct wi_request *request;
    struct wi_infer infer;
    char job[WI_ID_SIZE];
};

static void free_call(struct call *call)
{
    wi_infer_clear(&call->infer);
    free(call);
}

/* The client is gone or the server stops. */
static void abandon(void *work)
{
    struct call *call = work;
    wi_jobs_abandon(call->request->api->deps.jobs, call->job);
    free_call(call);
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct call *call = context;
    struct wi_request *request = call->request;
    request->job[0] = '\0';
    request->alias = NULL;
    if (result->code == WI_OK)
        wi_infer_answer(request, &call->infer, spec, result);
    else
        wi_request_answer_error(request, &result->error);
    free_call(call);
}

static void submit(
    struct wi_request *request, void *work, struct wi_infer *infer, struct wi_model *model)
{
    struct wi_job_spec spec = {0};
    struct wi_error error;
    (void)work;
    if (request->route->flags & WI_ROUTE_EVENTS)
        infer->asked->stream |= wi_api_stream_is_accepted(request);
    if (infer->asked->stream) {
        wi_api_stream_begin(request, infer, model);
        return;
    }
    struct call *call = wi_alloc(sizeof *call);
    call->request = request;
    call->infer = *infer;
    *infer = (struct wi_infer){0};
    wi_job_spec_fill(&spec, wi_infer_settle(&call->infer, model));
    spec.client = wi_strdup(wi_request_client(request));
    spec.accepted_at = request->read;
    memcpy(call->job, spec.id, sizeof call->job);
    if (wi_jobs_submit(request->api->deps.jobs, &spec, on_done, call, &error) != WI_OK) {
        wi_request_answer_error(request, &error);
        free_call(call);
        return;
    }
    memcpy(request->job, call->job, sizeof request->job);
    request->alias = call->infer.asked->client_id;
    wi_request_wait(request, abandon, call);
}

static void begin(struct wi_request *request)
{
    if (request->headers.idempotency_key)
        wi_job_post(request, 1);
    else
        wi_infer_begin(request, submit, NULL, NULL);
}

void wi_handle_infer(struct wi_request *request)
{
    wi_infer_unpack(request, begin);
}
