/*
 * A run, see run.h, in the order in which it happens: the body is read (large JSON on a thread),
 * its model is found, pulled or made, both are checked together, the job is queued, and its end is
 * printed.
 */
#include "work/run/run.h"

#include "base/clock.h"
#include "base/memory.h"
#include "wire/text.h"
#include "work/run/run_state.h"
#include "work/run/wait.h"
#include <stdlib.h>
#include <string.h>

/* JSON above this is parsed off the loop: 64 KiB take 0.5 to 2.5 ms, by how small its values are,
 * and 3.8 ms where they are no JSON, which jansson then reads again to say why. */
#define INLINE_JSON_MAX (64 * 1024)
/* Likewise forms, of which only the ends of the parts are looked for. */
#define INLINE_FORM_MAX (2 * 1024 * 1024)
/* Tensor bytes above this are printed as JSON off the loop: printing costs about 10 ns a byte. */
#define INLINE_PRINT_MAX (64 * 1024)

/* How its job failed, for want of memory. */
struct starved {
    struct wi_job_place place;
    struct wi_error error;
};

/* Which variant of its model a run asks for. */
enum choice {
    CHOICE_UNKNOWN, /* its model was not found yet */
    CHOICE_FIXED,   /* the request says it, or the model has one only */
    CHOICE_OPEN     /* the request leaves it open */
};

struct wi_run {
    const struct wi_run_deps *deps;
    struct wi_run_request request; /* `body` is there until it was parsed */
    struct wi_run_owner owner;
    char id[WI_ID_SIZE];
    char *client;
    struct wi_infer infer;
    enum wi_run_state state;          /* run_move() writes it */
    int pulled;                       /* its model was not here: it is not pulled twice */
    const char *made;                 /* the variant that was made for it last; NULL: none was */
    enum choice choice;               /* decided when its model is found for the first time */
    const struct wi_inference *first; /* what was queued before it was lessened; else NULL */
    json_t *lessened;                 /* the variants that were given up: see wi_outcome; or NULL */
    struct starved *starved;          /* while a smaller variant is made; else NULL */
    /* What is under way, of these one at most. */
    struct wi_queued_work *work; /* parsing or printing, on a thread, which has the run then */
    struct wi_repository_lookup *lookup;
    struct wi_model
        *model; /* that it was found to be, while its graphs for WebGPU are looked for */
    struct wi_run_wait *wait;
    uint64_t counted_as;

    enum wi_code code;     /* of parsing; with `late` the thread's while it parses */
    struct wi_error *late; /* only for a thread: with it this would be no small allocation */
    struct wi_error *why;  /* it is being stopped; else NULL */
    struct wi_printing *printing;
};

static void run_move(struct wi_run *run, enum wi_run_event event)
{
    wi_run_state_change(&run->state, event, run->id);
}

static void free_run(struct wi_run *run)
{
    wi_infer_clear(&run->infer);
    wi_inference_release(run->first);
    wi_model_unref(run->model);
    json_decref(run->lessened);
    wi_blob_unref(run->request.body);
    wi_printing_free(run->printing);
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

static void run_end(struct wi_run *run, struct wi_printing *printing, const struct wi_error *error)
{
    run_move(run, WI_RUN_EVENT_END);
    run->owner.on_done(run->owner.context, printing, error);
    run_leave(run);
}

/* On the loop again. What this gives goes to run_rest() once all is done, when the run may be gone.
 */
static int begin_work(const struct wi_run *run)
{
    return run->owner.on_work && run->owner.on_work(run->owner.context);
}

static void run_rest(const struct wi_run_deps *deps, int works)
{
    if (works)
        deps->on_rest(deps->context);
}

/* --- the answer ------------------------------------------------------------------------------- */

static void run_hand_over(struct wi_run *run)
{
    struct wi_printing *printing = run->printing;
    run->printing = NULL;
    run_end(run, printing, NULL);
}

static void print_off_loop(void *data)
{
    struct wi_run *run = data;
    wi_printing_run(run->printing);
}

/* The thread has given it back: 1, or 0 if it was done in the meantime, and is freed. Its work was
 * cancelled only then. */
static int run_is_back(struct wi_run *run)
{
    run->work = NULL;
    if (run->state != WI_RUN_DONE)
        return 1;
    free_run(run);
    return 0;
}

static void on_printed(void *data, int cancelled)
{
    struct wi_run *run = data;
    const struct wi_run_deps *deps = run->deps;
    if (!run_is_back(run))
        return;
    int works = begin_work(run);
    run_hand_over(run);
    run_rest(deps, works);
}

/* What would fit if there were nothing else may be tried again; what is larger never fits. */
static void refuse_json(const struct wi_run *run, struct wi_error *error)
{
    size_t needs = run->printing->needs;
    uint64_t most = run->deps->budget->limit;
    const char *whole = run->infer.asked->stream ? ", without a stream" : "";
    if (needs <= most)
        wi_error_set(error, WI_MEMORY_BUDGET, NULL,
            "there is no memory to write this answer as JSON now; ask for binary%s", whole);
    else
        wi_error_set(error, WI_ANSWER_TOO_LARGE, NULL,
            "as JSON this answer may take %zu bytes, and [pool] memory_budget is %llu: ask for "
            "binary (parameters.binary_data_output)%s, or for fewer outputs",
            needs, (unsigned long long)most, whole);
}

static void run_print(struct wi_run *run)
{
    struct wi_error error;
    if (run->request.kind == WI_RUN_STORED) {
        run_hand_over(run);
    } else if (run->printing->json_bytes <= INLINE_PRINT_MAX) {
        wi_printing_run(run->printing);
        run_hand_over(run);
    } else if (run->owner.charge(run->owner.context, run->printing->needs) == 0) {
        run_move(run, WI_RUN_EVENT_PRINT);
        run->work = wi_work_queue_start(run->deps->heavy, 0, print_off_loop, on_printed, run);
    } else {
        refuse_json(run, &error);
        run_end(run, NULL, &error);
    }
}

/* --- the job ---------------------------------------------------------------------------------- */

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

static const char *numerics_word(enum wi_verdict verdict)
{
    return verdict == WI_TRUSTED ? "ok" : verdict == WI_WRONG ? "wrong" : "unchecked";
}

/* Fills `outcome` from a job's success. Everything in it is borrowed from the others; `node` is who
 * answered, NULL if it has gone. */
static void outcome_fill(struct wi_outcome *outcome, const struct wi_job_spec *spec,
    struct wi_job_result *result, const json_t *lessened, const struct wi_node_info *node)
{
    struct wi_answer *answer = result->answer;
    const struct wi_refusal *refusal = &result->refusal;
    *outcome = (struct wi_outcome){
        .id = spec->asked->client_id ? spec->asked->client_id : spec->id,
        .model_name = spec->asked->model->name,
        .type = spec->asked->type,
        .node = result->node,
        .browser = node ? node->kind : NULL,
        .browser_version = node ? node->browser_version : NULL,
        .joined = node && !*node->session,
        .refused_platform = refusal->given ? wi_platform_names[refusal->platform] : NULL,
        .refused_reason = refusal->reason,
        .lessened = lessened,
        .numerics = numerics_word(result->numerics),
        .executed_on = answer->executed_on,
        .result = answer->result,
        .account = answer->account,
        .outputs = &answer->outputs,
        .queue_ms = result->queue_ms,
        .load_ms = answer->load_ms,
        .inference_ms = answer->inference_ms,
        .total_ms = result->total_ms,
        .first_part_ms = result->first_part_ms,
        .waited_for_client_ms = answer->waited_for_client_ms,
        .gpu_ms = answer->gpu_ms,
        .parts = answer->parts,
        .attempts = result->attempts,
        .batch = result->batch,
        .warm = answer->warm,
        .model_bytes = wi_manifest_bytes(&spec->asked->model->manifest),
        .model_version = spec->asked->model->version,
    };
}

/* It is not read of bytes, and its end is not printed. */
static int is_asked(const struct wi_run *run)
{
    return run->request.kind == WI_RUN_SHADOW || run->request.kind == WI_RUN_INSIDE;
}

static void on_answer(
    struct wi_run *run, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    const struct wi_run_deps *deps = run->deps;
    const struct wi_dialect *dialect = run->request.dialect;
    struct wi_error error;
    struct wi_outcome outcome;
    outcome_fill(
        &outcome, spec, result, run->lessened, wi_pool_node_info(deps->pool, result->node));
    if (run->request.kind != WI_RUN_SHADOW && !spec->asked->benchmark.runs)
        run->counted_as = deps->on_outcome(deps->context, &outcome);
    if (is_asked(run)) {
        run->owner.on_outcome(run->owner.context, &outcome);
        run_end(run, NULL, NULL);
        return;
    }
    run->printing = run->infer.asked->stream ? dialect->stream_done(&run->infer, &outcome, &error)
                                             : dialect->print(&run->infer, &outcome, &error);
    if (run->printing)
        run_print(run);
    else
        run_end(run, NULL, &error);
}

/* Its job has failed, or was refused. */
static void run_fail(
    struct wi_run *run, const struct wi_job_place *place, const struct wi_error *error)
{
    const struct wi_run_deps *deps = run->deps;
    const struct wi_run_owner *owner = &run->owner;
    const struct wi_run_failure failure = {
        run->infer.asked->model, place, wi_now_ms() - run->request.accepted_at};
    int is_counted = deps->on_failure && run->request.kind != WI_RUN_SHADOW &&
                     !(owner->runs_again && owner->runs_again(owner->context, error));
    if (is_counted)
        run->counted_as = deps->on_failure(deps->context, &failure);
    run_end(run, NULL, error);
}

static void run_find_model(struct wi_run *run);

/* The variant that follows where there is no memory for this one; NULL: none does. */
static const struct wi_variant *variant_smaller(
    const struct wi_run *run, const struct wi_model *model)
{
    return run->choice == CHOICE_OPEN && !run->infer.asked->benchmark.runs
               ? wi_variants_smaller(&model->variants, model->variant)
               : NULL;
}

/* The variant that may be made of it, for that precision, or with fewer bytes if it is NULL; NULL:
 * none may. */
static const char *variant_makeable(
    const struct wi_run *run, const struct wi_model *model, const char *precision)
{
    const struct wi_run_maker *maker = run->deps->maker;
    const char *variant = maker && run->request.kind != WI_RUN_STORED
                              ? maker->variant(maker->context, model, precision)
                              : NULL;
    return variant && run->made && strcmp(variant, run->made) == 0 ? NULL : variant;
}

/* Whether the run can go on where there is no memory for this variant. */
static int run_lessens(const struct wi_run *run, const struct wi_model *model)
{
    return run->choice == CHOICE_OPEN && !run->infer.asked->benchmark.runs &&
           (variant_smaller(run, model) || variant_makeable(run, model, NULL));
}

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

static void make_smaller(struct wi_run *run, const struct wi_job_result *result);

/* 1 if the run goes on with a smaller variant, since there was no memory for this one. */
static int run_lessen(struct wi_run *run, const struct wi_job_result *result)
{
    struct wi_model *model = run->infer.asked->model;
    if (!is_starved(run, result) || !run_lessens(run, model))
        return 0;
    const struct wi_variant *next = variant_smaller(run, model);
    note_lessened(run, result);
    run->request.earlier = result->attempts;
    if (next) {
        wi_text_name_variant(&run->infer, model, next);
        run_find_model(run);
    } else {
        make_smaller(run, result);
    }
    return 1;
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    struct wi_run *run = context;
    const struct wi_run_deps *deps = run->deps;
    int works = begin_work(run);
    run_move(run, WI_RUN_EVENT_RETURN);
    if (result->code == WI_OK)
        on_answer(run, spec, result);
    else if (!run_lessen(run, result))
        run_fail(run, &result->place, run->why ? run->why : &result->error);
    run_rest(deps, works);
}

static void on_sent(void *context, const struct wi_job_spec *spec, const char *node_id)
{
    const struct wi_run *run = context;
    if (run->owner.on_sent)
        run->owner.on_sent(run->owner.context, node_id);
}

static void run_submit(struct wi_run *run)
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
        if (!run_lessen(run, &refused))
            run_fail(run, &nowhere, &error);
        return;
    }
    int is_first = run->state != WI_RUN_RETURNED;
    run_move(run, WI_RUN_EVENT_QUEUE);
    if (run->owner.on_queued && is_first)
        run->owner.on_queued(run->owner.context);
}

/* --- the model -------------------------------------------------------------------------------- */

static enum wi_code run_begin(struct wi_run *run, struct wi_error *error)
{
    if (run->state != WI_RUN_FINDING)
        return WI_OK; /* it was asked before */
    run_move(run, WI_RUN_EVENT_BEGIN);
    return run->owner.on_begin ? run->owner.on_begin(run->owner.context, &run->infer, error)
                               : WI_OK;
}

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
    struct starved *starved = run->starved;
    run->wait = NULL;
    run->starved = NULL;
    if (failure && starved)
        run_fail(run, &starved->place, &starved->error);
    else if (failure)
        run_end(run, NULL, failure);
    else
        run_find_model(run);
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
    enum wi_code code = run_begin(run, &error);
    double wait_ms = time_left(run, wi_model_type_of_name(name));
    run->pulled = 1;
    if (code == WI_OK)
        run->wait = wi_run_wait_pull(deps->loop, deps->pulls, name, wait_ms, &owner, &error);
    if (run->wait)
        run_move(run, WI_RUN_EVENT_WAIT);
    else
        run_end(run, NULL, &error);
}

/* From now on it is the run's, which ends if it is not made. */
static void make_variant(struct wi_run *run, struct wi_model *model, const char *variant)
{
    const struct wi_run_deps *deps = run->deps;
    const struct wi_run_wait_owner owner = {run, on_waiting, on_waited};
    const struct wi_variant named = {.name = (char *)variant};
    struct wi_error error;
    enum wi_code code = run_begin(run, &error);
    run->made = variant;
    wi_text_name_variant(&run->infer, model, &named);
    if (code != WI_OK) {
        run_end(run, NULL, &error);
        return;
    }
    run->wait = wi_run_wait_made(
        deps->loop, deps->maker, model, variant, time_left(run, model->type), &owner);
    run_move(run, WI_RUN_EVENT_WAIT);
}

static void make_smaller(struct wi_run *run, const struct wi_job_result *result)
{
    struct wi_model *model = run->infer.asked->model;
    run->starved = wi_alloc(sizeof *run->starved);
    run->starved->place = result->place;
    run->starved->error = result->error;
    make_variant(run, model, variant_makeable(run, model, NULL));
}

/* The variant that is to be made before the run can go on, since that of the precision that is
 * asked for is not there, or since the model fits no page; NULL: none is. */
static const char *model_missing(const struct wi_run *run, const struct wi_model *model)
{
    const char *precision = run->infer.asked->precision;
    const char *own = model->builtin ? NULL : wi_model_precision(model);
    struct wi_error why;
    if (run->infer.asked->relayed.is)
        return NULL; /* the relay's daemon has chosen it */
    if (precision && !wi_model_name_variant(run->infer.model_name) &&
        !(own && wi_variant_is_of(own, precision)))
        return variant_makeable(run, model, precision);
    return run->choice == CHOICE_OPEN && wi_model_check_engine(model, &why) == WI_MODEL_TOO_LARGE
               ? variant_makeable(run, model, NULL)
               : NULL;
}

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
        run_begin(run, &error) != WI_OK) {
        run_end(run, NULL, &error);
        return;
    }
    wi_infer_settle(&run->infer, model);
    run->infer.asked->lessens = run_lessens(run, model);
    if (webgpu)
        run->infer.asked->on_webgpu = wi_inference_of(run->infer.asked, webgpu);
    if (run->request.kind == WI_RUN_CHECK)
        run_end(run, NULL, NULL);
    else
        run_submit(run);
}

/* What was settled is for another variant from now on. */
static void settle_again(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    struct wi_inference *other = wi_inference_of(run->infer.asked, model);
    other->lessens = run_lessens(run, model);
    if (webgpu)
        other->on_webgpu = wi_inference_of(other, webgpu);
    wi_model_use(model);
    if (run->first)
        wi_inference_release(run->infer.asked);
    else
        run->first = run->infer.asked; /* its owner may have read of it */
    run->infer.asked = other;
}

/* Where the request leaves it open, the first variant that [pool] model_budget has room for, and of
 * which no page is known to be too small. 1 if that is another than `model`: it is named. */
static int choose_fitting(struct wi_run *run, const struct wi_model *model)
{
    const struct wi_infer *infer = &run->infer;
    const struct wi_variant *next = NULL;
    struct wi_error why;
    if (run->choice == CHOICE_UNKNOWN) {
        int is_open = !infer->asked->relayed.is && !infer->asked->precision &&
                      !wi_model_name_variant(infer->model_name) &&
                      (model->variant || variant_makeable(run, model, NULL));
        run->choice = is_open ? CHOICE_OPEN : CHOICE_FIXED;
        if (is_open)
            next = wi_variants_fitting(&model->variants, run->deps->config->pool.model_budget);
        if (next && strcmp(next->name, model->variant) == 0)
            next = NULL;
    }
    if (!next && wi_model_check_engine(model, &why) == WI_MODEL_TOO_LARGE)
        next = variant_smaller(run, model);
    if (next)
        wi_text_name_variant(&run->infer, model, next);
    return next != NULL;
}

static int is_settled(const struct wi_run *run)
{
    return run->choice == CHOICE_OPEN && run->infer.asked->model;
}

/* The model is found, and what it is for WebGPU (NULL: the same). */
static void run_go_on(struct wi_run *run, struct wi_model *model, struct wi_model *webgpu)
{
    if (is_settled(run)) {
        settle_again(run, model, webgpu);
        run_submit(run);
    } else {
        run_check(run, model, webgpu);
    }
}

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
    run_end(run, NULL, &error);
}

static void on_model(void *context, struct wi_model *model, const struct wi_error *failure)
{
    struct wi_run *run = context;
    int is_relayed = run->infer.asked->relayed.is;
    int may_pull = run->request.kind != WI_RUN_STORED && !run->pulled && !is_relayed;
    const char *variant;
    run->lookup = NULL;
    if (model && !is_settled(run) &&
        (wi_text_choose_variant(&run->infer, model) || choose_fitting(run, model)))
        run_find_model(run);
    else if (model && !is_settled(run) && (variant = model_missing(run, model)))
        make_variant(run, model, variant);
    else if (model)
        find_webgpu(run, model);
    else if (may_pull && wi_run_may_pull(run->deps->pulls, run->infer.model_name, failure))
        pull_model(run);
    else if (is_relayed)
        end_without_model(run, failure);
    else
        run_end(run, NULL, failure);
}

static void run_find_model(struct wi_run *run)
{
    run_move(run, WI_RUN_EVENT_FIND);
    if (wi_inference_computes(run->infer.asked)) {
        run_check(run, wi_repository_kernels(run->deps->repository), NULL);
        return;
    }
    struct wi_repository_lookup *found =
        wi_repository_find(run->deps->repository, run->infer.model_name, on_model, run);
    if (found)
        run->lookup = found; /* else on_model was called, and the run may be gone */
}

/* --- the body --------------------------------------------------------------------------------- */

enum wi_code wi_run_check_browser(
    const struct wi_run_deps *deps, const char *kind, struct wi_error *error)
{
    const struct wi_config *config = deps->config;
    if (!kind || wi_config_find_browser(config, kind) || wi_pool_has_kind(deps->pool, kind))
        return WI_OK;
    struct wi_buffer kinds = {0};
    for (size_t i = 0; i < config->browser_count; i++)
        wi_buffer_printf(&kinds, "%s%s", i ? ", " : "", config->browsers[i].kind);
    wi_error_set(error, WI_INVALID_FIELD, "browser", "\"%s\" is not a kind of browser here", kind);
    wi_error_allow(error, "%s", kinds.text ? kinds.text : "");
    wi_buffer_clear(&kinds);
    return WI_INVALID_FIELD;
}

/* What the table of parameters cannot say: whether this client may send it. A kind of browser that
 * a relay names may have gone since, which is for routing to say. */
static enum wi_code check_read(const struct wi_run *run, struct wi_error *error)
{
    const struct wi_inference *asked = run->infer.asked;
    const struct wi_run_owner *owner = &run->owner;
    if (!asked->relayed.is)
        return run->request.kind == WI_RUN_STORED
                   ? WI_OK
                   : wi_run_check_browser(run->deps, asked->browser, error);
    if (owner->on_relayed)
        return owner->on_relayed(owner->context, error);
    wi_error_set(error, WI_INVALID_FIELD, "relay",
        "relay is only for POST /v1/infer without an Idempotency-Key");
    return wi_error_expect(error, "no relay");
}

static void on_read(struct wi_run *run, struct wi_error *error)
{
    wi_blob_unref(run->request.body); /* binary tensors keep it */
    run->request.body = NULL;
    if (run->code != WI_OK || check_read(run, error) != WI_OK)
        run_end(run, NULL, error);
    else
        run_find_model(run);
}

static enum wi_code run_parse(struct wi_run *run, struct wi_budget *budget, struct wi_error *error)
{
    const struct wi_run_request *request = &run->request;
    return wi_dialect_parse(
        request->dialect, &run->infer, request->body, request->json_size, budget, error);
}

static void parse_off_loop(void *data)
{
    struct wi_run *run = data;
    run->code = run_parse(run, NULL, run->late);
}

/* What parsing needed is free again; what was converted stays charged. */
static void on_parsed(void *data, int cancelled)
{
    struct wi_run *run = data;
    if (!run_is_back(run))
        return;
    const struct wi_run_deps *deps = run->deps;
    int works = begin_work(run), binary = run->request.body->size > run->request.json_size;
    uint64_t converted =
        run->infer.beside + (binary ? 0 : wi_tensors_bytes(&run->infer.asked->tensors));
    if (run->owner.charge(run->owner.context, converted) != 0 && run->code == WI_OK)
        run->code = wi_error_set(run->late, WI_MEMORY_BUDGET, NULL,
            "there is no memory for these tensors now; try again later");
    on_read(run, run->late);
    run_rest(deps, works);
}

static int is_long(const struct wi_run_request *request)
{
    return request->kind == WI_RUN_STORED || request->json_size > INLINE_JSON_MAX ||
           (request->json_size == 0 && request->body->size > INLINE_FORM_MAX);
}

void wi_run_begin(struct wi_run *run)
{
    struct wi_error error;
    if (is_asked(run)) {
        run_submit(run);
    } else if (!is_long(&run->request)) {
        run->code = run_parse(run, run->deps->budget, &error);
        on_read(run, &error);
    } else if (run->owner.charge(run->owner.context, run->request.parse_cost) == 0) {
        run_move(run, WI_RUN_EVENT_READ);
        run->late = wi_alloc(sizeof *run->late);
        run->work = wi_work_queue_start(run->deps->heavy, 0, parse_off_loop, on_parsed, run);
    } else {
        wi_error_set(&error, WI_MEMORY_BUDGET, NULL,
            "there is no memory to read this JSON now; try again later, or send the tensors in "
            "binary");
        run_end(run, NULL, &error);
    }
}

/* --- its owner -------------------------------------------------------------------------------- */

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
        run_end(run, NULL, error);
    }
}

void wi_run_abandon(struct wi_run *run)
{
    if (!run)
        return;
    int is_queued = run->state == WI_RUN_QUEUED;
    run_move(run, WI_RUN_EVENT_ABANDON);
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

void wi_run_took(struct wi_run *run, const struct wi_credit *taken)
{
    wi_jobs_took(run->deps->jobs, run->id, taken);
}
