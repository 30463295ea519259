/*
 * Jobs that run together as one attempt: how they are joined and separated again. batch.c joins and
 * splits their tensors.
 */
#include "work/job/private.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Waiting jobs that are looked at for company. */
#define BATCH_LOOK 256

int wi_job_may_join(const struct wi_job *job)
{
    return job->jobs->config->pool.batching != WI_BATCHING_OFF && !job->single && !job->avoid[0] &&
           !job->flow && !wi_job_is_shadow(job) && wi_batch_rows(job->spec.asked) > 0;
}

int wi_job_waits_for_company(struct wi_job *job, int64_t rows)
{
    struct wi_jobs *jobs = job->jobs;
    const struct wi_config_pool *pool = &jobs->config->pool;
    double left = job->spec.accepted_at + (double)pool->batch_window - wi_now_ms();
    if (pool->batching != WI_BATCHING_FIXED || rows >= pool->max_batch || left <= 0)
        return 0;
    /* All wait equally long, so who began the timer is the first to be done. */
    if (!wi_timer_running(jobs->window))
        wi_timer_start(jobs->window, (uint64_t)left + 1, 0);
    return 1;
}

static void free_batch(struct wi_job_batch *batch)
{
    free(batch->members);
    free(batch->rows);
    free(batch);
}

/* Fills `batch` with the job and what can run together with it; the job alone counts as none. */
static void batch_gather(struct wi_job *job, struct wi_job_batch *batch)
{
    struct wi_queue_entry *others[BATCH_LOOK];
    const struct wi_config_pool *pool = &job->jobs->config->pool;
    size_t count = wi_queue_company(&job->entry, others, BATCH_LOOK);
    size_t bytes = wi_tensors_bytes(&job->spec.asked->tensors);
    size_t most = job->jobs->config->api.max_body; /* what surely fits a frame */
    most = most > bytes ? most : bytes;
    int64_t rows_most = wi_batch_most(job->spec.asked->model);
    if (rows_most > pool->max_batch)
        rows_most = pool->max_batch;
    batch->members = wi_realloc_array(NULL, count + 1, sizeof(struct wi_job *));
    batch->rows = wi_realloc_array(NULL, count + 1, sizeof *batch->rows);
    batch->members[0] = job;
    batch->rows[0] = batch->total = wi_batch_rows(job->spec.asked);
    batch->count = 1;
    for (size_t i = 0; i < count && batch->total < rows_most; i++) {
        struct wi_job *other = others[i]->owner;
        int64_t rows = wi_job_may_join(other) ? wi_batch_rows(other->spec.asked) : 0;
        size_t more = wi_tensors_bytes(&other->spec.asked->tensors);
        if (rows == 0 || rows > rows_most - batch->total || more > most - bytes ||
            !wi_batch_fits(job->spec.asked, other->spec.asked))
            continue;
        bytes += more;
        batch->members[batch->count] = other;
        batch->rows[batch->count++] = rows;
        batch->total += rows;
    }
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
    batch_gather(job, batch);
    int waits = wi_job_waits_for_company(job, batch->total);
    if (!waits && batch->count > 1 && dispatch_batch(job->jobs, batch, choice) == WI_OK)
        return 1;
    free_batch(batch);
    return waits ? -1 : 0;
}

struct wi_job_batch *wi_jobs_find_batch(const struct wi_jobs *jobs, const char *attempt_id)
{
    return WI_TABLE_FIND(jobs->batches, attempt_id, strlen(attempt_id));
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
    free_batch(batch);
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
    const struct wi_error *returned; /* not begun: as if they had not been sent; or NULL */
    int counts, lost;                /* else they are tried again: see wi_jobs_try_each */
    const char *why;
};

static void each_goes_on(
    struct wi_jobs *jobs, struct wi_job_batch *batch, const struct going_on *how)
{
    end_batch(jobs, batch);
    for (size_t i = 0; i < batch->count; i++) {
        struct wi_job *job = batch->members[i];
        if (!job)
            continue;
        take_out(batch, i);
        if (how->returned) { /* it may be joined again */
            wi_job_returned(job, how->returned);
            continue;
        }
        job->single = 1;
        job->line->counters.lost += (unsigned)how->lost;
        wi_job_retry(job, how->counts, how->why);
    }
    free_batch(batch);
}

/* Jobs that failed together are retried one by one, because it is unknown which of them caused the
 * failure. A failure of the node counts as an attempt; one of the model does not, because another
 * job may have caused it. */
void wi_jobs_try_each(
    struct wi_jobs *jobs, struct wi_job_batch *batch, int counts, int lost, const char *why)
{
    each_goes_on(jobs, batch, &(struct going_on){.counts = counts, .lost = lost, .why = why});
}

int wi_jobs_batch_answer(
    struct wi_jobs *jobs, struct wi_job_batch *batch, const char *node_id, struct wi_answer *answer)
{
    int64_t total = batch->total, at = 0;
    struct wi_tensors probe = {0};
    if (answer->error.code == WI_NODE_PAUSED) {
        each_goes_on(jobs, batch, &(struct going_on){.returned = &answer->error});
        return 1;
    }
    if (!answer->ok) {
        wi_jobs_try_each(
            jobs, batch, answer->retryable && !answer->excused, 0, answer->error.detail);
        return 1;
    }
    if (wi_batch_split(&answer->outputs, total, 0, 1, &probe)) {
        wi_jobs_try_each(jobs, batch, 0, 0, "the outputs do not have as many rows as the inputs");
        return 1;
    }
    wi_tensors_clear(&probe);
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
    free_batch(batch);
    return 0;
}
