/* The life of a run, see run.h: how it begins and ends, and what its owner may ask of it. */
#include "work/run/run_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "work/run/wait.h"
#include <stdlib.h>
#include <string.h>

struct wi_run *wi_run_new(const struct wi_run_deps *deps, const struct wi_run_request *request,
    const struct wi_run_owner *owner)
{
    struct wi_run *run = wi_alloc(sizeof *run);
    run->deps = deps;
    run->request = *request;
    run->client = wi_strdup(request->client);
    run->infer.lenient = request->lenient;
    run->infer.asked = request->asked;
    run->infer.model_name = wi_strdup(request->model);
    run->infer.version = wi_strdup(request->version);
    run->owner = *owner;
    wi_id_new(run->id, "job"); /* of each kind: a node must not tell which is looked at */
    return run;
}

/* --- its end ---------------------------------------------------------------------------------- */

static void free_run(struct wi_run *run)
{
    wi_infer_clear(&run->infer);
    wi_inference_release(run->first);
    wi_model_unref(run->model);
    json_decref(run->lessened);
    wi_blob_unref(run->request.body);
    wi_printing_free(run->printing);
    wi_run_success_free(run->success);
    free(run->client);
    free(run->starved);
    free(run->late);
    free(run->why);
    free(run);
}

/* Nothing that is under way calls back any more; the run itself goes when no thread has it. */
static void run_leave(struct wi_run *run)
{
    wi_repository_cancel(run->lookup);
    wi_run_wait_leave(run->wait);
    if (run->work)
        wi_queued_work_abandon(run->work); /* its end follows, perhaps from inside */
    else
        free_run(run);
}

void wi_run_tell_end(const struct wi_run_deps *deps, const struct wi_run_ending *ending)
{
    if (deps->on_ended)
        deps->on_ended(deps->context, ending);
}

static void run_tell_own_end(const struct wi_run *run, enum wi_code code)
{
    const struct wi_inference *asked = run->infer.asked;
    if (run->request.kind != WI_RUN_ANSWER || !run->is_accepted)
        return;
    if (code == WI_OK && !run->success)
        return; /* it would not be heard */
    const struct wi_run_ending ending = {.id = asked->client_id ? asked->client_id : run->id,
        .client = run->client,
        .model_name = wi_run_model(run),
        .asked = asked,
        .outcome = code == WI_OK ? &run->success->outcome : NULL,
        .code = code,
        .total_ms = wi_now_ms() - run->request.accepted_at};
    wi_run_tell_end(run->deps, &ending);
}

void wi_run_end(struct wi_run *run, struct wi_printing *printing, const struct wi_error *error)
{
    run_tell_own_end(run, error ? error->code : WI_OK);
    wi_run_move(run, WI_RUN_EVENT_END);
    run->owner.on_done(run->owner.context, printing, error);
    run_leave(run);
}

int wi_run_is_back(struct wi_run *run)
{
    run->work = NULL;
    if (run->state != WI_RUN_DONE)
        return 1;
    free_run(run);
    return 0;
}

/* --- its owner -------------------------------------------------------------------------------- */

int wi_run_is_asked(const struct wi_run *run)
{
    return run->request.kind == WI_RUN_SHADOW || run->request.kind == WI_RUN_INSIDE;
}

enum wi_code wi_run_ask_begin(struct wi_run *run, struct wi_error *error)
{
    if (run->state != WI_RUN_FINDING)
        return WI_OK; /* it was asked before */
    wi_run_move(run, WI_RUN_EVENT_BEGIN);
    return run->owner.on_begin ? run->owner.on_begin(run->owner.context, &run->infer, error)
                               : WI_OK;
}

int wi_run_begin_work(const struct wi_run *run)
{
    return run->owner.on_work && run->owner.on_work(run->owner.context);
}

void wi_run_rest(const struct wi_run_deps *deps, int works)
{
    if (works)
        deps->on_rest(deps->context);
}

void wi_run_give(struct wi_run *run, const struct wi_run_owner *owner)
{
    run->owner = *owner;
}

void wi_run_stop(struct wi_run *run, const struct wi_error *error)
{
    if (run->state == WI_RUN_QUEUED) {
        free(run->why);
        run->why = wi_alloc(sizeof *run->why);
        *run->why = *error;
        wi_jobs_cancel(run->deps->jobs, run->id); /* on_done follows */
    } else {
        wi_run_end(run, NULL, error);
    }
}

void wi_run_abandon(struct wi_run *run)
{
    if (!run)
        return;
    int is_queued = run->state == WI_RUN_QUEUED;
    run_tell_own_end(run, WI_CANCELLED);
    wi_run_move(run, WI_RUN_EVENT_ABANDON);
    if (is_queued)
        wi_jobs_abandon(run->deps->jobs, run->id);
    run_leave(run);
}

const char *wi_run_id(const struct wi_run *run)
{
    return run->id;
}

const struct wi_infer *wi_run_infer(const struct wi_run *run)
{
    return &run->infer;
}

const char *wi_run_model(const struct wi_run *run)
{
    const struct wi_model *model = run->infer.asked->model; /* once it is settled */
    return model ? model->name : run->infer.model_name;
}

uint64_t wi_run_counted_as(const struct wi_run *run)
{
    return run->counted_as;
}

struct wi_run_success *wi_run_take_success(struct wi_run *run)
{
    return WI_TAKE(run->success);
}

void wi_run_took(struct wi_run *run, const struct wi_credit *taken)
{
    wi_jobs_took(run->deps->jobs, run->id, taken);
}
