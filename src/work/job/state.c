/* The one writer of a job's state, and the ways into a queue and out of it, on a node and off. */
#include "work/job/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/text.h"
#include "work/job/stream.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

static const char *const state_names[WI_JOB_STATE_COUNT] = {
    "new", "waiting", "taken", "alone", "joined", "second", "parted", "done"};

/* [from][to] */
static const unsigned char transitions[WI_JOB_STATE_COUNT][WI_JOB_STATE_COUNT] = {
    [WI_JOB_NEW] = {[WI_JOB_WAITING] = 1, [WI_JOB_ALONE] = 1, [WI_JOB_DONE] = 1},
    [WI_JOB_WAITING] = {[WI_JOB_TAKEN] = 1},
    /* Back to the queue if the node that was chosen does not take it after all. */
    [WI_JOB_TAKEN] =
        {[WI_JOB_WAITING] = 1, [WI_JOB_ALONE] = 1, [WI_JOB_JOINED] = 1, [WI_JOB_DONE] = 1},
    [WI_JOB_ALONE] = {[WI_JOB_PARTED] = 1},
    [WI_JOB_JOINED] = {[WI_JOB_PARTED] = 1},
    [WI_JOB_SECOND] = {[WI_JOB_PARTED] = 1},
    [WI_JOB_PARTED] = {[WI_JOB_WAITING] = 1, [WI_JOB_SECOND] = 1, [WI_JOB_DONE] = 1},
};

int wi_job_runs(const struct wi_job *job)
{
    return wi_job_has_attempt(job) || job->state == WI_JOB_JOINED;
}

int wi_job_is_shadow(const struct wi_job *job)
{
    return job->line != &job->jobs->clients;
}

void wi_job_tell(const struct wi_job *job)
{
    const char *client = job->spec.client;
    if (!wi_job_is_shadow(job))
        wi_change_tell(job->jobs->listener, WI_CHANGE_JOB, job->spec.id, client ? client : "");
}

void wi_job_set_state(struct wi_job *job, enum wi_job_state state)
{
    struct wi_job_counters *counters = &job->line->counters;
    int is_refused = job->state == WI_JOB_NEW && state == WI_JOB_DONE;
    if (!transitions[job->state][state])
        wi_error_log("job", job->spec.id, "an internal fault: it cannot go from %s to %s",
            state_names[job->state], state_names[state]);
    assert(transitions[job->state][state]);
    counters->waiting -= job->state == WI_JOB_WAITING;
    counters->running -= (size_t)wi_job_runs(job);
    job->state = state;
    counters->waiting += job->state == WI_JOB_WAITING;
    counters->running += (size_t)wi_job_runs(job);
    if (wi_job_runs(job))
        job->dispatched_at = wi_now_ms();
    if (!is_refused) /* no listener was told of it */
        wi_job_tell(job);
}

const struct wi_inference *wi_job_sent(const struct wi_job *job)
{
    return wi_inference_on(job->spec.asked, job->place.platform);
}

int wi_job_is_for_ours(const struct wi_job *job)
{
    return job->spec.ours_only ||
           (!job->spec.proves &&
               wi_demand_keep(job->jobs->config->pool.strangers, job->spec.asked->is_private));
}

/* What decides whether anything has room for it. */
static void gate_key(const struct wi_job *job, char *key, size_t size)
{
    const struct wi_inference *asked = job->spec.asked;
    snprintf(key, size, "%d %d\n%d%d%d%d%d\n%s\n%s", (int)asked->model->engine,
        wi_builtin_waits(asked->model->builtin), job->flow != NULL, wi_job_is_committed(job),
        wi_task_is_short(asked->task), wi_job_is_for_ours(job) + (job->spec.ours_only != 0),
        asked->relayed.is, asked->browser ? asked->browser : "", asked->node ? asked->node : "");
}

/* Jobs with the same key can be run by the same nodes. */
static void lane_key(const struct wi_job *job, const char *gate, char *key, size_t size)
{
    const struct wi_inference *asked = job->spec.asked;
    unsigned platforms = 0;
    for (size_t i = 0; i < asked->relayed.platform_count; i++)
        platforms |= 1u << asked->relayed.platforms[i];
    snprintf(key, size, "%s\n%s\n%d\n%d\n%u\n%s", asked->model->name, asked->model->hash,
        asked->has_platform ? (int)asked->platform : -1, asked->fallback, platforms, gate);
}

void wi_job_enqueue(struct wi_job *job, int at_front)
{
    char key[640], gate[160];
    gate_key(job, gate, sizeof gate);
    lane_key(job, gate, key, sizeof key);
    job->entry.gate = gate;
    wi_queue_push(job->line->queue, &job->entry, key, at_front);
    job->entry.gate = NULL;
    wi_job_set_state(job, WI_JOB_WAITING);
    if (!wi_timer_running(job->jobs->again))
        wi_timer_start(job->jobs->again, WI_JOBS_AGAIN_MS, WI_JOBS_AGAIN_MS);
}

void wi_job_leave_queue(struct wi_job *job, int to_run)
{
    (to_run ? wi_queue_take : wi_queue_remove)(job->line->queue, &job->entry);
    wi_job_set_state(job, WI_JOB_TAKEN);
}

static void note_dispatch(struct wi_job *job, const struct wi_choice *choice)
{
    const struct wi_node_info *node = wi_pool_node_info(job->jobs->pool, choice->node);
    memcpy(job->node, choice->node, sizeof job->node);
    job->place = (struct wi_job_place){.platform = choice->platforms[0]};
    if (node) {
        wi_join(job->place.browser, sizeof job->place.browser, node->kind, NULL);
        job->place.joined = !*node->session;
    }
    job->refusal = choice->refusal;
    job->probe = choice->probe;
    job->last = choice->platforms[choice->platform_count - 1];
    if (job->attempts == job->spec.earlier && job->place.joined && !wi_job_is_shadow(job))
        wi_opinions_count(&job->jobs->opinions, job->spec.client);
    job->attempts++;
    job->accepted = 0;
}

static void take_slot(struct wi_job *job, const struct wi_choice *choice)
{
    if (!wi_job_is_shadow(job))
        wi_slot_take(
            &job->jobs->slots, &job->slot, job->spec.client, choice->node, choice->room.queue);
}

void wi_job_run(struct wi_job *job, enum wi_job_state as, const struct wi_choice *choice)
{
    HASH_ADD(by_attempt, job->jobs->running, attempt, strlen(job->attempt), job);
    note_dispatch(job, choice);
    take_slot(job, choice);
    wi_job_set_state(job, as);
    if (job->flow)
        wi_job_stream_sent(job);
}

void wi_job_run_joined(
    struct wi_job *job, const struct wi_choice *choice, struct wi_job_batch *batch)
{
    job->batch = batch;
    note_dispatch(job, choice);
    if (batch->members[0] == job) /* they have one between them */
        take_slot(job, choice);
    wi_job_set_state(job, WI_JOB_JOINED);
}

void wi_job_leave_node(struct wi_job *job)
{
    if (wi_job_has_attempt(job))
        HASH_DELETE(by_attempt, job->jobs->running, job);
    if (job->state == WI_JOB_SECOND)
        wi_opinions_end(&job->jobs->opinions, job->spec.client);
    job->batch = NULL;
    wi_slot_give(&job->jobs->slots, &job->slot);
    wi_job_set_state(job, WI_JOB_PARTED);
    if (job->flow)
        wi_job_stream_watch(job);
}
