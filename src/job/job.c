/*
 * Jobs from acceptance to their one answer. A job waits in the queue or runs as one attempt on one
 * node; whatever ends it goes through finish(), which is the only place that answers.
 */
#include "job/job.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "job/batch.h"
#include "job/probe.h"
#include "job/queue.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* A job that was running alone on two nodes when they broke would break the next one too. */
#define POISON_BREAKS 2
/* Waiting jobs that are looked at for company. */
#define BATCH_LOOK 256
/* A run beside the clients' path that finds no room for so long is dropped. */
#define BACKGROUND_WAIT_MS 60000.0
/* So many of them run at a time, that most of each node stays the clients'. */
#define BACKGROUND_MAX 2

/* Jobs that run as one attempt; who left has a NULL in its place. */
struct batch {
    char attempt[WI_ID_SIZE + 12];
    char node[WI_ID_SIZE];
    size_t count, left;
    int64_t total; /* rows */
    struct job **members;
    int64_t *rows;
    UT_hash_handle hh;
};

struct job {
    struct wi_job_spec spec;
    struct wi_jobs *jobs;
    struct wi_queue_entry entry;   /* entry.lane != NULL: waiting; else running */
    char attempt[WI_ID_SIZE + 12]; /* the job's id and the number of the attempt */
    char node[WI_ID_SIZE];         /* of the attempt that runs */
    char avoid[WI_ID_SIZE];        /* the node that failed it last */
    struct wi_refusal refusal;     /* of the last choice */
    struct wi_probe probe;         /* likewise */
    enum wi_platform last;         /* the last platform of the last choice */
    int outgrown;                  /* WASM had not the memory for it: tried elsewhere once */
    int accepted;                  /* the node has said that it has the attempt */
    unsigned attempts;             /* dispatched */
    unsigned used;                 /* of them, those that count against max_retries */
    unsigned breaks;               /* nodes that broke while it ran alone */
    double dispatched_at;          /* the last dispatch, 0 before */
    struct wi_timer *deadline;
    wi_job_fn *on_done;
    void *context;
    struct batch *batch; /* that it runs in; then `attempt` is empty */
    int single;          /* a batch with it failed: runs alone from now on */
    UT_hash_handle by_id;
    UT_hash_handle by_attempt;
};

struct wi_jobs {
    uv_loop_t *loop;
    const struct wi_config *config;
    struct wi_pool *pool;
    struct wi_pool_events events;
    struct wi_queue *queue;
    struct wi_queue *beside; /* background jobs, which wait until nobody else does */
    struct job *jobs;        /* by id: all */
    struct job *running;     /* by attempt id */
    struct batch *batches;   /* likewise */
    struct wi_timer *window; /* the end of a wait for company */
    struct wi_job_counters counters;
    struct wi_job_counters beside_counters; /* of background jobs; shown by nobody */
    struct wi_probes *probes;
    int draining;
    void (*on_idle)(void *);
    void *idle_context;
};

void wi_job_spec_clear(struct wi_job_spec *spec)
{
    free(spec->client);
    free(spec->client_id);
    free(spec->browser);
    free(spec->node);
    free(spec->precision);
    wi_model_unref(spec->model);
    wi_tensors_clear(&spec->tensors);
    json_decref(spec->input);
    json_decref(spec->options);
    wi_strings_clear(&spec->outputs);
    *spec = (struct wi_job_spec){0};
}

static struct wi_job_counters *counters_of(const struct job *job)
{
    return job->spec.background ? &job->jobs->beside_counters : &job->jobs->counters;
}

static struct wi_queue *queue_of(const struct job *job)
{
    return job->spec.background ? job->jobs->beside : job->jobs->queue;
}

/* ---------------------------------------------------------------- the end of a job */

static void check_idle(struct wi_jobs *jobs)
{
    if (jobs->on_idle == NULL || jobs->jobs != NULL)
        return;
    void (*on_idle)(void *) = jobs->on_idle;
    jobs->on_idle = NULL;
    on_idle(jobs->idle_context);
}

static void free_batch(struct wi_jobs *jobs, struct batch *batch)
{
    HASH_DEL(jobs->batches, batch);
    free(batch->members);
    free(batch->rows);
    free(batch);
}

/* The others go on; the last one's leaving stops the work. */
static void leave_batch(struct job *job, const char *reason)
{
    struct batch *batch = job->batch;
    for (size_t i = 0; i < batch->count; i++)
        if (batch->members[i] == job)
            batch->members[i] = NULL;
    job->batch = NULL;
    counters_of(job)->running--;
    if (--batch->left > 0)
        return;
    wi_pool_cancel(job->jobs->pool, batch->node, batch->attempt, reason);
    free_batch(job->jobs, batch);
}

static void leave_node(struct job *job)
{
    HASH_DELETE(by_attempt, job->jobs->running, job);
    counters_of(job)->running--;
}

static void leave_queue(struct job *job, int to_run)
{
    (to_run ? wi_queue_take : wi_queue_remove)(queue_of(job), &job->entry);
    counters_of(job)->waiting--;
}

/* Takes a job out of every index and frees it; `result` NULL: nobody waits for an answer. */
static void finish(struct job *job, struct wi_job_result *result)
{
    struct wi_jobs *jobs = job->jobs;
    assert(job->entry.lane == NULL && job->attempt[0] == '\0');
    HASH_DELETE(by_id, jobs->jobs, job);
    wi_timer_free(job->deadline);
    if (result) {
        double now = wi_now_ms();
        result->attempts = job->attempts;
        result->total_ms = now - job->spec.accepted_at;
        result->queue_ms =
            (job->dispatched_at > 0 ? job->dispatched_at : now) - job->spec.accepted_at;
        result->error.attempts = result->code == WI_OK ? 0 : job->attempts;
        job->on_done(job->context, &job->spec, result);
    }
    wi_job_spec_clear(&job->spec);
    free(job);
    check_idle(jobs);
}

static void finish_error(struct job *job, const struct wi_error *error)
{
    struct wi_job_result result = {.code = error->code, .error = *error};
    counters_of(job)->failed++;
    snprintf(result.node, sizeof result.node, "%s", job->node);
    finish(job, &result);
}

/* Stops whatever the job is doing: it neither waits nor runs afterwards. */
static void withdraw(struct job *job, const char *reason)
{
    if (job->entry.lane) {
        leave_queue(job, 0);
        wi_pool_set_backlog(job->jobs->pool, job->jobs->counters.waiting);
        return;
    }
    if (job->batch) {
        leave_batch(job, reason);
        return;
    }
    leave_node(job);
    wi_pool_cancel(job->jobs->pool, job->node, job->attempt, reason);
    job->attempt[0] = '\0';
}

static void on_deadline(void *context)
{
    struct job *job = context;
    struct wi_error error;
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "the deadline of %.0f ms passed while the job was %s", job->spec.timeout_ms,
        job->entry.lane ? "waiting for a node" : "running");
    counters_of(job)->expired++;
    withdraw(job, "deadline");
    finish_error(job, &error);
}

/* ---------------------------------------------------------------- from the queue to a node */

/* Jobs with the same key can be run by the same nodes. */
static void lane_key(const struct wi_job_spec *spec, char *key, size_t size)
{
    snprintf(key, size, "%s\n%s\n%d\n%d\n%s\n%s", spec->model->name, spec->model->hash,
        spec->has_platform ? (int)spec->platform : -1, spec->fallback,
        spec->browser ? spec->browser : "", spec->node ? spec->node : "");
}

static void enqueue(struct job *job, int at_front)
{
    char key[640];
    lane_key(&job->spec, key, sizeof key);
    job->attempt[0] = '\0';
    wi_queue_push(queue_of(job), &job->entry, key, at_front);
    counters_of(job)->waiting++;
}

static enum wi_pick pick(struct job *job, struct wi_choice *choice, struct wi_error *error)
{
    const struct wi_job_spec *spec = &job->spec;
    struct wi_demand demand = {
        .model = spec->model,
        .browser = spec->browser,
        .node = spec->node,
        .avoid = job->avoid[0] ? job->avoid : NULL,
        .has_platform = spec->has_platform,
        .platform = spec->platform,
        .fallback = spec->fallback,
        .type = spec->type,
        .precision = spec->precision,
        .waited_ms = wi_now_ms() - spec->accepted_at,
    };
    return wi_pool_pick(job->jobs->pool, &demand, choice, error);
}

static void note_dispatch(struct job *job, const struct wi_choice *choice, double now)
{
    memcpy(job->node, choice->node, sizeof job->node);
    job->refusal = choice->refusal;
    job->probe = choice->probe;
    job->last = choice->platforms[choice->platform_count - 1];
    job->attempts++;
    job->accepted = 0;
    job->dispatched_at = now;
    counters_of(job)->running++;
}

/* Sends the job, which is in no queue, to the chosen node. */
static enum wi_code dispatch(struct job *job, const struct wi_choice *choice)
{
    struct wi_jobs *jobs = job->jobs;
    struct wi_job_spec *spec = &job->spec;
    double now = wi_now_ms();
    if (spec->background) {
        spec->accepted_at = now;
        wi_timer_start(job->deadline, (uint64_t)spec->timeout_ms, 0);
        wi_probes_dispatched(job->context, spec, choice->node);
    }
    snprintf(job->attempt, sizeof job->attempt, "%s.%u", spec->id, job->attempts + 1);
    struct wi_task task = {
        .attempt_id = job->attempt,
        .job_id = spec->id,
        .model = spec->model,
        .platform_count = choice->platform_count,
        .fallback = spec->fallback,
        .precision = spec->precision,
        .outputs = &spec->outputs,
        .deadline_ms = spec->accepted_at + spec->timeout_ms - now,
        .tensors = &spec->tensors,
        .input = spec->input,
        .options = spec->options,
    };
    memcpy(task.platforms, choice->platforms, sizeof task.platforms);
    enum wi_code code = wi_pool_dispatch(jobs->pool, choice->node, &task);
    if (code != WI_OK) {
        job->attempt[0] = '\0';
        return code;
    }
    note_dispatch(job, choice, now);
    HASH_ADD(by_attempt, jobs->running, attempt, strlen(job->attempt), job);
    return WI_OK;
}

static void dispatch_error(enum wi_code code, struct wi_error *error)
{
    if (code == WI_MEMORY_BUDGET) {
        wi_error_set(error, code, NULL,
            "the memory budget for requests is used up; try again when some are answered");
        wi_error_retry_after(error, 1);
    } else {
        wi_error_set(error, code, NULL, "the request could not be sent to the chosen node");
    }
}

/* ---------------------------------------------------------------- together */

static int may_join(const struct job *job)
{
    return job->jobs->config->pool.batching != WI_BATCHING_OFF && !job->single && !job->avoid[0] &&
           wi_batch_rows(&job->spec) > 0;
}

static void on_capacity(void *context);

static void on_window(void *context)
{
    on_capacity(context);
}

/* Whether the job, whose turn it is, should wait for company first. */
static int waits_for_company(struct job *job, int64_t rows)
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

/* Fills `batch` with the job and what can run together with it; the job alone counts as none. */
static void gather(struct job *job, struct batch *batch)
{
    struct wi_queue_entry *others[BATCH_LOOK];
    const struct wi_config_pool *pool = &job->jobs->config->pool;
    size_t count = wi_queue_company(&job->entry, others, BATCH_LOOK);
    batch->members = wi_realloc_array(NULL, count + 1, sizeof(struct job *));
    batch->rows = wi_realloc_array(NULL, count + 1, sizeof *batch->rows);
    batch->members[0] = job;
    batch->rows[0] = batch->total = wi_batch_rows(&job->spec);
    batch->count = 1;
    for (size_t i = 0; i < count && batch->total < pool->max_batch; i++) {
        struct job *other = others[i]->owner;
        int64_t rows = may_join(other) ? wi_batch_rows(&other->spec) : 0;
        if (rows == 0 || rows > pool->max_batch - batch->total ||
            !wi_batch_fits(&job->spec, &other->spec))
            continue;
        batch->members[batch->count] = other;
        batch->rows[batch->count++] = rows;
        batch->total += rows;
    }
}

/* Sends the jobs of the batch as one attempt; they stay in the queue if that fails. */
static enum wi_code dispatch_batch(
    struct wi_jobs *jobs, struct batch *batch, const struct wi_choice *choice)
{
    struct job *first = batch->members[0];
    const struct wi_job_spec *specs[BATCH_LOOK + 1];
    struct wi_tensors joined = {0};
    double now = wi_now_ms(), deadline = 0;
    for (size_t i = 0; i < batch->count; i++) {
        const struct wi_job_spec *spec = specs[i] = &batch->members[i]->spec;
        if (spec->accepted_at + spec->timeout_ms - now > deadline)
            deadline = spec->accepted_at + spec->timeout_ms - now;
    }
    if (wi_batch_join(specs, batch->count, &joined))
        return WI_MEMORY_BUDGET;
    snprintf(batch->attempt, sizeof batch->attempt, "%s.b%u", first->spec.id, first->attempts + 1);
    struct wi_task task = {
        .attempt_id = batch->attempt,
        .job_id = first->spec.id,
        .model = first->spec.model,
        .platform_count = choice->platform_count,
        .fallback = first->spec.fallback,
        .precision = first->spec.precision,
        .outputs = &first->spec.outputs,
        .deadline_ms = deadline,
        .tensors = &joined,
        .options = first->spec.options,
    };
    memcpy(task.platforms, choice->platforms, sizeof task.platforms);
    enum wi_code code = wi_pool_dispatch(jobs->pool, choice->node, &task);
    wi_tensors_clear(&joined);
    if (code != WI_OK)
        return code;
    memcpy(batch->node, choice->node, sizeof batch->node);
    batch->left = batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        struct job *job = batch->members[i];
        leave_queue(job, 1);
        job->batch = batch;
        note_dispatch(job, choice, now);
        job->probe.wanted = i == 0 && choice->probe.wanted;
    }
    HASH_ADD(hh, jobs->batches, attempt, strlen(batch->attempt), batch);
    return WI_OK;
}

/* 1 if the job, which waits, was sent together with others; -1 if it is to wait for some. */
static int try_together(struct job *job, const struct wi_choice *choice)
{
    struct batch *batch = wi_alloc(sizeof *batch);
    gather(job, batch);
    int waits = waits_for_company(job, batch->total);
    if (!waits && batch->count > 1 && dispatch_batch(job->jobs, batch, choice) == WI_OK)
        return 1;
    free(batch->members);
    free(batch->rows);
    free(batch);
    return waits ? -1 : 0;
}

/* One waiting job: 0 if it left the queue, else its lane must wait. */
static int try_waiting(struct job *job)
{
    struct wi_choice choice = {0};
    struct wi_error error;
    enum wi_pick picked = pick(job, &choice, &error);
    if (picked == WI_PICK_WAIT)
        return -1;
    if (picked == WI_PICK_NODE && may_join(job) &&
        wi_probes_check(job->jobs->probes, &job->spec, choice.node, &error) == WI_OK) {
        int sent = try_together(job, &choice);
        if (sent)
            return sent > 0 ? 0 : -1;
    }
    leave_queue(job, 1);
    if (picked == WI_PICK_NEVER ||
        wi_probes_check(job->jobs->probes, &job->spec, choice.node, &error) != WI_OK) {
        finish_error(job, &error);
        return 0;
    }
    enum wi_code code = dispatch(job, &choice);
    if (code == WI_NODE_NOT_FOUND) { /* it went this very moment: as if it had never been picked */
        enqueue(job, 1);
        return -1;
    }
    if (code != WI_OK) {
        dispatch_error(code, &error);
        finish_error(job, &error);
    }
    return 0;
}

static int background_may_run(const struct wi_jobs *jobs)
{
    return jobs->counters.waiting == 0 && jobs->beside_counters.running < BACKGROUND_MAX;
}

/* Gives every lane its chance, most urgent head first. */
static void run_lanes(struct wi_jobs *jobs, struct wi_queue *queue)
{
    struct wi_queue_entry *entry;
    double now = wi_now_ms();
    wi_queue_unblock(queue);
    while ((queue == jobs->queue || background_may_run(jobs)) &&
           (entry = wi_queue_best(queue, now)) != NULL) {
        if (try_waiting(entry->owner) != 0 && entry->lane)
            wi_queue_block(entry);
    }
}

static void run_queue(struct wi_jobs *jobs)
{
    run_lanes(jobs, jobs->queue);
    run_lanes(jobs, jobs->beside);
    wi_pool_set_backlog(jobs->pool, jobs->counters.waiting);
}

/* ---------------------------------------------------------------- what the pool reports */

static void on_capacity(void *context)
{
    struct wi_jobs *jobs = context;
    if (jobs->counters.waiting > 0 || jobs->beside_counters.waiting > 0)
        run_queue(jobs);
}

/* NULL, counted, for an attempt that is not waited for any more. */
static struct job *find_attempt(struct wi_jobs *jobs, const char *attempt_id)
{
    struct job *job;
    HASH_FIND(by_attempt, jobs->running, attempt_id, strlen(attempt_id), job);
    if (job == NULL)
        jobs->counters.late++;
    return job;
}

static struct batch *find_batch(const struct wi_jobs *jobs, const char *attempt_id)
{
    struct batch *batch;
    HASH_FIND(hh, jobs->batches, attempt_id, strlen(attempt_id), batch);
    return batch;
}

static void on_accepted(void *context, const char *attempt_id)
{
    const struct batch *batch = find_batch(context, attempt_id);
    for (size_t i = 0; batch && i < batch->count; i++)
        if (batch->members[i])
            batch->members[i]->accepted = 1;
    if (batch)
        return;
    struct job *job = find_attempt(context, attempt_id);
    if (job)
        job->accepted = 1;
}

/* The attempt ended without an answer for the client: another one, or the end. */
static void retry(struct job *job, int counts, const char *why)
{
    struct wi_jobs *jobs = job->jobs;
    struct wi_error error;
    job->attempt[0] = '\0';
    job->used += counts ? 1 : 0;
    memcpy(job->avoid, job->node, sizeof job->avoid);
    if (job->spec.background) {
        wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL, "%s", why);
    } else if (job->breaks >= POISON_BREAKS) {
        wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL,
            "%u nodes broke while they ran this job alone, so it is not given to another; last: %s",
            job->breaks, why);
    } else if (job->used > (unsigned)jobs->config->pool.max_retries) {
        wi_error_set(
            &error, WI_ATTEMPTS_EXHAUSTED, NULL, "%u attempts failed; last: %s", job->used, why);
    } else if (jobs->draining) {
        wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    } else {
        jobs->counters.retried++;
        wi_info("job", job->spec.id, "goes to another attempt: %s", why);
        enqueue(job, 1);
        return;
    }
    finish_error(job, &error);
}

/* The model's own failure, which the next node would repeat; but where WASM lacks the memory, a
 * platform may do that was not to be used as long as it could be compared. */
static void fail(struct job *job, const char *node_id, const struct wi_error *error)
{
    int too_big = wi_probes_failed(job->jobs->probes, &job->spec, node_id, job->last, error);
    if (too_big && !job->outgrown && !job->spec.has_platform) {
        job->outgrown = 1;
        retry(job, 0, error->detail);
        on_capacity(job->jobs);
        return;
    }
    job->attempt[0] = '\0';
    finish_error(job, error);
}

static void complete(struct job *job, const char *node_id, struct wi_answer *answer, int64_t rows)
{
    struct wi_job_result result = {
        .code = WI_OK, .answer = answer, .refusal = job->refusal, .batch = (unsigned)rows};
    counters_of(job)->completed++;
    snprintf(result.node, sizeof result.node, "%s", node_id);
    if (!job->spec.background)
        wi_probes_answered(job->jobs->probes, &job->spec, &job->probe, &result);
    finish(job, &result);
}

/* Takes the members off the batch and ends it: the list is the caller's to free. */
static struct job **dissolve(struct wi_jobs *jobs, struct batch *batch)
{
    struct job **members = batch->members;
    for (size_t i = 0; i < batch->count; i++) {
        if (!members[i])
            continue;
        members[i]->batch = NULL;
        counters_of(members[i])->running--;
    }
    batch->members = NULL;
    return members;
}

/* What failed together is tried again one by one, since nobody can say whose fault it was. A
 * failure of the node counts as an attempt, one of the model's does not: it may be another's. */
static void try_each(
    struct wi_jobs *jobs, struct batch *batch, int counts, int lost, const char *why)
{
    struct job **members = dissolve(jobs, batch);
    size_t count = batch->count;
    free_batch(jobs, batch);
    for (size_t i = 0; i < count; i++) {
        struct job *job = members[i];
        if (!job)
            continue;
        job->single = 1;
        counters_of(job)->lost += (unsigned)lost;
        retry(job, counts, why);
    }
    free(members);
    on_capacity(jobs);
}

static void on_batch_answer(
    struct wi_jobs *jobs, struct batch *batch, const char *node_id, struct wi_answer *answer)
{
    size_t count = batch->count;
    int64_t total = batch->total, *rows = batch->rows, at = 0;
    struct wi_tensors probe = {0};
    if (!answer->ok) {
        try_each(jobs, batch, answer->retryable, 0, answer->error.detail);
        return;
    }
    if (wi_batch_split(&answer->outputs, total, 0, 1, &probe)) {
        try_each(jobs, batch, 0, 0, "the outputs have not as many rows as the inputs");
        return;
    }
    wi_tensors_clear(&probe);
    struct job **members = dissolve(jobs, batch);
    batch->rows = NULL;
    free_batch(jobs, batch);
    for (size_t i = 0; i < count; at += rows[i++]) {
        struct wi_answer part = *answer;
        part.outputs = (struct wi_tensors){0};
        if (!members[i])
            continue;
        wi_batch_split(&answer->outputs, total, at, rows[i], &part.outputs);
        complete(members[i], node_id, &part, total);
        wi_tensors_clear(&part.outputs);
    }
    free(members);
    free(rows);
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct wi_jobs *jobs = context;
    struct batch *batch = find_batch(jobs, attempt_id);
    if (batch) {
        on_batch_answer(jobs, batch, node_id, answer);
        return;
    }
    struct job *job = find_attempt(jobs, attempt_id);
    if (job == NULL)
        return;
    leave_node(job);
    if (!answer->ok && answer->retryable) {
        retry(job, 1, answer->error.detail);
        on_capacity(jobs);
        return;
    }
    if (!answer->ok) {
        fail(job, node_id, &answer->error);
        return;
    }
    job->attempt[0] = '\0';
    complete(job, node_id, answer, 0);
}

static void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct wi_jobs *jobs = context;
    struct batch *batch = find_batch(jobs, attempt_id);
    if (batch) {
        try_each(jobs, batch, alone, 1, why);
        return;
    }
    struct job *job = find_attempt(jobs, attempt_id);
    if (job == NULL)
        return;
    leave_node(job);
    counters_of(job)->lost++;
    job->breaks += alone ? 1 : 0;
    retry(job, alone, why);
}

/* ---------------------------------------------------------------- outside */

struct wi_jobs *wi_jobs_new(uv_loop_t *loop, const struct wi_config *config)
{
    struct wi_jobs *jobs = wi_alloc(sizeof *jobs);
    jobs->loop = loop;
    jobs->config = config;
    jobs->queue = wi_queue_new();
    jobs->beside = wi_queue_new();
    jobs->window = wi_timer_new(loop, on_window, jobs);
    jobs->probes = wi_probes_new(loop, jobs, config);
    jobs->events = (struct wi_pool_events){
        .context = jobs,
        .on_capacity = on_capacity,
        .on_accepted = on_accepted,
        .on_answer = on_answer,
        .on_lost = on_lost,
    };
    return jobs;
}

const struct wi_pool_events *wi_jobs_pool_events(struct wi_jobs *jobs)
{
    return &jobs->events;
}

void wi_jobs_start(struct wi_jobs *jobs, struct wi_pool *pool)
{
    jobs->pool = pool;
    wi_probes_start(jobs->probes, pool);
}

void wi_jobs_reload(struct wi_jobs *jobs, const struct wi_config *config)
{
    jobs->config = config;
    wi_probes_reload(jobs->probes, config);
}

static void answer_shutting_down(struct job *job)
{
    struct wi_error error;
    wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    withdraw(job, "shutdown");
    finish_error(job, &error);
}

/* Nobody waits for what runs beside the clients' path. */
static void end_background(struct wi_jobs *jobs)
{
    struct job *job, *next;
    wi_probes_stop(jobs->probes);
    HASH_ITER(by_id, jobs->jobs, job, next)
    {
        if (job->spec.background)
            answer_shutting_down(job);
    }
}

void wi_jobs_drain(struct wi_jobs *jobs, void (*on_idle)(void *), void *context)
{
    struct wi_queue_entry *entry;
    jobs->draining = 1;
    end_background(jobs);
    while ((entry = wi_queue_any(jobs->queue)) != NULL)
        answer_shutting_down(entry->owner);
    jobs->on_idle = on_idle;
    jobs->idle_context = context;
    check_idle(jobs);
}

void wi_jobs_abort(struct wi_jobs *jobs)
{
    jobs->draining = 1;
    wi_probes_stop(jobs->probes);
    while (jobs->jobs)
        answer_shutting_down(jobs->jobs);
}

void wi_jobs_free(struct wi_jobs *jobs)
{
    if (jobs == NULL)
        return;
    assert(jobs->jobs == NULL);
    wi_probes_free(jobs->probes);
    wi_queue_free(jobs->queue);
    wi_queue_free(jobs->beside);
    wi_timer_free(jobs->window);
    free(jobs);
}

/* One that waits is never too many, or a small share of a small queue would shut a client out. */
static enum wi_code admit_client(
    const struct wi_jobs *jobs, const char *client, struct wi_error *error)
{
    double share = jobs->config->pool.client_share * (double)jobs->config->pool.max_queue;
    size_t waiting =
        share < (double)jobs->config->pool.max_queue ? wi_queue_size_of(jobs->queue, client) : 0;
    if (waiting == 0 || (double)waiting < share)
        return WI_OK;
    wi_error_set(error, WI_CLIENT_SHARE, NULL,
        "%zu jobs of yours are waiting already, which is your share ([pool] client_share) of the "
        "queue; try again later",
        waiting);
    wi_error_retry_after(error, 1);
    return WI_CLIENT_SHARE;
}

enum wi_code wi_jobs_admit(const struct wi_jobs *jobs, const char *client, struct wi_error *error)
{
    if (jobs->draining) {
        wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
        wi_error_retry_after(error, 5);
        return WI_SHUTTING_DOWN;
    }
    if (jobs->counters.waiting < (size_t)jobs->config->pool.max_queue)
        return admit_client(jobs, client, error);
    wi_error_set(error, WI_QUEUE_FULL, NULL,
        "%zu jobs are waiting already, which is [pool] max_queue; try again later",
        jobs->counters.waiting);
    wi_error_retry_after(error, 1);
    return WI_QUEUE_FULL;
}

static struct job *make_job(
    struct wi_jobs *jobs, struct wi_job_spec *spec, wi_job_fn *on_done, void *context)
{
    struct job *job = wi_alloc(sizeof *job);
    job->jobs = jobs;
    job->spec = *spec;
    *spec = (struct wi_job_spec){0};
    job->entry = (struct wi_queue_entry){.owner = job,
        .priority = job->spec.priority,
        .since = job->spec.accepted_at,
        .client = job->spec.client};
    job->on_done = on_done;
    job->context = context;
    job->deadline = wi_timer_new(jobs->loop, on_deadline, job);
    double limit = job->spec.background ? BACKGROUND_WAIT_MS : job->spec.timeout_ms;
    double left = job->spec.accepted_at + limit - wi_now_ms();
    wi_timer_start(job->deadline, left > 0 ? (uint64_t)left : 0, 0);
    HASH_ADD(by_id, jobs->jobs, spec.id, strlen(job->spec.id), job);
    return job;
}

/* A job that could not even be queued or sent: the caller gets the error, nobody a callback. */
static enum wi_code reject(struct job *job, const struct wi_error *error)
{
    enum wi_code code = error->code;
    counters_of(job)->rejected++;
    finish(job, NULL);
    return code;
}

enum wi_code wi_jobs_submit(struct wi_jobs *jobs, struct wi_job_spec *spec, wi_job_fn *on_done,
    void *context, struct wi_error *error)
{
    struct wi_choice choice = {0};
    enum wi_code code = wi_jobs_admit(jobs, spec->client, error);
    if (code != WI_OK) {
        jobs->counters.rejected += spec->background ? 0 : 1;
        wi_job_spec_clear(spec);
        return code;
    }
    struct job *job = make_job(jobs, spec, on_done, context);
    enum wi_pick picked = pick(job, &choice, error);
    if (picked == WI_PICK_NODE && may_join(job) &&
        waits_for_company(job, wi_batch_rows(&job->spec)))
        picked = WI_PICK_WAIT;
    if (picked == WI_PICK_NEVER ||
        (picked == WI_PICK_NODE &&
            wi_probes_check(jobs->probes, &job->spec, choice.node, error) != WI_OK))
        return reject(job, error);
    int may_run = !job->spec.background || background_may_run(jobs);
    code = picked == WI_PICK_NODE && may_run ? dispatch(job, &choice) : WI_NODE_NOT_FOUND;
    if (code != WI_OK && code != WI_NODE_NOT_FOUND) {
        dispatch_error(code, error);
        return reject(job, error);
    }
    counters_of(job)->accepted++;
    if (code != WI_OK) {
        enqueue(job, 0);
        if (wi_timer_running(jobs->window) && /* perhaps its company is complete */
            jobs->counters.waiting >= (size_t)jobs->config->pool.max_batch)
            wi_timer_start(jobs->window, 0, 0);
        wi_pool_set_backlog(jobs->pool, jobs->counters.waiting);
    }
    return WI_OK;
}

static struct job *find_job(const struct wi_jobs *jobs, const char *job_id)
{
    struct job *job;
    HASH_FIND(by_id, jobs->jobs, job_id, strlen(job_id), job);
    return job;
}

void wi_jobs_abandon(struct wi_jobs *jobs, const char *job_id)
{
    struct job *job = find_job(jobs, job_id);
    if (job == NULL)
        return;
    jobs->counters.cancelled++;
    withdraw(job, "client gone");
    finish(job, NULL);
}

enum wi_code wi_jobs_cancel(struct wi_jobs *jobs, const char *job_id)
{
    struct job *job = find_job(jobs, job_id);
    if (job == NULL)
        return WI_JOB_NOT_FOUND;
    struct wi_error error;
    wi_error_set(&error, WI_CANCELLED, NULL, "the job was cancelled by DELETE /v1/jobs/%s", job_id);
    jobs->counters.cancelled++;
    withdraw(job, "cancelled");
    finish_error(job, &error);
    return WI_OK;
}

void wi_jobs_counters(const struct wi_jobs *jobs, struct wi_job_counters *counters)
{
    *counters = jobs->counters;
}

void wi_jobs_probe_counters(const struct wi_jobs *jobs, struct wi_probe_counters *counters)
{
    wi_probes_counters(jobs->probes, counters);
}

json_t *wi_jobs_describe(const struct wi_jobs *jobs, const char *job_id)
{
    const struct job *job = find_job(jobs, job_id);
    if (job == NULL)
        return NULL;
    int waiting = job->entry.lane != NULL;
    return json_pack("{s:s, s:s, s:s, s:s?, s:b, s:i, s:i, s:f, s:f}", "id", job->spec.id,
        "model_name", job->spec.model->name, "state", waiting ? "queued" : "running", "node",
        waiting ? NULL : job->node, "accepted", !waiting && job->accepted, "priority",
        job->spec.priority, "attempts", (int)job->attempts, "age_ms",
        wi_now_ms() - job->spec.accepted_at, "timeout_ms", job->spec.timeout_ms);
}
