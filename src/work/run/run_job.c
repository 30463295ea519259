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

enum wi_code wi_run_queue(struct wi_run *run, wi_job_fn *on_done, struct wi_error *error)
{
    static const struct wi_job_stream stream = {on_part, on_progress};
    struct wi_jobs *jobs = run->deps->jobs;
    struct wi_job_spec spec = {.client = wi_strdup(run->client),
        .asked = wi_inference_retain(run->infer.asked),
        .accepted_at = run->request.accepted_at,
        .ours_only = run->request.ours_only || run->infer.asked->program,
        .proves = run->request.proves,
        .earlier = run->request.earlier};
    memcpy(spec.id, run->id, sizeof spec.id);
    enum wi_code code = run->request.kind == WI_RUN_SHADOW
                            ? wi_jobs_submit_shadow(jobs, &spec, on_sent, on_done, run, error)
                            : wi_jobs_submit(jobs, &spec, run->infer.asked->stream ? &stream : NULL,
                                  on_done, run, error);
    if (code != WI_OK)
        return code;
    int is_first = run->state != WI_RUN_RETURNED;
    wi_run_move(run, WI_RUN_EVENT_QUEUE);
    if (run->owner.on_queued && is_first)
        run->owner.on_queued(run->owner.context);
    return WI_OK;
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

/* As wi_run_settle, for the first time. */
static int settle_first(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    struct wi_error error;
    const struct wi_dialect *dialect = run->request.dialect;
    const struct wi_config_models *limits = &run->deps->config->models;
    if (check_hash(run, model, &error) != WI_OK ||
        (dialect->fit && dialect->fit(&run->infer, model, &error) != WI_OK) ||
        dialect->check(&run->infer, model, limits, &error) != WI_OK ||
        wi_run_ask_begin(run, &error) != WI_OK) {
        wi_run_end(run, NULL, &error);
        return 0;
    }
    wi_infer_settle(&run->infer, model);
    run->infer.asked->lessens = wi_run_lessens(run, model);
    if (webgpu)
        run->infer.asked->on_webgpu = wi_inference_of(run->infer.asked, webgpu);
    if (run->request.kind != WI_RUN_CHECK)
        return 1;
    wi_run_end(run, NULL, NULL);
    return 0;
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

int wi_run_settle(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    if (!wi_run_is_settled(run))
        return settle_first(run, model, webgpu);
    settle_again(run, model, webgpu);
    return 1;
}
