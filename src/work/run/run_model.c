/*
 * The model of a run: it is found, pulled or made, with the graphs that it has for WebGPU. The
 * request is checked together with its model, and its job is queued. The job returns here: if there
 * was no memory for the model, another variant of it is found or made.
 */
#include "work/run/run_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include "wire/text.h"
#include "work/run/wait.h"
#include <stdlib.h>
#include <string.h>

/* Whether it was settled for another variant before. */
static int run_is_settled(const struct wi_run *run)
{
    return run->choice == WI_RUN_CHOICE_OPEN && run->infer.asked->model;
}

/* --- which variant ---------------------------------------------------------------------------- */

/* The variant that follows where there is no memory for this one; NULL: none does. */
static const struct wi_variant *run_smaller(const struct wi_run *run, const struct wi_model *model)
{
    return run->choice == WI_RUN_CHOICE_OPEN && !run->infer.asked->benchmark.runs
               ? wi_variants_smaller(&model->variants, model->variant)
               : NULL;
}

/* The variant that may be made of it, for that precision, or with fewer bytes if it is NULL; NULL:
 * none may. */
static const char *run_makeable(
    const struct wi_run *run, const struct wi_model *model, const char *precision)
{
    const struct wi_run_maker *maker = run->deps->maker;
    const char *variant = maker && run->request.kind != WI_RUN_STORED
                              ? maker->variant(maker->context, model, precision)
                              : NULL;
    return variant && run->made && strcmp(variant, run->made) == 0 ? NULL : variant;
}

/* Whether the run can go on where there is no memory for this variant. */
static int run_may_lessen(const struct wi_run *run, const struct wi_model *model)
{
    return run->choice == WI_RUN_CHOICE_OPEN && !run->infer.asked->benchmark.runs &&
           (run_smaller(run, model) || run_makeable(run, model, NULL));
}

/* Where the request leaves it open, the first variant that [pool] model_budget has room for, and of
 * which no page is known to be too small. 1 if that is another than `model`: it is named. */
static int run_choose_fitting(struct wi_run *run, const struct wi_model *model)
{
    const struct wi_infer *infer = &run->infer;
    const struct wi_variant *next = NULL;
    struct wi_error why;
    if (run->choice == WI_RUN_CHOICE_UNKNOWN) {
        int is_open = !infer->asked->relayed.is && !infer->asked->precision &&
                      !wi_model_name_variant(infer->model_name) &&
                      (model->variant || run_makeable(run, model, NULL));
        run->choice = is_open ? WI_RUN_CHOICE_OPEN : WI_RUN_CHOICE_FIXED;
        if (is_open)
            next = wi_variants_fitting(&model->variants, run->deps->config->pool.model_budget);
        if (next && strcmp(next->name, model->variant) == 0)
            next = NULL;
    }
    if (!next && wi_model_check_engine(model, &why) == WI_MODEL_TOO_LARGE)
        next = run_smaller(run, model);
    if (next)
        wi_text_name_variant(&run->infer, model, next);
    return next != NULL;
}

/* The variant that is to be made before the run can go on, since that of the precision that is
 * asked for is not there, or since the model fits no page; NULL: none is. */
static const char *run_missing(const struct wi_run *run, const struct wi_model *model)
{
    const char *precision = run->infer.asked->precision;
    const char *own = model->builtin ? NULL : wi_model_precision(model);
    struct wi_error why;
    if (run->infer.asked->relayed.is)
        return NULL; /* the relay's daemon has chosen it */
    if (precision && !wi_model_name_variant(run->infer.model_name) &&
        !(own && wi_variant_is_of(own, precision)))
        return run_makeable(run, model, precision);
    return run->choice == WI_RUN_CHOICE_OPEN &&
                   wi_model_check_engine(model, &why) == WI_MODEL_TOO_LARGE
               ? run_makeable(run, model, NULL)
               : NULL;
}

/* --- waiting for it --------------------------------------------------------------------------- */

static void on_waiting(void *context, const struct wi_progress *progress)
{
    const struct wi_run *run = context;
    if (run->infer.asked->stream)
        run->owner.on_progress(run->owner.context, progress);
}

/* What it waited for is there, or is not made. */
static void on_waited(void *context, const struct wi_error *failure)
{
    struct wi_run *run = context;
    struct wi_run_starved *starved = run->starved;
    run->wait = NULL;
    run->starved = NULL;
    if (failure && starved)
        wi_run_fail(run, &starved->place, &starved->error);
    else if (failure)
        wi_run_end(run, NULL, failure);
    else
        wi_run_find_model(run);
    free(starved);
}

/* The time that it waits is of the request's. */
static double time_left(const struct wi_run *run, enum wi_model_type type)
{
    return run->request.accepted_at + wi_infer_timeout_ms(&run->infer, type) - wi_now_ms();
}

static void pull_model(struct wi_run *run)
{
    const struct wi_run_deps *deps = run->deps;
    const struct wi_run_wait_owner owner = {run, on_waiting, on_waited};
    const char *name = run->infer.model_name;
    struct wi_error error;
    enum wi_code code = wi_run_ask_begin(run, &error);
    double wait_ms = time_left(run, wi_model_type_of_name(name));
    run->pulled = 1;
    if (code == WI_OK)
        run->wait = wi_run_wait_pull(deps->loop, deps->pulls, name, wait_ms, &owner, &error);
    if (run->wait)
        wi_run_move(run, WI_RUN_EVENT_WAIT);
    else
        wi_run_end(run, NULL, &error);
}

/* From now on it is the run's, which ends if it is not made. */
static void make_variant(struct wi_run *run, struct wi_model *model, const char *variant)
{
    const struct wi_run_deps *deps = run->deps;
    const struct wi_run_wait_owner owner = {run, on_waiting, on_waited};
    const struct wi_variant named = {.name = (char *)variant};
    struct wi_error error;
    enum wi_code code = wi_run_ask_begin(run, &error);
    run->made = variant;
    wi_text_name_variant(&run->infer, model, &named);
    if (code != WI_OK) {
        wi_run_end(run, NULL, &error);
        return;
    }
    run->wait = wi_run_wait_made(
        deps->loop, deps->maker, model, variant, time_left(run, model->type), &owner);
    wi_run_move(run, WI_RUN_EVENT_WAIT);
}

/* --- a smaller one ---------------------------------------------------------------------------- */

/* What came in parts is none that another variant could go on with. */
static int is_starved(const struct wi_run *run, const struct wi_job_result *result)
{
    return (result->starved || result->error.code == WI_MODEL_TOO_LARGE) && !run->why &&
           result->first_part_ms <= 0;
}

static void note_lessened(struct wi_run *run, const struct wi_job_result *result)
{
    const struct wi_inference *asked = run->infer.asked;
    const struct wi_job_place *place = &result->place;
    enum wi_platform platform = *place->browser       ? place->platform
                                : asked->has_platform ? asked->platform
                                                      : WI_WASM;
    if (!run->lessened)
        run->lessened = json_array();
    json_array_append_new(run->lessened,
        json_pack("{s:s, s:s, s:o}", "platform", wi_platform_names[platform], "code",
            "out_of_memory", "reason",
            json_sprintf("there was not enough memory for the variant %s: %s",
                asked->model->variant ? asked->model->variant : "fp32", result->error.detail)));
}

static void make_smaller(struct wi_run *run, const struct wi_job_result *result)
{
    struct wi_model *model = run->infer.asked->model;
    run->starved = wi_alloc(sizeof *run->starved);
    run->starved->place = result->place;
    run->starved->error = result->error;
    make_variant(run, model, run_makeable(run, model, NULL));
}

/* 1 if the run goes on with a smaller variant, since there was no memory for this one. */
static int run_lessen(struct wi_run *run, const struct wi_job_result *result)
{
    struct wi_model *model = run->infer.asked->model;
    if (!is_starved(run, result) || !run_may_lessen(run, model))
        return 0;
    const struct wi_variant *next = run_smaller(run, model);
    note_lessened(run, result);
    run->request.earlier = result->attempts;
    if (next) {
        wi_text_name_variant(&run->infer, model, next);
        wi_run_find_model(run);
    } else {
        make_smaller(run, result);
    }
    return 1;
}

/* --- settling it ------------------------------------------------------------------------------ */

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

/* As run_settle, for the first time. */
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
    run->infer.asked->lessens = run_may_lessen(run, model);
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
    other->lessens = run_may_lessen(run, model);
    if (webgpu)
        other->on_webgpu = wi_inference_of(other, webgpu);
    wi_model_use(model);
    if (run->first)
        wi_inference_release(run->infer.asked);
    else
        run->first = run->infer.asked; /* its owner may have read of it */
    run->infer.asked = other;
}

/* The request is checked together with its model, and settled for it. `webgpu` is what the model is
 * for WebGPU, if it has graphs of its own there; else NULL. 1 if its job is to be queued; 0 if the
 * run has ended. */
static int run_settle(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    if (!run_is_settled(run))
        return settle_first(run, model, webgpu);
    settle_again(run, model, webgpu);
    return 1;
}

/* --- its job ---------------------------------------------------------------------------------- */

static void job_fail(struct wi_run *run, const struct wi_job_result *result)
{
    if (!run_lessen(run, result))
        wi_run_fail(run, &result->place, run->why ? run->why : &result->error);
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct wi_run *run = context;
    const struct wi_run_deps *deps = run->deps;
    int works = wi_run_begin_work(run);
    wi_run_move(run, WI_RUN_EVENT_RETURN);
    if (result->code == WI_OK)
        wi_run_answer(run, spec, result);
    else
        job_fail(run, result);
    wi_run_rest(deps, works);
}

void wi_run_submit(struct wi_run *run)
{
    struct wi_job_result refused = {.attempts = run->request.earlier};
    refused.code = wi_run_queue(run, on_done, &refused.error);
    if (refused.code != WI_OK)
        job_fail(run, &refused);
}

/* The model is found, and what it is for WebGPU; see run_settle. */
static void run_go_on(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    if (run_settle(run, model, webgpu))
        wi_run_submit(run);
}

/* --- finding it ------------------------------------------------------------------------------- */

/* Without it the model's other graphs run there. */
static void on_webgpu(void *context, struct wi_model *webgpu, const struct wi_error *failure)
{
    struct wi_run *run = context;
    struct wi_model *model = run->model;
    run->lookup = NULL;
    run->model = NULL;
    if (failure)
        wi_debug("run", model->name, "its graphs for WebGPU are not used: %s", failure->detail);
    run_go_on(run, model, webgpu); /* and the run may be gone */
    wi_model_unref(model);
}

static void find_webgpu(struct wi_run *run, struct wi_model *model)
{
    const struct wi_variant *variant =
        model->variant ? wi_variants_get(&model->variants, model->variant) : NULL;
    if (!variant || !variant->webgpu) {
        run_go_on(run, model, NULL);
        return;
    }
    char *name = wi_sprintf("%.*s:%s" WI_VARIANT_WEBGPU, (int)wi_model_name_base(model->name),
        model->name, variant->name);
    run->model = wi_model_ref(model);
    struct wi_repository_lookup *found =
        wi_repository_find(run->deps->repository, name, on_webgpu, run);
    if (found)
        run->lookup = found;
    free(name);
}

/* That the model cannot be used here is not the fault of the relay's client, which another place
 * may serve. */
static void end_without_model(struct wi_run *run, const struct wi_error *failure)
{
    struct wi_error error = *failure;
    if (wi_code_status(failure->code) < 500)
        wi_error_set(&error, WI_MODEL_CHANGED, "model_name", "%s", failure->detail);
    wi_run_end(run, NULL, &error);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct wi_run *run = context;
    int is_relayed = run->infer.asked->relayed.is;
    int may_pull = run->request.kind != WI_RUN_STORED && !run->pulled && !is_relayed;
    const char *variant;
    run->lookup = NULL;
    if (model && !run_is_settled(run) &&
        (wi_text_choose_variant(&run->infer, model) || run_choose_fitting(run, model)))
        wi_run_find_model(run);
    else if (model && !run_is_settled(run) && (variant = run_missing(run, model)))
        make_variant(run, model, variant);
    else if (model)
        find_webgpu(run, model);
    else if (may_pull && wi_run_may_pull(run->deps->pulls, run->infer.model_name, failure))
        pull_model(run);
    else if (is_relayed)
        end_without_model(run, failure);
    else
        wi_run_end(run, NULL, failure);
}

void wi_run_find_model(struct wi_run *run)
{
    wi_run_move(run, WI_RUN_EVENT_FIND);
    if (wi_inference_computes(run->infer.asked)) {
        run_go_on(run, wi_repository_kernels(run->deps->repository), NULL);
        return;
    }
    struct wi_repository_lookup *found =
        wi_repository_find(run->deps->repository, run->infer.model_name, on_model, run);
    if (found)
        run->lookup = found; /* else on_model was called, and the run may be gone */
}
