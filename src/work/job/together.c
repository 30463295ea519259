/*
 * Jobs that run together as one attempt: how they are joined and separated again. batch.c joins and
 * splits their tensors.
 */
#include "work/job/together.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "work/pool/batches.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Waiting jobs that are looked at for company. */
#define BATCH_LOOK 256

static int job_may_batch(const struct wi_job *job)
{
    return job->jobs->config->pool.batching != WI_BATCHING_OFF && !job->single && !job->avoid[0] &&
           !job->flow && !wi_job_is_shadow(job);
}

/* Whether a batch of the model has to be compared with its requests alone. */
static int job_needs_trial(const struct wi_job *job)
{
    const struct wi_model *model = job->spec.asked->model;
    return wi_batch_is_named(model) && wi_apart_proof(&job->jobs->apart, model) != WI_APART_PROVEN;
}

int wi_job_may_join(const struct wi_job *job)
{
    const struct wi_model *model = job->spec.asked->model;
    const struct wi_apart *apart = &job->jobs->apart;
    return job_may_batch(job) && wi_batch_rows(job->spec.asked) > 0 &&
           !wi_apart_shown(apart, model) && wi_apart_proof(apart, model) != WI_APART_ON_TRIAL &&
           !wi_spoilers_has(&job->jobs->spoilers, job->spec.client, model->hash, wi_now_ms());
}

void wi_job_note_apart(const struct wi_job *job)
{
    const struct wi_model *model = job->spec.asked->model;
    struct wi_apart *apart = &job->jobs->apart;
    if (!job_may_batch(job) || model->builtin || wi_apart_has(apart, model, WI_APART_MODEL) ||
        wi_batch_model(model))
        return;
    char *why = wi_batch_obstacle(model);
    wi_apart_note(apart, model, WI_APART_MODEL, why);
    free(why);
}

/* Whether jobs with so many bytes of inputs together gain by being one run. */
static int batch_pays(const struct wi_job *job, const struct wi_choice *choice, size_t bytes)
{
    const struct wi_model *model = job->spec.asked->model;
    char why[96];
    double gain;
    if (wi_pool_batch_pays(job->jobs->pool, choice, model, bytes, &gain))
        return 1;
    if (gain > 0 && gain <= 1) { /* else they only show how long one takes alone */
        snprintf(why, sizeof why, "on %s, a batch takes %.2f times as long as its requests alone",
            wi_platform_names[choice->platforms[0]], 1 / gain);
        wi_apart_note(&job->jobs->apart, model, WI_APART_SLOW, why);
    }
    return 0;
}

static int waits_for_company(const struct wi_job *job, int64_t rows)
{
    struct wi_jobs *jobs = job->jobs;
    const struct wi_config_pool *pool = &jobs->config->pool;
    double left = job->spec.accepted_at + (double)pool->batch_window - wi_now_ms();
    if (pool->batching != WI_BATCHING_FIXED || rows >= pool->max_batch || left <= 0 ||
        wi_tensors_bytes(&job->spec.asked->tensors) >= WI_BATCH_BYTES_MAX)
        return 0;
    /* All wait equally long, so who began the timer is the first to be done. */
    if (!wi_timer_running(jobs->window))
        wi_timer_start(jobs->window, (uint64_t)left + 1, 0);
    return 1;
}

int wi_job_waits_for_company(const struct wi_job *job, const struct wi_choice *choice)
{
    const struct wi_inference *asked = job->spec.asked;
    return job->jobs->config->pool.batching == WI_BATCHING_FIXED && wi_job_may_join(job) &&
           batch_pays(job, choice, wi_tensors_bytes(&asked->tensors)) &&
           waits_for_company(job, wi_batch_rows(asked));
}

static void free_batch(struct wi_jobs *jobs, struct wi_job_batch *batch)
{
    if (batch->on_trial) /* it has shown nothing */
        wi_apart_set_proof(&jobs->apart, batch->on_trial, WI_APART_UNPROVEN);
    wi_model_unref(batch->on_trial);
    free(batch->members);
    free(batch->rows);
    free(batch);
}

/* What a batch has, or may have at most. */
struct batch_size {
    int64_t rows;
    uint64_t bytes, answer; /* of its inputs, and of its outputs */
};

static struct batch_size job_size(const struct wi_job *job)
{
    const struct wi_inference *asked = job->spec.asked;
    return (struct batch_size){
        wi_batch_rows(asked), wi_tensors_bytes(&asked->tensors), wi_batch_output_bytes(asked)};
}

/* So much surely fits a frame, the node's memory and an answer, and is joined at once. */
static struct batch_size size_most(const struct wi_job *job, const struct wi_choice *choice)
{
    const struct wi_config *config = job->jobs->config;
    const struct wi_model *model = job->spec.asked->model;
    struct batch_size most = {wi_batch_most(model),
        wi_pool_batch_most(job->jobs->pool, choice, model), config->api.max_answer};
    if (most.rows > config->pool.max_batch)
        most.rows = config->pool.max_batch;
    if (most.bytes > config->api.max_body)
        most.bytes = config->api.max_body;
    if (most.bytes > WI_BATCH_BYTES_MAX)
        most.bytes = WI_BATCH_BYTES_MAX;
    if (job_needs_trial(job) && most.answer > WI_TRIAL_BYTES_MAX)
        most.answer = WI_TRIAL_BYTES_MAX;
    return most;
}

/* Adds `more` if both together are not too much; a size that is too much alone has no room. */
static int size_add(
    struct batch_size *size, const struct batch_size *more, const struct batch_size *most)
{
    if (size->rows > most->rows || more->rows > most->rows - size->rows ||
        size->bytes > most->bytes || more->bytes > most->bytes - size->bytes ||
        size->answer > most->answer || more->answer > most->answer - size->answer)
        return 0;
    size->rows += more->rows;
    size->bytes += more->bytes;
    size->answer += more->answer;
    return 1;
}

/* Fills `batch` with the job and what can run together with it; the job alone counts as none. */
static void batch_gather(
    struct wi_job *job, const struct wi_choice *choice, struct wi_job_batch *batch)
{
    struct wi_queue_entry *others[BATCH_LOOK];
    size_t count = wi_queue_company(&job->entry, others, BATCH_LOOK);
    struct batch_size size = job_size(job), most = size_most(job, choice);
    batch->members = wi_realloc_array(NULL, count + 1, sizeof(struct wi_job *));
    batch->rows = wi_realloc_array(NULL, count + 1, sizeof *batch->rows);
    batch->members[0] = job;
    batch->rows[0] = size.rows;
    batch->count = 1;
    for (size_t i = 0; i < count && size.rows < most.rows; i++) {
        struct wi_job *other = others[i]->owner;
        if (!wi_job_may_join(other) || !wi_batch_fits(job->spec.asked, other->spec.asked))
            continue;
        struct batch_size more = job_size(other);
        if (!size_add(&size, &more, &most))
            continue;
        batch->members[batch->count] = other;
        batch->rows[batch->count++] = more.rows;
    }
    batch->total = size.rows;
    batch->bytes = size.bytes;
}

/* Sends the jobs of the batch as one attempt; they stay in the queue if that fails. */
static enum wi_code dispatch_batch(
    struct wi_jobs *jobs, struct wi_job_batch *batch, const struct wi_choice *choice)
{
    struct wi_job *first = batch->members[0];
    const struct wi_inference *asked[BATCH_LOOK + 1];
    struct wi_tensors joined = {0};
    double now = wi_now_ms(), deadline = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct wi_job_spec *spec = &batch->members[i]->spec;
        asked[i] = spec->asked;
        if (spec->accepted_at + spec->asked->timeout_ms - now > deadline)
            deadline = spec->accepted_at + spec->asked->timeout_ms - now;
    }
    int is_trial = job_needs_trial(first);
    if (is_trial && !wi_batch_differs(asked, batch->count))
        return WI_NODE_NOT_FOUND; /* they would show nothing */
    if (wi_batch_join(asked, batch->count, &joined))
        return WI_MEMORY_BUDGET;
    snprintf(batch->attempt, sizeof batch->attempt, "%s.b%u", first->spec.id, first->attempts + 1);
    struct wi_task task = {
        .attempt_id = batch->attempt,
        .job_id = first->spec.id,
        .asked = wi_inference_on(first->spec.asked, choice->platforms[0]),
        .tensors = &joined,
        .platform_count = choice->platform_count,
        .deadline_ms = deadline,
        .requests = (unsigned)batch->count,
        .client = first->spec.client,
    };
    memcpy(task.platforms, choice->platforms, sizeof task.platforms);
    enum wi_code code = wi_pool_dispatch(jobs->pool, choice->node, &task, NULL);
    wi_tensors_clear(&joined);
    if (code != WI_OK)
        return code;
    if (is_trial) {
        batch->on_trial = wi_model_ref(first->spec.asked->model);
        wi_apart_set_proof(&jobs->apart, batch->on_trial, WI_APART_ON_TRIAL);
    }
    memcpy(batch->node, choice->node, sizeof batch->node);
    batch->left = batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        struct wi_job *job = batch->members[i];
        wi_job_leave_queue(job, 1);
        wi_job_run_joined(job, choice, batch);
        job->probe.wanted = i == 0 && choice->probe.wanted;
    }
    jobs->clients.counters.batches++;
    jobs->clients.counters.joined += batch->count;
    HASH_ADD(hh, jobs->batches, attempt, strlen(batch->attempt), batch);
    return WI_OK;
}

int wi_job_try_together(struct wi_job *job, const struct wi_choice *choice)
{
    struct wi_job_batch *batch = wi_alloc(sizeof *batch);
    batch_gather(job, choice, batch);
    int may_wait = job->jobs->config->pool.batching == WI_BATCHING_FIXED;
    int pays = (batch->count > 1 || may_wait) && batch_pays(job, choice, batch->bytes);
    int waits = pays && waits_for_company(job, batch->total);
    if (pays && !waits && batch->count > 1 && dispatch_batch(job->jobs, batch, choice) == WI_OK)
        return 1;
    free_batch(job->jobs, batch);
    return waits ? -1 : 0;
}

struct wi_job_batch *wi_jobs_find_batch(const struct wi_jobs *jobs, const char *attempt_id)
{
    return WI_TABLE_FIND(jobs->batches, attempt_id, strlen(attempt_id));
}

struct wi_job *wi_job_batch_first(const struct wi_job_batch *batch)
{
    size_t i = 0;
    while (!batch->members[i])
        i++;
    return batch->members[i];
}

static void take_out(struct wi_job_batch *batch, size_t index)
{
    struct wi_job *job = batch->members[index];
    batch->members[index] = NULL;
    batch->left--;
    wi_job_leave_node(job);
}

/* The others go on; the last one's leaving stops the work. */
void wi_job_leave_batch(struct wi_job *job, const char *reason)
{
    struct wi_job_batch *batch = job->batch;
    size_t index = 0;
    while (batch->members[index] != job)
        index++;
    take_out(batch, index);
    if (batch->left > 0 || batch->over)
        return;
    wi_pool_cancel(job->jobs->pool, batch->node, batch->attempt, reason);
    HASH_DEL(job->jobs->batches, batch);
    free_batch(job->jobs, batch);
}

/* The attempt has ended. Its members are taken out one by one, since the answer to one may make its
 * client withdraw others, which are still of the batch then. */
static void end_batch(struct wi_jobs *jobs, struct wi_job_batch *batch)
{
    HASH_DEL(jobs->batches, batch);
    batch->over = 1;
}

/* How the members of an attempt that has ended go on, each by itself. */
struct going_on {
    const struct wi_error *returned;  /* as if they had not been sent; NULL: as after a failure */
    int together;                     /* they may be joined again */
    int lost;                         /* their node was lost */
    struct wi_batch_trial *trial;     /* that they join; NULL: none */
    const struct wi_tensors *outputs; /* of the batch, of which each keeps its rows; NULL: none */
    const char *why;                  /* of a failure */
};

/* None of this counts as an attempt of theirs: it is unknown which of them caused it, if any. */
static void each_goes_on(
    struct wi_jobs *jobs, struct wi_job_batch *batch, const struct going_on *how)
{
    int64_t at = 0;
    end_batch(jobs, batch);
    for (size_t i = 0; i < batch->count; at += batch->rows[i++]) {
        struct wi_job *job = batch->members[i];
        if (!job)
            continue;
        take_out(batch, i);
        job->single |= !how->together;
        if (how->trial)
            job->trial = wi_batch_trial_join(how->trial);
        if (how->outputs)
            wi_batch_split(how->outputs, batch->total, at, batch->rows[i], &job->trial_outputs);
        job->line->counters.lost += (unsigned)how->lost;
        if (how->returned)
            wi_job_returned(job, how->returned);
        else
            wi_job_retry(job, 0, how->why);
    }
    free_batch(jobs, batch);
}

static struct wi_batch_trial *try_batch(
    struct wi_jobs *jobs, const struct wi_job_batch *batch, enum wi_trial_kind kind)
{
    const struct wi_job *first = wi_job_batch_first(batch);
    return wi_batch_trial_new(&jobs->trials, kind, batch->node, first->place.platform,
        first->spec.asked->model, batch->bytes);
}

void wi_jobs_try_each(struct wi_jobs *jobs, struct wi_job_batch *batch, int lost, const char *why)
{
    each_goes_on(jobs, batch, &(struct going_on){.lost = lost, .why = why});
}

void wi_jobs_batch_broke(struct wi_jobs *jobs, struct wi_job_batch *batch, const char *why)
{
    struct going_on how = {.lost = 1, .why = why, .trial = try_batch(jobs, batch, WI_TRIAL_SIZE)};
    each_goes_on(jobs, batch, &how);
    wi_batch_trial_leave(how.trial);
}

/* What the failure of a batch shows when its requests run alone. */
static enum wi_trial_kind trial_of(const struct wi_answer *answer)
{
    int is_size = answer->starved || answer->error.code == WI_ANSWER_TOO_LARGE ||
                  (answer->broke && !answer->excused);
    return is_size ? WI_TRIAL_SIZE : WI_TRIAL_FAULT;
}

/* The batch has a failure instead of outputs. An error that another node would repeat is the fault
 * of a request, and no reason to avoid the node. */
static void batch_failed(
    struct wi_jobs *jobs, struct wi_job_batch *batch, const struct wi_answer *answer)
{
    struct going_on how = {.why = answer->error.detail};
    how.together = answer->error.code == WI_NODE_PAUSED;
    if (how.together || !answer->retryable)
        how.returned = &answer->error;
    enum wi_trial_kind kind = trial_of(answer);
    if (!how.together && (kind == WI_TRIAL_SIZE || !answer->retryable))
        how.trial = try_batch(jobs, batch, kind);
    each_goes_on(jobs, batch, &how);
    wi_batch_trial_leave(how.trial);
}

/* The outputs do not belong to a batch. A joined node may only say so. */
static void batch_has_other_rows(struct wi_jobs *jobs, struct wi_job_batch *batch)
{
    const struct wi_job *first = wi_job_batch_first(batch);
    struct wi_error error;
    wi_error_set(&error, WI_INFERENCE_FAILED, NULL, "%s", wi_apart_why(WI_APART_ROWS));
    if (!first->place.joined)
        wi_apart_note(&jobs->apart, first->spec.asked->model, WI_APART_ROWS, error.detail);
    each_goes_on(jobs, batch, &(struct going_on){.returned = &error});
}

/* The first batch of its model: its outputs are kept, to be compared with those of each request. */
static void try_rows(
    struct wi_jobs *jobs, struct wi_job_batch *batch, const struct wi_tensors *outputs)
{
    struct wi_batch_trial *trial = try_batch(jobs, batch, WI_TRIAL_ROWS);
    struct wi_error error;
    wi_error_set(&error, WI_INFERENCE_FAILED, NULL,
        "the first batch of a model is compared with its requests alone");
    wi_model_unref(batch->on_trial);
    batch->on_trial = NULL; /* the trial ends that */
    each_goes_on(
        jobs, batch, &(struct going_on){.returned = &error, .trial = trial, .outputs = outputs});
    wi_batch_trial_leave(trial);
}

int wi_jobs_batch_answer(
    struct wi_jobs *jobs, struct wi_job_batch *batch, const char *node_id, struct wi_answer *answer)
{
    int64_t total = batch->total, at = 0;
    struct wi_tensors probe = {0};
    if (!answer->ok) {
        batch_failed(jobs, batch, answer);
        return 1;
    }
    if (wi_batch_split(&answer->outputs, total, 0, 1, &probe)) {
        batch_has_other_rows(jobs, batch);
        return 1;
    }
    wi_tensors_clear(&probe);
    if (batch->on_trial) {
        try_rows(jobs, batch, &answer->outputs);
        return 1;
    }
    end_batch(jobs, batch);
    for (size_t i = 0; i < batch->count; at += batch->rows[i++]) {
        struct wi_job *job = batch->members[i];
        struct wi_answer part = *answer;
        part.outputs = (struct wi_tensors){0};
        if (!job)
            continue;
        take_out(batch, i);
        wi_batch_split(&answer->outputs, total, at, batch->rows[i], &part.outputs);
        wi_job_complete(job, node_id, &part, total);
        wi_tensors_clear(&part.outputs);
    }
    free_batch(jobs, batch);
    return 0;
}
