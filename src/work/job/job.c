/*
 * The public functions of jobs: accepting, looking up and withdrawing them. Their course in between
 * is in state.c, dispatch.c, together.c, attempts.c and end.c.
 */
#include "work/job/private.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "work/job/second.h"
#include "work/job/stream.h"
#include "work/job/together.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A shadow run that finds no room for so long is dropped. */
#define SHADOW_WAIT_MS 60000.0

/* ---------------------------------------------------------------- withdrawing */

/* Stops whatever the job is doing: it neither waits nor runs afterwards. */
static void job_withdraw(struct wi_job *job, const char *reason)
{
    if (job->state == WI_JOB_WAITING) {
        wi_job_leave_queue(job, 0);
        wi_pool_set_backlog(job->jobs->pool, job->jobs->clients.counters.waiting);
    } else if (job->state == WI_JOB_JOINED) {
        wi_job_leave_batch(job, reason);
    } else {
        wi_job_leave_node(job);
        wi_pool_cancel(job->jobs->pool, job->node, job->attempt, reason);
    }
}

static void on_deadline(void *context)
{
    struct wi_job *job = context;
    struct wi_error error;
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "the deadline of %.0f ms passed while the job was %s", job->spec.asked->timeout_ms,
        job->state == WI_JOB_WAITING ? "waiting for a node" : "running");
    job_withdraw(job, "deadline");
    wi_job_finish_unheard(job, &error);
}

/* Why a stream ends whose node has been silent for as long as it may. */
static void explain_stall(const struct wi_job *job, struct wi_error *error)
{
    unsigned long long parts = job->flow->parts.received.parts;
    const char *obstacle = wi_job_stream_obstacle(job);
    double ms = wi_job_stream_patience_ms(job);
    if (obstacle)
        wi_error_set(error, WI_STREAM_INTERRUPTED, NULL,
            "its node sent nothing for %.0f ms after %llu parts, and no other node can continue: "
            "%s",
            ms, parts, obstacle);
    else
        wi_error_set(error, WI_STALL_TIMEOUT, "stall_timeout_ms",
            "its node sent nothing for %.0f ms after %llu parts", ms, parts);
}

/* Whether a stream whose node is silent goes on at another. */
static int job_goes_on(struct wi_job *job)
{
    char why[96];
    if (wi_job_stream_obstacle(job))
        return 0;
    snprintf(why, sizeof why, "its node sent nothing for %.0f ms after %llu parts",
        wi_job_stream_silent_ms(job), (unsigned long long)job->flow->parts.received.parts);
    return wi_job_move(job, WI_ENDING_STALLED, WI_JOB_STALLED, why);
}

static void on_stall(void *context)
{
    struct wi_job *job = context;
    struct wi_error error;
    /* It comes back with its parts, or is lost, and the stream goes on elsewhere. */
    if (wi_pool_is_away(job->jobs->pool, job->node)) {
        wi_job_stream_watch(job);
        return;
    }
    if (job_goes_on(job))
        return;
    if (wi_job_stream_silent_ms(job) < wi_job_stream_patience_ms(job)) {
        wi_job_stream_wait_on(job);
        return;
    }
    explain_stall(job, &error);
    job_withdraw(job, WI_JOB_STALLED);
    wi_job_finish_unheard(job, &error);
}

/* ---------------------------------------------------------------- outside */

struct wi_jobs *wi_jobs_new(
    uv_loop_t *loop, const struct wi_config *config, struct wi_budget *budget)
{
    struct wi_jobs *jobs = wi_alloc(sizeof *jobs);
    jobs->loop = loop;
    jobs->config = config;
    jobs->budget = budget;
    wi_token_new(jobs->owner_secret);
    jobs->clients.queue = wi_queue_new();
    jobs->shadow.queue = wi_queue_new();
    jobs->proofs.queue = wi_queue_new();
    jobs->window = wi_timer_new(loop, wi_jobs_on_capacity, jobs);
    jobs->again = wi_timer_new(loop, wi_jobs_on_again, jobs);
    jobs->trials =
        (struct wi_trials){.loop = loop, .apart = &jobs->apart, .spoilers = &jobs->spoilers};
    wi_jobs_listen(jobs);
    return jobs;
}

const struct wi_pool_events *wi_jobs_pool_events(struct wi_jobs *jobs)
{
    return &jobs->events;
}

void wi_jobs_start(struct wi_jobs *jobs, struct wi_pool *pool)
{
    jobs->pool = jobs->trials.pool = pool;
}

void wi_jobs_watch(struct wi_jobs *jobs, const struct wi_jobs_hooks *hooks)
{
    jobs->hooks = *hooks;
}

void wi_jobs_tell(struct wi_jobs *jobs, const struct wi_change_listener *listener)
{
    jobs->listener = listener;
}

void wi_jobs_reload(struct wi_jobs *jobs, const struct wi_config *config)
{
    jobs->config = config;
}

static void answer_shutting_down(struct wi_job *job)
{
    struct wi_error error;
    wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    job_withdraw(job, "shutdown");
    wi_job_finish_error(job, &error);
}

/* No client waits for a shadow run. */
static void end_shadow_jobs(struct wi_jobs *jobs)
{
    struct wi_job *job, *next;
    HASH_ITER(by_id, jobs->jobs, job, next)
    {
        if (wi_job_is_shadow(job))
            answer_shutting_down(job);
    }
}

void wi_jobs_drain(struct wi_jobs *jobs, void (*on_idle)(void *), void *context)
{
    struct wi_queue_entry *entry;
    jobs->draining = 1;
    end_shadow_jobs(jobs);
    while ((entry = wi_queue_oldest(jobs->clients.queue, 0)) != NULL)
        answer_shutting_down(entry->owner);
    jobs->on_idle = on_idle;
    jobs->idle_context = context;
    wi_jobs_check_idle(jobs);
}

void wi_jobs_abort(struct wi_jobs *jobs)
{
    jobs->draining = 1;
    while (jobs->jobs)
        answer_shutting_down(jobs->jobs);
}

void wi_jobs_free(struct wi_jobs *jobs)
{
    if (jobs == NULL)
        return;
    assert(jobs->jobs == NULL && jobs->slots.counts == NULL);
    wi_queue_free(jobs->clients.queue);
    wi_queue_free(jobs->shadow.queue);
    wi_queue_free(jobs->proofs.queue);
    wi_timer_free(jobs->window);
    wi_timer_free(jobs->again);
    wi_trials_clear(&jobs->trials);
    wi_apart_clear(&jobs->apart);
    free(jobs);
}

/* One that waits is never too many, or a small share of a small queue would shut a client out. */
static enum wi_code admit_client(
    const struct wi_jobs *jobs, const char *client, struct wi_error *error)
{
    double share = jobs->config->pool.client_share * (double)jobs->config->pool.max_queue;
    size_t waiting = share < (double)jobs->config->pool.max_queue
                         ? wi_queue_size_of(jobs->clients.queue, client)
                         : 0;
    if (waiting == 0 || (double)waiting < share)
        return WI_OK;
    return wi_error_set(error, WI_CLIENT_SHARE, NULL,
        "%zu of your jobs are already waiting, which is your share of the queue ([pool] "
        "client_share); try again later",
        waiting);
}

enum wi_code wi_jobs_admit(const struct wi_jobs *jobs, const char *client, struct wi_error *error)
{
    if (jobs->draining)
        return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    if (jobs->clients.counters.waiting < (size_t)jobs->config->pool.max_queue)
        return admit_client(jobs, client, error);
    return wi_error_set(error, WI_QUEUE_FULL, NULL,
        "%zu jobs are already waiting, which is the limit ([pool] max_queue); try again later",
        jobs->clients.counters.waiting);
}

/* `limit_ms`: how long it may wait, from its acceptance. */
static struct wi_job *make_job(struct wi_jobs *jobs, struct wi_job_line *line,
    struct wi_job_spec *spec, double limit_ms, wi_job_fn *on_done, void *context)
{
    const struct wi_inference *asked = spec->asked;
    struct wi_job *job = wi_alloc(sizeof *job);
    job->jobs = jobs;
    job->line = line;
    job->spec = *spec;
    job->attempts = spec->earlier;
    job->accepted_at = wi_wall_ms() - (int64_t)(wi_now_ms() - spec->accepted_at);
    *spec = (struct wi_job_spec){0};
    if (asked->relayed.owner)
        job->owner =
            wi_sprintf("%s\n%s", job->spec.client ? job->spec.client : "", asked->relayed.owner);
    if (wi_task_generates(asked->task))
        wi_chain_fill(&job->chain, jobs->config->models.share_prefix ? NULL : wi_job_owner(job),
            asked->model->hash, asked->input, asked->options);
    job->entry = (struct wi_queue_entry){.owner = job,
        .priority = asked->priority,
        .since = job->spec.accepted_at,
        .client = job->spec.client};
    job->on_done = on_done;
    job->context = context;
    job->deadline = wi_timer_new(jobs->loop, on_deadline, job);
    double left = job->spec.accepted_at + limit_ms - wi_now_ms();
    wi_timer_start(job->deadline, left > 0 ? (uint64_t)left : 0, 0);
    HASH_ADD(by_id, jobs->jobs, spec.id, strlen(job->spec.id), job);
    return job;
}

/* A job that could not even be queued or sent: the caller gets the error, and no callback comes. */
static enum wi_code job_reject(
    struct wi_job *job, const struct wi_error *failure, struct wi_error *error)
{
    job->line->counters.rejected++;
    wi_job_finish(job, NULL);
    if (error)
        *error = *failure;
    return failure->code;
}

/* Sends the new job at once, or has it wait. */
static enum wi_code job_begin(struct wi_job *job, struct wi_error *error)
{
    struct wi_jobs *jobs = job->jobs;
    struct wi_choice choice = {0};
    struct wi_error failure;
    int gives_way = wi_job_part(job) != WI_JOB_PART_OPEN;
    enum wi_pick picked = gives_way ? WI_PICK_WAIT : wi_job_pick(job, &choice, &failure);
    if (picked == WI_PICK_NODE && wi_job_waits_for_company(job, &choice))
        picked = WI_PICK_WAIT;
    if (picked == WI_PICK_NEVER ||
        (picked == WI_PICK_NODE && wi_job_check(job, &choice, &failure) != WI_OK))
        return job_reject(job, &failure, error);
    enum wi_code code = picked == WI_PICK_NODE && wi_jobs_may_run(jobs, job->line)
                            ? wi_job_dispatch(job, WI_JOB_ALONE, &choice, &failure)
                            : WI_NODE_NOT_FOUND;
    if (code != WI_OK && code != WI_NODE_NOT_FOUND && code != WI_NODE_BUSY)
        return job_reject(job, &failure, error);
    job->line->counters.accepted++;
    if (code != WI_OK) {
        wi_job_enqueue(job, 0);
        wi_job_note_apart(job);
        /* Another node may have room now, or no other client may need the room that it would take;
         * but no answer may come from inside this call. */
        if (code == WI_NODE_BUSY || gives_way)
            wi_timer_start(jobs->again, 0, WI_JOBS_AGAIN_MS);
        if (wi_timer_running(jobs->window) && /* perhaps its company is complete */
            jobs->clients.counters.waiting >= (size_t)jobs->config->pool.max_batch)
            wi_timer_start(jobs->window, 0, 0);
        wi_pool_set_backlog(jobs->pool, jobs->clients.counters.waiting);
    }
    return WI_OK;
}

static enum wi_code admit_to(struct wi_jobs *jobs, struct wi_job_line *line,
    struct wi_job_spec *spec, struct wi_error *error)
{
    enum wi_code code = wi_jobs_admit(jobs, spec->client, error);
    if (code == WI_OK)
        return WI_OK;
    line->counters.rejected++;
    wi_job_spec_clear(spec);
    return code;
}

enum wi_code wi_jobs_submit(struct wi_jobs *jobs, struct wi_job_spec *spec,
    const struct wi_job_stream *stream, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    enum wi_code code = admit_to(jobs, &jobs->clients, spec, error);
    if (code != WI_OK)
        return code;
    struct wi_job *job =
        make_job(jobs, &jobs->clients, spec, spec->asked->timeout_ms, on_done, context);
    if (stream && wi_job_stream_open(job, stream, on_stall) != 0) {
        struct wi_error failure;
        wi_error_set(&failure, WI_MEMORY_BUDGET, "relay.continue",
            "there is no memory for the text of this stream now; try again later");
        return job_reject(job, &failure, error);
    }
    code = job_begin(job, error);
    jobs->clients.counters.streams += stream && code == WI_OK;
    return code;
}

enum wi_code wi_jobs_submit_shadow(struct wi_jobs *jobs, struct wi_job_spec *spec,
    wi_job_dispatch_fn *on_dispatch, wi_job_fn *on_done, void *context, struct wi_error *error)
{
    struct wi_job_line *line = spec->proves ? &jobs->proofs : &jobs->shadow;
    enum wi_code code = admit_to(jobs, line, spec, error);
    if (code != WI_OK)
        return code;
    struct wi_job *job = make_job(jobs, line, spec, SHADOW_WAIT_MS, on_done, context);
    job->on_dispatch = on_dispatch;
    return job_begin(job, error);
}

static struct wi_job *find_job(const struct wi_jobs *jobs, const char *job_id)
{
    struct wi_job *job;
    HASH_FIND(by_id, jobs->jobs, job_id, strlen(job_id), job);
    return job;
}

void wi_jobs_took(struct wi_jobs *jobs, const char *job_id, const struct wi_credit *taken)
{
    struct wi_job *job = find_job(jobs, job_id);
    if (job && job->flow)
        wi_job_stream_took(job, taken);
}

void wi_jobs_abandon(struct wi_jobs *jobs, const char *job_id)
{
    struct wi_job *job = find_job(jobs, job_id);
    if (job == NULL)
        return;
    jobs->clients.counters.cancelled++;
    job_withdraw(job, "client gone");
    wi_job_finish(job, NULL);
}

enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id)
{
    struct wi_job *job = find_job(jobs, job_id);
    if (job == NULL)
        return WI_JOB_NOT_FOUND;
    struct wi_error error;
    wi_error_set(&error, WI_CANCELLED, NULL, "the job was cancelled by DELETE /v1/jobs/%s", job_id);
    job_withdraw(job, "cancelled");
    wi_job_finish_error(job, &error);
    return WI_OK;
}

void wi_jobs_counters(const struct wi_jobs *jobs, struct wi_job_counters *counters)
{
    *counters = jobs->clients.counters;
}

json_t *wi_jobs_describe(const struct wi_jobs *jobs, const char *job_id)
{
    const struct wi_job *job = find_job(jobs, job_id);
    if (job == NULL)
        return NULL;
    int waiting = job->state == WI_JOB_WAITING;
    const struct wi_failures *failures = job->failures;
    json_t *parts = job->flow ? json_integer((json_int_t)job->flow->parts.received.parts) : NULL;
    return json_pack("{s:s, s:s?, s:s*, s:s, s:s, s:s?, s:b, s:i, s:i, s:I, s:f, s:f, s:s*, s:o*}",
        "id", job->spec.id, "client", job->spec.client, "client_id", job->spec.asked->client_id,
        "model_name", job->spec.asked->model->name, "state", waiting ? "queued" : "running", "node",
        waiting ? NULL : job->node, "accepted", !waiting && job->accepted, "priority",
        job->spec.asked->priority, "attempts", (int)job->attempts, "accepted_at",
        (json_int_t)job->accepted_at, "age_ms", wi_now_ms() - job->spec.accepted_at, "timeout_ms",
        job->spec.asked->timeout_ms, "problem",
        failures ? failures->rows[failures->last].reason : NULL, "parts", parts);
}

char *wi_jobs_batch_obstacle(const struct wi_jobs *jobs, const struct wi_model *model)
{
    const char *shown = wi_apart_shown(&jobs->apart, model);
    return shown ? wi_strdup(shown) : wi_batch_obstacle(model);
}

void wi_jobs_each(const struct wi_jobs *jobs, wi_job_look_fn *look, void *context)
{
    for (const struct wi_job *job = jobs->jobs; job; job = job->by_id.next)
        if (!wi_job_is_shadow(job))
            look(context, &job->spec, wi_job_runs(job) ? job->node : NULL, job->place.platform);
}

void wi_jobs_list(
    const struct wi_jobs *jobs, const char *client, struct wi_strings *ids, size_t most)
{
    const struct wi_job *job = jobs->jobs;
    for (; job && ids->count < most; job = job->by_id.next) {
        const char *its = job->spec.client ? job->spec.client : "";
        if (!wi_job_is_shadow(job) && (!client || strcmp(client, its) == 0))
            wi_strings_add(ids, job->spec.id);
    }
}

size_t wi_jobs_position(const struct wi_jobs *jobs, const char *job_id)
{
    const struct wi_job *job = find_job(jobs, job_id);
    if (job == NULL || job->state != WI_JOB_WAITING)
        return 0;
    return wi_queue_ahead(job->line->queue, &job->entry) + 1;
}

int wi_jobs_is_held_up(const struct wi_jobs *jobs, const char *job_id)
{
    const struct wi_job *job = find_job(jobs, job_id);
    return job && job->flow &&
           (!wi_job_stream_computes(job) || wi_pool_is_away(jobs->pool, job->node));
}

const char *wi_jobs_client(const struct wi_jobs *jobs, const char *job_id)
{
    const struct wi_job *job = find_job(jobs, job_id);
    if (job == NULL)
        return NULL;
    return job->spec.client ? job->spec.client : "";
}
