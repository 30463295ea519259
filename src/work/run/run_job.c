/*
 * The job of a run: it is queued, and what its node sends is handed on. What comes of it is a
 * failure, or an answer, which is printed: a large one on a thread.
 */
#include "work/run/run_private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <string.h>

/* Tensor bytes above this are printed as JSON off the loop: printing costs about 10 ns a byte. */
#define INLINE_PRINT_MAX (64 * 1024)

/* --- queueing it ------------------------------------------------------------------------------ */

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

/* --- its answer ------------------------------------------------------------------------------- */

static void run_hand_over(struct wi_run *run)
{
    struct wi_printing *printing = run->printing;
    run->printing = NULL;
    wi_run_end(run, printing, NULL);
}

static void print_off_loop(void *data)
{
    struct wi_run *run = data;
    wi_printing_run(run->printing);
}

static void on_printed(void *data, int cancelled)
{
    struct wi_run *run = data;
    const struct wi_run_deps *deps = run->deps;
    if (!wi_run_is_back(run))
        return;
    int works = wi_run_begin_work(run);
    run_hand_over(run);
    wi_run_rest(deps, works);
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
        wi_run_move(run, WI_RUN_EVENT_PRINT);
        run->work = wi_work_queue_start(run->deps->heavy, 0, print_off_loop, on_printed, run);
    } else {
        refuse_json(run, &error);
        wi_run_end(run, NULL, &error);
    }
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

/* Whether what came of its job is kept until its end is told. What is stored, or is large and so
 * printed on a thread, ends later, and may have got a listener by then. */
static int run_keeps_success(const struct wi_run *run, const struct wi_outcome *outcome)
{
    const struct wi_run_deps *deps = run->deps;
    if (!deps->on_ended)
        return 0;
    return run->request.kind == WI_RUN_STORED ||
           wi_tensors_bytes(outcome->outputs) > INLINE_PRINT_MAX ||
           deps->is_heard(deps->context, run->client, run->infer.asked);
}

void wi_run_answer(struct wi_run *run, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    const struct wi_run_deps *deps = run->deps;
    const struct wi_dialect *dialect = run->request.dialect;
    struct wi_error error;
    struct wi_outcome outcome;
    outcome_fill(
        &outcome, spec, result, run->lessened, wi_pool_node_info(deps->pool, result->node));
    if (run->request.kind != WI_RUN_SHADOW && !spec->asked->benchmark.runs)
        run->counted_as = deps->on_outcome(deps->context, &outcome);
    if (wi_run_is_asked(run)) {
        run->owner.on_outcome(run->owner.context, &outcome);
        wi_run_end(run, NULL, NULL);
        return;
    }
    if (run_keeps_success(run, &outcome))
        run->success = wi_run_success_new(run->infer.asked, &outcome);
    run->printing = run->infer.asked->stream ? dialect->stream_done(&run->infer, &outcome, &error)
                                             : dialect->print(&run->infer, &outcome, &error);
    if (run->printing)
        run_print(run);
    else
        wi_run_end(run, NULL, &error);
}

void wi_run_fail(struct wi_run *run, const struct wi_job_place *place, const struct wi_error *error)
{
    const struct wi_run_deps *deps = run->deps;
    const struct wi_run_owner *owner = &run->owner;
    const struct wi_run_failure failure = {
        run->infer.asked->model, place, wi_now_ms() - run->request.accepted_at};
    int is_counted = deps->on_failure && run->request.kind != WI_RUN_SHADOW &&
                     !(owner->runs_again && owner->runs_again(owner->context, error));
    if (is_counted)
        run->counted_as = deps->on_failure(deps->context, &failure);
    wi_run_end(run, NULL, error);
}
