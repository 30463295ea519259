/*
 * The job of a run: the request is checked together with its model, and settled; the job is queued,
 * and what its node sends is handed on.
 */
#include "work/run/run_private.h"

#include "base/memory.h"
#include <string.h>

/* --- its job ---------------------------------------------------------------------------------- */

static void on_part(void *context, const struct wi_job_spec *spec, const struct wi_part *part)
{
    const struct wi_run *run = context;
    run->owner.on_part(run->owner.context, part);
}

static void on_progress(
    void *context, const struct wi_job_spec *spec, const struct wi_progress *progress)
{
    const struct wi_run *run = context;
    run->owner.on_progress(run->owner.context, progress);
}

static void on_sent(void *context, const struct wi_job_spec *spec, const char *node_id)
{
    const struct wi_run *run = context;
    if (run->owner.on_sent)
        run->owner.on_sent(run->owner.context, node_id);
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct wi_run *run = context;
    const struct wi_run_deps *deps = run->deps;
    int works = wi_run_begin_work(run);
    wi_run_move(run, WI_RUN_EVENT_RETURN);
    if (result->code == WI_OK)
        wi_run_answer(run, spec, result);
    else if (!run->lessen(run, result))
        wi_run_fail(run, &result->place, run->why ? run->why : &result->error);
    wi_run_rest(deps, works);
}

void wi_run_submit(struct wi_run *run)
{
    static const struct wi_job_stream stream = {on_part, on_progress};
    static const struct wi_job_place nowhere = {0};
    struct wi_jobs *jobs = run->deps->jobs;
    struct wi_error error;
    struct wi_job_spec spec = {.client = wi_strdup(run->client),
        .asked = wi_inference_retain(run->infer.asked),
        .accepted_at = run->request.accepted_at,
        .ours_only = run->request.ours_only || run->infer.asked->program,
        .proves = run->request.proves,
        .earlier = run->request.earlier};
    memcpy(spec.id, run->id, sizeof spec.id);
    enum wi_code code = run->request.kind == WI_RUN_SHADOW
                            ? wi_jobs_submit_shadow(jobs, &spec, on_sent, on_done, run, &error)
                            : wi_jobs_submit(jobs, &spec, run->infer.asked->stream ? &stream : NULL,
                                  on_done, run, &error);
    if (code != WI_OK) {
        const struct wi_job_result refused = {
            .code = code, .error = error, .attempts = run->request.earlier};
        if (!run->lessen(run, &refused))
            wi_run_fail(run, &nowhere, &error);
        return;
    }
    int is_first = run->state != WI_RUN_RETURNED;
    wi_run_move(run, WI_RUN_EVENT_QUEUE);
    if (run->owner.on_queued && is_first)
        run->owner.on_queued(run->owner.context);
}

/* --- its model -------------------------------------------------------------------------------- */

/* The relay that sent the request has seen the model as it was. */
static enum wi_code check_hash(
    const struct wi_run *run, const struct wi_model *model, struct wi_error *error)
{
    const char *hash = run->infer.model_hash;
    if (!hash || strcmp(hash, model->hash) == 0)
        return WI_OK;
    return wi_error_set(error, WI_MODEL_CHANGED, "relay.model_hash",
        "%.128s has another content here by now; use another place, or see GET /v1/models/{model}",
        model->name);
}

/* `webgpu` is what the model is for WebGPU, if it has graphs of its own there; else NULL. */
static void run_check(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    struct wi_error error;
    const struct wi_dialect *dialect = run->request.dialect;
    const struct wi_config_models *limits = &run->deps->config->models;
    if (check_hash(run, model, &error) != WI_OK ||
        (dialect->fit && dialect->fit(&run->infer, model, &error) != WI_OK) ||
        dialect->check(&run->infer, model, limits, &error) != WI_OK ||
        wi_run_ask_begin(run, &error) != WI_OK) {
        wi_run_end(run, NULL, &error);
        return;
    }
    wi_infer_settle(&run->infer, model);
    run->infer.asked->lessens = wi_run_lessens(run, model);
    if (webgpu)
        run->infer.asked->on_webgpu = wi_inference_of(run->infer.asked, webgpu);
    if (run->request.kind == WI_RUN_CHECK)
        wi_run_end(run, NULL, NULL);
    else
        wi_run_submit(run);
}

/* What was settled is for another variant from now on. */
static void settle_again(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    struct wi_inference *other = wi_inference_of(run->infer.asked, model);
    other->lessens = wi_run_lessens(run, model);
    if (webgpu)
        other->on_webgpu = wi_inference_of(other, webgpu);
    wi_model_use(model);
    if (run->first)
        wi_inference_release(run->infer.asked);
    else
        run->first = run->infer.asked; /* its owner may have read of it */
    run->infer.asked = other;
}

int wi_run_is_settled(const struct wi_run *run)
{
    return run->choice == WI_RUN_CHOICE_OPEN && run->infer.asked->model;
}

void wi_run_go_on(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    if (wi_run_is_settled(run)) {
        settle_again(run, model, webgpu);
        wi_run_submit(run);
    } else {
        run_check(run, model, webgpu);
    }
}
