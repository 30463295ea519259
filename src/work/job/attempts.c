/* What the pool reports of attempts, and what follows from it for their jobs. */
#include "work/job/private.h"

#include "work/job/second.h"
#include "work/job/stream.h"
#include "work/job/together.h"
#include <string.h>

static struct wi_job *job_running(const struct wi_jobs *jobs, const char *attempt_id)
{
    struct wi_job *job;
    HASH_FIND(by_attempt, jobs->running, attempt_id, strlen(attempt_id), job);
    return job;
}

/* NULL, counted, for an attempt that is not waited for any more. */
static struct wi_job *find_attempt(struct wi_jobs *jobs, const char *attempt_id)
{
    struct wi_job *job = job_running(jobs, attempt_id);
    if (job == NULL)
        jobs->clients.counters.late++;
    return job;
}

static void note_accepted(struct wi_job *job)
{
    job->accepted = 1;
    wi_job_tell(job);
}

static void on_accepted(void *context, const char *attempt_id)
{
    const struct wi_job_batch *batch = wi_jobs_find_batch(context, attempt_id);
    for (size_t i = 0; batch && i < batch->count; i++)
        if (batch->members[i])
            note_accepted(batch->members[i]);
    if (batch)
        return;
    struct wi_job *job = find_attempt(context, attempt_id);
    if (job)
        note_accepted(job);
}

/* The model's own failure, which the next node would repeat, if it is the truth; but where WASM
 * lacks the memory, a platform may do that was not to be used as long as it could be compared. */
static void attempt_fail(struct wi_job *job, const char *node_id, const struct wi_error *error)
{
    const struct wi_jobs_hooks *hooks = &job->jobs->hooks;
    if (wi_job_ask_second(job, error))
        return;
    int too_big = hooks->on_failed &&
                  hooks->on_failed(hooks->context, wi_job_sent(job), node_id, job->last, error);
    if (too_big && !job->outgrown && !job->spec.asked->has_platform) {
        job->outgrown = 1;
        wi_job_retry(job, 0, error->detail);
        wi_jobs_on_slot_free(job->jobs);
        return;
    }
    wi_job_finish_error(job, error);
}

static void on_part(void *context, const char *attempt_id, const struct wi_part *part)
{
    struct wi_jobs *jobs = context;
    struct wi_job *job = job_running(jobs, attempt_id);
    if (job == NULL || job->flow == NULL)
        jobs->clients.counters.late_parts++;
    else if (wi_job_stream_add(job, part))
        job->flow->events.on_part(job->context, &job->spec, part); /* who may withdraw the job */
}

static void on_progress(void *context, const char *attempt_id, const struct wi_progress *progress)
{
    struct wi_job *job = job_running(context, attempt_id);
    if (job == NULL || job->flow == NULL)
        return;
    wi_job_stream_lives(job, progress);
    /* Behind the first part it is for a daemon that measures the silence of what it handed on. */
    if (job->flow->events.on_progress &&
        (job->flow->first_part_at == 0 || job->spec.asked->relayed.is))
        job->flow->events.on_progress(job->context, &job->spec, progress);
}

/* Where several ran in what broke, each is tried again alone, so that only the culprit breaks
 * another; what has brought a part ran well there, so what broke before was not its doing either.
 * Gives what is left of the blame. */
static enum wi_blame take_blame(struct wi_job *job, enum wi_blame blame)
{
    if (wi_job_has_brought(job)) {
        job->breaks = 0;
        if (blame == WI_BLAME_ALONE)
            return WI_BLAME_NONE;
    }
    job->suspect |= blame == WI_BLAME_SHARED;
    job->breaks += blame == WI_BLAME_ALONE;
    return blame;
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct wi_jobs *jobs = context;
    struct wi_job_batch *batch = wi_jobs_find_batch(jobs, attempt_id);
    if (batch) {
        if (wi_jobs_batch_answer(jobs, batch, node_id, answer))
            wi_jobs_on_capacity(jobs);
        return;
    }
    struct wi_job *job = find_attempt(jobs, attempt_id);
    if (job == NULL)
        return;
    enum wi_job_state was = job->state;
    wi_job_leave_node(job);
    if (was == WI_JOB_SECOND) {
        wi_job_hear_second(job, node_id, answer);
        return;
    }
    if (answer->error.code == WI_NODE_PAUSED) {
        wi_job_returned(job, &answer->error);
        wi_jobs_on_slot_free(jobs);
        return;
    }
    job->starved = answer->starved && job->spec.asked->lessens;
    if (!answer->ok && (answer->retryable || job->starved)) {
        enum wi_blame blame = take_blame(job, answer->blame);
        wi_job_retry(job, !answer->excused && blame != WI_BLAME_SHARED && !wi_job_has_brought(job),
            answer->error.detail);
        wi_jobs_on_slot_free(jobs);
        return;
    }
    if (!answer->ok) {
        attempt_fail(job, node_id, &answer->error);
        return;
    }
    wi_job_complete(job, node_id, answer, 0);
}

static void on_lost(void *context, const char *node_id, const char *attempt_id, enum wi_blame blame,
    const char *why)
{
    struct wi_jobs *jobs = context;
    struct wi_job_batch *batch = wi_jobs_find_batch(jobs, attempt_id);
    if (batch) {
        wi_job_note_ending(wi_job_batch_first(batch), WI_ENDING_LOST);
        if (blame == WI_BLAME_NONE)
            wi_jobs_try_each(jobs, batch, 1, why);
        else
            wi_jobs_batch_broke(jobs, batch, why);
        wi_jobs_on_capacity(jobs);
        return;
    }
    struct wi_job *job = find_attempt(jobs, attempt_id);
    if (job == NULL)
        return;
    enum wi_job_state was = job->state;
    wi_job_leave_node(job);
    job->line->counters.lost++;
    if (was == WI_JOB_SECOND) {
        wi_job_note_failure(job, why);
        wi_job_finish_error(job, job->first_said);
        return;
    }
    wi_job_note_ending(job, WI_ENDING_LOST);
    wi_job_retry(job, take_blame(job, blame) == WI_BLAME_ALONE, why);
}

/* What it ran in is being ended. */
static void on_overrun(void *context, const char *attempt_id)
{
    struct wi_jobs *jobs = context;
    struct wi_job *job = find_attempt(jobs, attempt_id);
    struct wi_error error;
    if (job == NULL)
        return;
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "source",
        "the kernel did not finish within %lld ms ([api] kernel_time), and was stopped: check that "
        "all its loops end, or let it do less",
        (long long)jobs->config->api.kernel_time);
    wi_job_leave_node(job);
    wi_job_finish_error(job, &error);
}

int wi_job_move(struct wi_job *job, enum wi_ending how, const char *reason, const char *why)
{
    struct wi_jobs *jobs = job->jobs;
    struct wi_choice choice = {0};
    if (job->state != WI_JOB_ALONE || wi_job_is_shadow(job) || jobs->draining ||
        !wi_job_pick_another(job, 0, &choice))
        return 0;
    wi_job_leave_node(job);
    wi_pool_cancel(jobs->pool, job->node, job->attempt, reason);
    if (how != WI_ENDING_NONE)
        wi_job_note_ending(job, how);
    wi_job_retry(job, 0, why);
    wi_jobs_on_slot_free(jobs);
    return 1;
}

/* It goes to another node where one has room, and stays otherwise. */
static void on_held_up(void *context, const char *attempt_id, const char *why)
{
    struct wi_job *job = job_running(context, attempt_id);
    if (job && !(wi_job_is_committed(job) && job->flow->parts.obstacle))
        wi_job_move(job, WI_ENDING_NONE, "held up", why);
}

/* Its members go on one by one. */
static void move_batch(struct wi_jobs *jobs, struct wi_job_batch *batch, const char *why)
{
    struct wi_job *first = wi_job_batch_first(batch);
    struct wi_choice choice = {0};
    if (first->endings || jobs->draining || !wi_job_pick_another(first, 0, &choice))
        return;
    wi_job_note_ending(first, WI_ENDING_LATE);
    wi_pool_cancel(jobs->pool, batch->node, batch->attempt, WI_JOB_STALLED);
    wi_jobs_try_each(jobs, batch, 0, why);
    wi_jobs_on_slot_free(jobs);
}

/* Likewise, once: what is slow everywhere is to be done somewhere. Silence in the middle of a
 * stream is watched by itself. */
static void on_late(void *context, const char *attempt_id, const char *why)
{
    struct wi_jobs *jobs = context;
    struct wi_job_batch *batch = wi_jobs_find_batch(jobs, attempt_id);
    if (batch) {
        move_batch(jobs, batch, why);
        return;
    }
    struct wi_job *job = job_running(jobs, attempt_id);
    if (job && !job->endings && !(job->flow && wi_job_stream_is_watched(job)) &&
        !(wi_job_is_committed(job) && wi_job_stream_obstacle(job)))
        wi_job_move(job, WI_ENDING_LATE, WI_JOB_STALLED, why);
}

void wi_jobs_listen(struct wi_jobs *jobs)
{
    jobs->events = (struct wi_pool_events){
        .context = jobs,
        .on_slot_free = wi_jobs_on_slot_free,
        .on_capacity = wi_jobs_on_capacity,
        .on_accepted = on_accepted,
        .on_part = on_part,
        .on_progress = on_progress,
        .on_answer = on_answer,
        .on_lost = on_lost,
        .on_held_up = on_held_up,
        .on_late = on_late,
        .on_overrun = on_overrun,
    };
}
