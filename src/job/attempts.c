/* What the pool reports of attempts, and what follows from it for their jobs. */
#include "job/private.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>

/* A job that was running alone on two nodes when they broke would break the next one too. */
#define POISON_BREAKS 2

/* NULL, counted, for an attempt that is not waited for any more. */
static struct wi_job *find_attempt(struct wi_jobs *jobs, const char *attempt_id)
{
    struct wi_job *job;
    HASH_FIND(by_attempt, jobs->running, attempt_id, strlen(attempt_id), job);
    if (job == NULL)
        jobs->counters.late++;
    return job;
}

static void on_accepted(void *context, const char *attempt_id)
{
    const struct wi_job_batch *batch = wi_jobs_find_batch(context, attempt_id);
    for (size_t i = 0; batch && i < batch->count; i++)
        if (batch->members[i])
            batch->members[i]->accepted = 1;
    if (batch)
        return;
    struct wi_job *job = find_attempt(context, attempt_id);
    if (job)
        job->accepted = 1;
}

static void note_failure(struct wi_job *job, const char *why)
{
    if (job->failures == NULL)
        job->failures = wi_alloc(sizeof *job->failures);
    wi_failures_add(job->failures, job->node, why);
}

/* The attempt ended without an answer for the client: another one, or the end. */
void wi_job_retry(struct wi_job *job, int counts, const char *why)
{
    struct wi_jobs *jobs = job->jobs;
    unsigned tries = (unsigned)jobs->config->pool.max_retries + 1;
    struct wi_error error;
    job->attempt[0] = '\0';
    job->used += counts ? 1 : 0;
    note_failure(job, why);
    memcpy(job->avoid, job->node, sizeof job->avoid);
    if (job->spec.background) {
        wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL, "%s", why);
    } else if (job->breaks >= POISON_BREAKS) {
        wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL,
            "%u nodes broke while they ran this job alone, so it is not given to another; last: %s",
            job->breaks, why);
    } else if (job->used >= tries) {
        wi_error_set(
            &error, WI_ATTEMPTS_EXHAUSTED, NULL, "%u attempts failed; last: %s", job->used, why);
    } else if (job->attempts >= WI_JOB_SENDS_PER_TRY * tries) {
        wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL,
            "it was sent to nodes %u times without an answer, which is the limit for [pool] "
            "max_retries = %u; last: %s",
            job->attempts, tries - 1, why);
    } else if (jobs->draining) {
        wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    } else {
        jobs->counters.retried++;
        wi_info("job", job->spec.id, "goes to another attempt: %s", why);
        wi_job_enqueue(job, 1);
        return;
    }
    wi_job_finish_error(job, &error);
}

/* The model's own failure, which the next node would repeat; but where WASM lacks the memory, a
 * platform may do that was not to be used as long as it could be compared. */
static void fail(struct wi_job *job, const char *node_id, const struct wi_error *error)
{
    int too_big = wi_probes_failed(job->jobs->probes, &job->spec, node_id, job->last, error);
    if (too_big && !job->outgrown && !job->spec.has_platform) {
        job->outgrown = 1;
        wi_job_retry(job, 0, error->detail);
        wi_jobs_on_seat(job->jobs);
        return;
    }
    job->attempt[0] = '\0';
    wi_job_finish_error(job, error);
}

void wi_job_complete(
    struct wi_job *job, const char *node_id, struct wi_answer *answer, int64_t rows)
{
    struct wi_job_result result = {
        .code = WI_OK, .answer = answer, .refusal = job->refusal, .batch = (unsigned)rows};
    wi_job_counters_of(job)->completed++;
    snprintf(result.node, sizeof result.node, "%s", node_id);
    if (!job->spec.background)
        wi_probes_answered(job->jobs->probes, &job->spec, &job->probe, &result);
    wi_job_finish(job, &result);
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct wi_jobs *jobs = context;
    struct wi_job_batch *batch = wi_jobs_find_batch(jobs, attempt_id);
    if (batch) {
        wi_jobs_batch_answer(jobs, batch, node_id, answer);
        return;
    }
    struct wi_job *job = find_attempt(jobs, attempt_id);
    if (job == NULL)
        return;
    wi_job_leave_node(job);
    if (!answer->ok && answer->retryable) {
        wi_job_retry(job, 1, answer->error.detail);
        wi_jobs_on_seat(jobs);
        return;
    }
    if (!answer->ok) {
        fail(job, node_id, &answer->error);
        return;
    }
    job->attempt[0] = '\0';
    wi_job_complete(job, node_id, answer, 0);
}

static void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct wi_jobs *jobs = context;
    struct wi_job_batch *batch = wi_jobs_find_batch(jobs, attempt_id);
    if (batch) {
        wi_jobs_try_each(jobs, batch, alone, 1, why);
        return;
    }
    struct wi_job *job = find_attempt(jobs, attempt_id);
    if (job == NULL)
        return;
    wi_job_leave_node(job);
    wi_job_counters_of(job)->lost++;
    job->breaks += alone ? 1 : 0;
    wi_job_retry(job, alone, why);
}

void wi_jobs_listen(struct wi_jobs *jobs)
{
    jobs->events = (struct wi_pool_events){
        .context = jobs,
        .on_seat = wi_jobs_on_seat,
        .on_capacity = wi_jobs_on_capacity,
        .on_accepted = on_accepted,
        .on_answer = on_answer,
        .on_lost = on_lost,
    };
}
