/*
 * How a job's attempt ends for its client: with the answer, with an error, or with another attempt.
 * Whatever ends a job goes through wi_job_finish(), which is the only place that answers.
 */
#include "work/job/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "work/job/stream.h"
#include <stdlib.h>
#include <string.h>

/* A job that was running alone on two nodes when they broke would break the next one too. */
#define POISON_BREAKS 2

void wi_jobs_check_idle(struct wi_jobs *jobs)
{
    if (jobs->on_idle == NULL || jobs->jobs != NULL)
        return;
    void (*on_idle)(void *) = jobs->on_idle;
    jobs->on_idle = NULL;
    on_idle(jobs->idle_context);
}

void wi_job_finish(struct wi_job *job, struct wi_job_result *result)
{
    struct wi_jobs *jobs = job->jobs;
    wi_batch_trial_end(job->trial, job->spec.client, &job->trial_outputs, result);
    wi_job_set_state(job, WI_JOB_DONE);
    HASH_DELETE(by_id, jobs->jobs, job);
    wi_timer_free(job->deadline);
    if (result && job->flow && job->flow->first_part_at > 0)
        result->first_part_ms = job->flow->first_part_at - job->spec.accepted_at;
    wi_job_stream_close(job);
    if (result) {
        double now = wi_now_ms();
        result->attempts = job->attempts;
        result->place = job->place;
        result->total_ms = now - job->spec.accepted_at;
        result->queue_ms =
            (job->dispatched_at > 0 ? job->dispatched_at : now) - job->spec.accepted_at;
        result->error.attempts = result->code == WI_OK ? 0 : job->attempts;
        if (result->code != WI_OK && job->failures)
            result->error.failures = *job->failures;
        job->on_done(job->context, &job->spec, result);
    }
    wi_tensors_clear(&job->trial_outputs);
    wi_job_spec_clear(&job->spec);
    wi_chain_clear(&job->chain);
    free(job->owner);
    free(job->failures);
    free(job->endings);
    free(job->first_said);
    free(job);
    wi_jobs_check_idle(jobs);
}

void wi_job_finish_error(struct wi_job *job, const struct wi_error *error)
{
    struct wi_job_result result = {.code = error->code, .error = *error, .starved = job->starved};
    struct wi_job_counters *counters = &job->line->counters;
    int is_cancelled = error->code == WI_CANCELLED, is_late = error->code == WI_DEADLINE_EXCEEDED;
    counters->cancelled += (unsigned)is_cancelled;
    counters->expired += (unsigned)is_late;
    counters->failed += !is_cancelled && !is_late;
    wi_join(result.node, sizeof result.node, job->node, NULL);
    wi_job_finish(job, &result);
}

void wi_job_finish_refused(struct wi_job *job, const struct wi_error *error)
{
    struct wi_error interrupted;
    int has_begun = wi_job_is_committed(job) && job->attempts > job->spec.earlier;
    if (!has_begun || error->code == WI_STREAM_INTERRUPTED) {
        wi_job_finish_error(job, error);
        return;
    }
    wi_error_set(&interrupted, WI_STREAM_INTERRUPTED, NULL,
        "its node was lost after %llu parts, and no other node can continue: %s",
        (unsigned long long)job->flow->parts.received.parts, error->detail);
    wi_job_finish_error(job, &interrupted);
}

/* The node knows the prompt now, and of a conversation the answer too, with which the next request
 * will begin. */
static void note_computed(
    const struct wi_job *job, const char *node_id, const struct wi_answer *answer)
{
    const struct wi_text_account *account = &answer->account;
    const json_t *whole = json_object_get(answer->result, "text");
    const struct wi_chain *chain = &job->chain;
    size_t length = json_string_length(whole);
    const char *text =
        job->flow ? wi_parts_text(&job->flow->parts, &length) : json_string_value(whole);
    if (chain->count == 0 || account->prompt == 0)
        return;
    wi_pool_computed(job->jobs->pool, node_id, &chain->keys[chain->count - 1],
        (unsigned)(account->prompt * chain->share));
    if (text == NULL || !chain->whole)
        return;
    struct wi_prefix_key key = wi_chain_answered(chain, text, length);
    wi_pool_computed(
        job->jobs->pool, node_id, &key, (unsigned)(account->prompt + account->generated));
}

void wi_job_complete(
    struct wi_job *job, const char *node_id, struct wi_answer *answer, int64_t rows)
{
    const struct wi_jobs_hooks *hooks = &job->jobs->hooks;
    struct wi_job_result result = {
        .code = WI_OK, .answer = answer, .refusal = job->refusal, .batch = (unsigned)rows};
    job->line->counters.completed++;
    wi_join(result.node, sizeof result.node, node_id, NULL);
    note_computed(job, node_id, answer);
    wi_job_find_endings(job, node_id);
    if (hooks->on_answered && !wi_job_is_shadow(job))
        hooks->on_answered(hooks->context, &job->spec, wi_job_sent(job), &job->probe, &result);
    wi_job_finish(job, &result);
}

void wi_job_note_failure(struct wi_job *job, const char *why)
{
    if (job->failures == NULL)
        job->failures = wi_alloc(sizeof *job->failures);
    wi_failures_add(job->failures, job->node, why);
}

/* Why the job is not tried again: `error` is filled. WI_OK if it may be. */
static enum wi_code check_tries(const struct wi_job *job, const char *why, struct wi_error *error)
{
    const struct wi_jobs *jobs = job->jobs;
    unsigned tries = (unsigned)jobs->config->pool.max_retries + 1;
    const char *obstacle = wi_job_is_committed(job) ? job->flow->parts.obstacle : NULL;
    if (wi_job_is_shadow(job))
        return wi_error_set(error, WI_ATTEMPTS_EXHAUSTED, NULL, "%s", why);
    if (obstacle)
        return wi_error_set(error, WI_STREAM_INTERRUPTED, NULL,
            "its node was lost after %llu parts, and no other node can continue: %s; what "
            "happened: %s",
            (unsigned long long)job->flow->parts.received.parts, obstacle, why);
    if (job->breaks >= POISON_BREAKS) {
        wi_error_set(error, WI_ATTEMPTS_EXHAUSTED, NULL,
            "%u nodes broke while they ran only this job, so it is not sent to another node; last: "
            "%s",
            job->breaks, why);
        error->poisoned = 1;
        return error->code;
    }
    if (job->used >= tries)
        return wi_error_set(
            error, WI_ATTEMPTS_EXHAUSTED, NULL, "%u attempts failed; last: %s", job->used, why);
    if (job->attempts >= WI_JOB_SENDS_PER_TRY * tries)
        return wi_error_set(error, WI_ATTEMPTS_EXHAUSTED, NULL,
            "it was sent to nodes %u times without an answer, which is the limit with [pool] "
            "max_retries = %u; last: %s",
            job->attempts, tries - 1, why);
    if (jobs->draining)
        return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    return WI_OK;
}

static void try_again(struct wi_job *job, const char *why)
{
    struct wi_error error;
    if (check_tries(job, why, &error) != WI_OK) {
        wi_job_finish_error(job, &error);
        return;
    }
    job->jobs->clients.counters.retried++;
    if (wi_job_is_committed(job))
        wi_info("job", job->spec.id, "goes on in another attempt, behind %llu parts: %s",
            (unsigned long long)job->flow->parts.received.parts, why);
    else
        wi_info("job", job->spec.id, "goes to another attempt: %s", why);
    wi_job_enqueue(job, 1);
}

void wi_job_retry(struct wi_job *job, int counts, const char *why)
{
    struct wi_error error;
    job->used += counts ? 1 : 0;
    wi_job_note_failure(job, why);
    memcpy(job->avoid, job->node, sizeof job->avoid);
    if (job->spec.asked->program) { /* which may be what broke its node */
        wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL,
            "a client's own kernel is not run again; what happened: %s", why);
        error.poisoned = 1;
        wi_job_finish_error(job, &error);
    } else {
        try_again(job, why);
    }
}

void wi_job_returned(struct wi_job *job, const struct wi_error *error)
{
    if (wi_job_is_shadow(job))
        wi_job_finish_error(job, error);
    else
        try_again(job, error->detail);
}
