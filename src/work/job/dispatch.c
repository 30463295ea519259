/* Jobs on their way from the queue to nodes, the most urgent first. */
#include "work/job/private.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "base/text.h"
#include "work/job/stream.h"
#include "work/job/together.h"
#include <stdlib.h>
#include <string.h>

/* So few shadow jobs run at a time that most of each node stays the clients'. */
#define SHADOW_JOBS_MAX 2
/* Likewise of those that prove what nodes are, of which each takes a moment. */
#define PROOF_JOBS_MAX 8

/* So many lanes are asked about without success at a time: others wait until the next, so that no
 * number of lanes holds up the loop. Up to as many the order is exact. */
#define UNSUCCESSFUL_MAX 100
/* The most heads of lanes that may give way at a time to others whose turns are not far behind. */
#define HOLDS_MAX 32

/* Whether several answers were begun, or are to come: an engine that can go on with one alone may
 * make all of them from the start. */
static int has_several(const struct wi_job *job)
{
    return job->flow->parts.answer_count > 1 ||
           json_integer_value(json_object_get(job->spec.asked->options, "n")) > 1 ||
           json_array_size(json_object_get(job->spec.asked->input, "prompts")) > 1;
}

/* What the job asks of a node. */
static struct wi_demand demand_of(const struct wi_job *job)
{
    const struct wi_inference *asked = job->spec.asked;
    return (struct wi_demand){
        .asked = asked,
        .avoid = job->avoid[0] ? job->avoid : NULL,
        .client = job->spec.client,
        .waited_ms = wi_now_ms() - job->spec.accepted_at,
        .continues = wi_job_is_committed(job),
        .several = wi_job_is_committed(job) && has_several(job),
        .beginnings = job->chain.keys,
        .beginning_count = job->chain.count,
        .ours_only = wi_job_is_for_ours(job),
        .lent = !job->spec.ours_only,
        .no_relays = asked->relayed.is,
        .proves = job->spec.proves,
    };
}

enum wi_pick wi_job_pick(struct wi_job *job, struct wi_choice *choice, struct wi_error *error)
{
    struct wi_demand demand = demand_of(job);
    enum wi_pick picked = wi_pool_pick(job->jobs->pool, &demand, choice, error);
    if (picked == WI_PICK_NEVER && demand.no_relays) { /* another daemon may have what it needs */
        error->code = WI_UNAVAILABLE;
        wi_error_retry_after(error, wi_code_retry_after(WI_UNAVAILABLE));
    }
    return picked;
}

int wi_job_pick_another(const struct wi_job *job, int second, struct wi_choice *choice)
{
    struct wi_demand demand = demand_of(job);
    struct wi_error error;
    demand.avoid = job->node;
    demand.second = second;
    demand.only_looks = 1;
    if (wi_pool_pick(job->jobs->pool, &demand, choice, &error) != WI_PICK_NODE)
        return 0;
    choice->probe = (struct wi_probe){0}; /* it was not booked */
    return strcmp(choice->node, job->node) != 0;
}

/* A text that is written holds its slot for long: where none was left for others the shortest of
 * theirs would wait for the end of one. */
static int has_most(const struct wi_room *room, double share, size_t of_all)
{
    return share < 1 && room->texts > 1 && of_all >= wi_slots_part(room->texts, share, 0);
}

enum wi_job_part wi_job_part(const struct wi_job *job)
{
    struct wi_jobs *jobs = job->jobs;
    const char *client = job->spec.client;
    double share = jobs->config->pool.client_share;
    size_t others = wi_queue_others(jobs->clients.queue, client);
    struct wi_choice choice = {0};
    const struct wi_room *room = &choice.room;
    struct wi_error error;
    if (wi_job_is_shadow(job) || (others == 0 && share >= 1) ||
        wi_slots_all_of(&jobs->slots, client) == 0)
        return WI_JOB_PART_OPEN;
    struct wi_demand demand = demand_of(job);
    demand.only_looks = 1;
    if (wi_pool_pick(jobs->pool, &demand, &choice, &error) != WI_PICK_NODE || room->of_node == 0)
        return WI_JOB_PART_OPEN;
    size_t of_node = wi_slots_of(&jobs->slots, client, choice.node, room->queue);
    size_t of_all = wi_slots_of(&jobs->slots, client, NULL, room->queue);
    if (has_most(room, share, of_all))
        return WI_JOB_PART_MOST;
    int has = of_node >= wi_slots_part(room->of_node, share, others) ||
              of_all >= wi_slots_part(room->of_all, share, others);
    return others > 0 && has ? WI_JOB_PART_HAS : WI_JOB_PART_OPEN;
}

/* Sends the task, which goes on where the job's parts end. */
static enum wi_code send_rest(const struct wi_job *job, const struct wi_choice *choice,
    struct wi_task *task, struct wi_error *error)
{
    struct wi_parts_end end;
    if (wi_parts_continue(&job->flow->parts, &end))
        return WI_NODE_NOT_FOUND; /* no other node has the memory: it waits */
    task->from = &end.from;
    enum wi_code code = wi_pool_dispatch(job->jobs->pool, choice->node, task, error);
    task->from = NULL;
    wi_parts_end_clear(&end);
    return code;
}

/* Who a client is to nodes, or a relay's client: the same word for the same one until the daemon
 * ends, which tells nothing else of it. */
static void name_owner(const struct wi_job *job, char owner[2 * WI_HASH_SIZE + 1])
{
    const char *client = wi_job_owner(job) ? wi_job_owner(job) : "";
    unsigned char hash[WI_HASH_SIZE];
    char *text = wi_sprintf("%s %s", job->jobs->owner_secret, client);
    wi_hash(text, strlen(text), hash);
    wi_hash_hex(hash, owner);
    free(text);
}

/* So long a page leaves a client's own kernel alone: its time is the pool's to say, which can end
 * what a page cannot. */
#define PROGRAM_MS 3600000.0

/* Whether no other task may run in its engine at the same time. */
static int needs_its_engine(const struct wi_job *job)
{
    const struct wi_inference *asked = job->spec.asked;
    return asked->program ||
           (asked->task != WI_TASK_NONE &&
               (job->suspect || json_is_true(json_object_get(asked->options, "deterministic"))));
}

enum wi_code wi_job_dispatch(struct wi_job *job, enum wi_job_state as,
    const struct wi_choice *choice, struct wi_error *error)
{
    struct wi_jobs *jobs = job->jobs;
    struct wi_job_spec *spec = &job->spec;
    const struct wi_inference *asked = spec->asked;
    double now = wi_now_ms();
    char owner[2 * WI_HASH_SIZE + 1], digits[WI_DIGITS_SIZE];
    int owned = asked->task != WI_TASK_NONE && !jobs->config->models.share_prefix;
    if (owned)
        name_owner(job, owner);
    if (wi_job_is_shadow(job)) {
        spec->accepted_at = now;
        wi_timer_wait(job->deadline, (uint64_t)asked->timeout_ms); /* its place is judged by it */
        job->on_dispatch(job->context, spec, choice->node);
    }
    wi_join(job->attempt, sizeof job->attempt, spec->id, ".", wi_digits(digits, job->attempts + 1),
        NULL);
    struct wi_task task = {
        .attempt_id = job->attempt,
        .job_id = spec->id,
        .asked = wi_inference_on(asked, choice->platforms[0]),
        .tensors = &asked->tensors,
        .platform_count = choice->platform_count,
        .deadline_ms = asked->program ? PROGRAM_MS : spec->accepted_at + asked->timeout_ms - now,
        .owner = owned ? owner : NULL,
        .client = spec->client,
        .alone = needs_its_engine(job),
        .broke = job->suspect || job->breaks > 0,
    };
    memcpy(task.platforms, choice->platforms, sizeof task.platforms);
    enum wi_code code = wi_job_is_committed(job)
                            ? send_rest(job, choice, &task, error)
                            : wi_pool_dispatch(jobs->pool, choice->node, &task, error);
    if (code == WI_OK)
        wi_job_run(job, as, choice);
    return code;
}

enum wi_code wi_job_check(
    const struct wi_job *job, const struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_jobs_hooks *hooks = &job->jobs->hooks;
    if (hooks->may_go == NULL || wi_job_is_shadow(job))
        return WI_OK;
    return hooks->may_go(hooks->context, &job->spec, choice->node, error);
}

/* What became of a waiting job: it has left the queue, its lane must wait, or its client has its
 * part and may not have more yet. */
enum tried { TRIED_LEFT, TRIED_WAITS, TRIED_GIVES_WAY };

/* `fairly`: it gives way to others. */
static enum tried try_waiting(struct wi_job *job, int fairly)
{
    struct wi_choice choice = {0};
    struct wi_error error;
    int looks = fairly || job->jobs->config->pool.client_share < 1;
    enum wi_job_part part = looks ? wi_job_part(job) : WI_JOB_PART_OPEN;
    if (part == WI_JOB_PART_MOST || (fairly && part == WI_JOB_PART_HAS))
        return TRIED_GIVES_WAY;
    enum wi_pick picked = wi_job_pick(job, &choice, &error);
    if (picked == WI_PICK_WAIT)
        return TRIED_WAITS;
    if (picked == WI_PICK_NODE && wi_job_may_join(job) &&
        wi_job_check(job, &choice, &error) == WI_OK) {
        int sent = wi_job_try_together(job, &choice);
        if (sent)
            return sent > 0 ? TRIED_LEFT : TRIED_WAITS;
    }
    wi_job_leave_queue(job, 1);
    if (picked == WI_PICK_NEVER || wi_job_check(job, &choice, &error) != WI_OK) {
        wi_job_finish_refused(job, &error);
        return TRIED_LEFT;
    }
    enum wi_code code = wi_job_dispatch(job, WI_JOB_ALONE, &choice, &error);
    if (code == WI_NODE_NOT_FOUND || code == WI_NODE_BUSY) {
        wi_job_enqueue(job, 1);
        /* where one is busy another may do, at once */
        return code == WI_NODE_BUSY ? TRIED_LEFT : TRIED_WAITS;
    }
    if (code != WI_OK)
        wi_job_finish_refused(job, &error);
    return TRIED_LEFT;
}

int wi_jobs_may_run(const struct wi_jobs *jobs, const struct wi_job_line *line)
{
    if (line == &jobs->proofs)
        return line->counters.running < PROOF_JOBS_MAX;
    return line == &jobs->clients ||
           (jobs->clients.counters.waiting == 0 && line->counters.running < SHADOW_JOBS_MAX);
}

static int job_has_room(void *owner)
{
    const struct wi_job *job = owner;
    struct wi_demand demand = demand_of(job);
    return wi_pool_has_room(job->jobs->pool, &demand);
}

/* Tries every lane for which there is room, the most urgent head first. Clients that already have
 * their part come after all others, once those cannot use the rest. Lanes tried without success are
 * remembered until all have been tried, even across several calls. */
static void run_lanes(struct wi_jobs *jobs, const struct wi_job_line *line)
{
    struct wi_queue *queue = line->queue;
    struct wi_queue_entry *entry;
    double now = wi_now_ms();
    int unsuccessful = 0, holds = 0, fairly = 1;
    wi_queue_gates(queue, job_has_room, now);
    while (unsuccessful < UNSUCCESSFUL_MAX && wi_jobs_may_run(jobs, line)) {
        entry = fairly && holds == HOLDS_MAX ? NULL : wi_queue_best(queue, now);
        if (!entry && fairly && wi_queue_release(queue)) {
            holds = fairly = 0;
            continue;
        }
        if (!entry)
            break;
        enum tried tried = try_waiting(entry->owner, fairly);
        if (tried == TRIED_LEFT) {
            fairly = 1; /* another node may be next for those that gave way */
            wi_queue_gates(queue, job_has_room, now);
        } else if (tried == TRIED_GIVES_WAY && holds < HOLDS_MAX) {
            holds++;
            wi_queue_hold(queue, entry);
        } else {
            unsuccessful++;
            wi_queue_block(queue, entry);
        }
    }
    if (unsuccessful < UNSUCCESSFUL_MAX) {
        wi_queue_unblock(queue);
        wi_queue_release(queue);
    }
}

/* Where nothing has room a lane's jobs still may have to be refused, or a browser be asked for. */
static void look_at_shut_lanes(struct wi_jobs *jobs, const struct wi_job_line *line)
{
    struct wi_queue *queue = line->queue;
    struct wi_queue_entry *entry;
    double now = wi_now_ms();
    int unsuccessful = 0;
    size_t left = wi_queue_lanes(queue);
    while (left > 0 && unsuccessful < UNSUCCESSFUL_MAX && wi_jobs_may_run(jobs, line) &&
           (entry = wi_queue_oldest(queue, now)) != NULL) {
        int is_shut = wi_queue_is_shut(entry);
        if (is_shut && try_waiting(entry->owner, 0) == TRIED_LEFT)
            continue; /* the lane's next */
        unsuccessful += is_shut;
        left--;
        wi_queue_looked(queue, entry);
    }
}

static int something_waits(const struct wi_jobs *jobs)
{
    return jobs->clients.counters.waiting > 0 || jobs->shadow.counters.waiting > 0 ||
           jobs->proofs.counters.waiting > 0;
}

void wi_jobs_on_slot_free(void *context)
{
    struct wi_jobs *jobs = context;
    if (!something_waits(jobs))
        return;
    run_lanes(jobs, &jobs->proofs);
    run_lanes(jobs, &jobs->clients);
    run_lanes(jobs, &jobs->shadow);
    wi_pool_set_backlog(jobs->pool, jobs->clients.counters.waiting);
}

void wi_jobs_on_capacity(void *context)
{
    struct wi_jobs *jobs = context;
    wi_jobs_on_slot_free(jobs);
    look_at_shut_lanes(jobs, &jobs->proofs);
    look_at_shut_lanes(jobs, &jobs->clients);
    look_at_shut_lanes(jobs, &jobs->shadow);
    wi_pool_set_backlog(jobs->pool, jobs->clients.counters.waiting);
}

/* Routing may let a job wait for a better place for a while. When that while is over nothing else
 * need happen, so what waits is looked at again by itself. */
void wi_jobs_on_again(void *context)
{
    struct wi_jobs *jobs = context;
    wi_jobs_on_capacity(jobs);
    if (!something_waits(jobs))
        wi_timer_stop(jobs->again);
}
