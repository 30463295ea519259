/* POST /v1/infer: the request's body becomes a run, and the run's end is the answer. */
#include "api/endpoints/infer.h"

#include "api/endpoints/job.h"
#include "api/endpoints/stream_endpoint.h"
#include "api/http/access_rules.h"
#include "api/http/http_answer.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* A client that waits for the whole answer. */
struct call {
    struct wi_request *request; /* first: see wi_infer_charge */
    struct wi_run *run;
};

/* The client is gone or the server stops. */
static void call_abandon(void *work)
{
    struct call *call = work;
    wi_run_abandon(call->run);
    free(call);
}

/* [api] custom_kernels says whose own are run. */
static enum wi_code check_program(const struct wi_request *request, struct wi_error *error)
{
    enum wi_custom_kernels whose = request->api->deps.config->api.custom_kernels;
    enum wi_rank needed = whose == WI_CUSTOM_KERNELS_USER ? WI_RANK_USER : WI_RANK_ADMIN;
    if (whose == WI_CUSTOM_KERNELS_OFF) {
        wi_error_set(error, WI_FORBIDDEN_RANK, "source",
            "the operator has disabled clients' own kernels ([api] custom_kernels)");
        return wi_error_expect(error, "the name of a kernel");
    }
    return wi_access_check_rank(request->rank, needed, wi_request_client(request), error);
}

/* Another daemon is trusted to say whose request it hands on. */
static enum wi_code on_relayed(void *context, struct wi_error *error)
{
    const struct call *call = context;
    const struct wi_request *request = call->request;
    return wi_access_check_rank(request->rank, WI_RANK_RELAY, wi_request_client(request), error);
}

static enum wi_code on_begin(void *context, struct wi_infer *infer, struct wi_error *error)
{
    struct call *call = context;
    struct wi_request *request = call->request;
    if (infer->asked->program && check_program(request, error) != WI_OK)
        return error->code;
    if (request->route->flags & WI_ROUTE_EVENTS)
        infer->asked->stream |= wi_api_stream_is_accepted(request);
    if (!infer->asked->stream)
        return WI_OK;
    wi_check_stream_fn *check = request->dialect->check_stream;
    enum wi_code code = check ? check(infer, error) : WI_OK;
    if (code == WI_OK) {
        wi_api_stream_begin(request, call->run);
        free(call);
    }
    return code;
}

static int on_work(void *context)
{
    const struct call *call = context;
    wi_request_begin_spending(call->request);
    return 1;
}

static void on_queued(void *context)
{
    struct call *call = context;
    struct wi_request *request = call->request;
    memcpy(request->job, wi_run_id(call->run), sizeof request->job);
    request->alias = wi_run_infer(call->run)->asked->client_id;
}

static void on_done(void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct call *call = context;
    struct wi_request *request = call->request;
    request->job[0] = '\0';
    request->alias = NULL;
    request->counted_as = wi_run_counted_as(call->run);
    wi_request_note_ignored(request, &wi_run_infer(call->run)->ignored);
    if (printing)
        wi_infer_send(request, printing);
    else
        wi_request_answer_error(request, error);
    free(call);
}

/* Only bodies are kept, and this one does not say all that is asked. */
static void refuse_key(struct wi_request *request)
{
    struct wi_error error;
    wi_error_set(&error, WI_INVALID_FIELD, "Idempotency-Key",
        "an Idempotency-Key is not accepted if the address names the model");
    wi_error_expect(&error, "no such header, or POST /v1/infer");
    wi_request_answer_error(request, &error);
}

static void call_begin(struct wi_request *request)
{
    struct wi_error error;
    if (request->headers.idempotency_key && *request->argument) {
        refuse_key(request);
        return;
    }
    if (request->headers.idempotency_key) {
        wi_job_post(request, 1);
        return;
    }
    struct call *call = wi_alloc(sizeof *call);
    const struct wi_run_owner owner = {.context = call,
        .charge = wi_infer_charge,
        .on_work = on_work,
        .on_relayed = on_relayed,
        .on_begin = on_begin,
        .on_queued = on_queued,
        .on_done = on_done};
    call->request = request;
    call->run = wi_infer_run(request, WI_RUN_ANSWER, &owner, &error);
    if (!call->run) {
        wi_request_answer_error(request, &error);
        free(call);
        return;
    }
    wi_request_wait(request, call_abandon, call);
    wi_run_begin(call->run); /* the call may be gone afterwards */
}

void wi_handle_infer(struct wi_request *request)
{
    wi_infer_unpack(request, call_begin);
}
