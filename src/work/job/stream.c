/*
 * The additional state of a job whose answer may come in parts: the account of the parts, and the
 * watch for silence. A timer tells the code that ends the job; nothing here ends it.
 */
#include "work/job/stream.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a node tells before it computes (webinfer-protocol(7), task_progress); the second one, of a
 * relay whose daemon has no node for it yet. */
#define LOADING "loading"
#define QUEUED "queued"
#define STALL_TIMEOUT_MS 30000.0
/* A batch of a prompt takes about as long as the one before it; a busy machine makes it slower. */
#define STALL_BATCHES 3
/* How many times within the patience it is checked whether a silent node's stream can go
 * elsewhere. */
#define STALL_STEPS 8

int wi_job_stream_open(
    struct wi_job *job, const struct wi_job_stream *events, void (*on_stall)(void *))
{
    struct wi_job_flow *flow = wi_alloc(sizeof *flow);
    flow->events = *events;
    flow->parts.budget = job->jobs->budget;
    flow->stall = wi_timer_new(job->jobs->loop, on_stall, job);
    job->flow = flow;
    const json_t *from = job->spec.asked->relayed.from;
    return from ? wi_parts_begin_at(&flow->parts, from) : 0;
}

void wi_job_stream_close(struct wi_job *job)
{
    struct wi_job_flow *flow = job->flow;
    if (flow == NULL)
        return;
    wi_parts_clear(&flow->parts);
    wi_timer_free(flow->stall);
    free(flow);
    job->flow = NULL;
}

int wi_job_is_committed(const struct wi_job *job)
{
    return job->flow && job->flow->parts.received.parts > 0;
}

int wi_job_has_brought(const struct wi_job *job)
{
    return job->flow && job->flow->parts.flow.sent.parts > 0;
}

/* ---------------------------------------------------------------- how long nothing comes */

double wi_job_stream_patience_ms(const struct wi_job *job)
{
    if (job->spec.asked->stall_timeout_ms > 0)
        return job->spec.asked->stall_timeout_ms;
    double batches_ms = STALL_BATCHES * job->flow->batch_ms;
    return batches_ms > STALL_TIMEOUT_MS ? batches_ms : STALL_TIMEOUT_MS;
}

/* The time between two counts is that of a batch, or of several that take less than the interval
 * between counts. */
static void flow_measure(struct wi_job_flow *flow, double counted)
{
    double now = wi_awake_ms();
    double took = now - flow->counted_at;
    if (flow->counted_at > 0 && counted > flow->counted && took > flow->batch_ms)
        flow->batch_ms = took;
    flow->counted_at = now;
    flow->counted = counted;
}

/* The time that the job stood still for its client, up to now. */
static void flow_settle(struct wi_job *job)
{
    struct wi_job_flow *flow = job->flow;
    if (flow->halted_at > 0) {
        job->line->counters.stalls++;
        job->line->counters.stalled_ms += wi_awake_ms() - flow->halted_at;
    }
    flow->halted_at = 0;
}

int wi_job_stream_computes(const struct wi_job *job)
{
    return wi_job_has_attempt(job) && (wi_job_has_brought(job) || job->flow->told);
}

/* Of which none is cut off. */
static uint64_t whole_ms(double ms)
{
    return ms > 0 ? (uint64_t)ceil(ms) : 0;
}

int wi_job_stream_is_watched(const struct wi_job *job)
{
    return wi_job_is_committed(job) && wi_job_stream_computes(job);
}

static int draws_without_seed(const json_t *options)
{
    return json_number_value(json_object_get(options, "temperature")) > 0 &&
           !json_object_get(options, "seed");
}

const char *wi_job_stream_obstacle(const struct wi_job *job)
{
    const char *obstacle = job->flow->parts.obstacle;
    return obstacle                                       ? obstacle
           : draws_without_seed(job->spec.asked->options) ? "it is sampled without a seed"
                                                          : NULL;
}

/* Restarts the time of its node's silence, if it is to be watched: after the first part, while an
 * attempt computes that may send. */
void wi_job_stream_watch(struct wi_job *job)
{
    struct wi_job_flow *flow = job->flow;
    if (wi_job_has_attempt(job) && !wi_flow_lasts(&flow->parts.flow)) {
        if (flow->halted_at == 0)
            flow->halted_at = wi_awake_ms();
        wi_timer_stop(flow->stall);
        return;
    }
    flow_settle(job);
    flow->heard_at = wi_awake_ms();
    if (wi_job_stream_is_watched(job))
        wi_timer_wait(flow->stall, whole_ms(wi_job_stream_patience_ms(job) / 2));
    else
        wi_timer_stop(flow->stall);
}

double wi_job_stream_silent_ms(const struct wi_job *job)
{
    return wi_awake_ms() - job->flow->heard_at;
}

void wi_job_stream_wait_on(struct wi_job *job)
{
    double patience = wi_job_stream_patience_ms(job);
    double left = patience - wi_job_stream_silent_ms(job), step = patience / STALL_STEPS;
    wi_timer_wait(job->flow->stall, whole_ms(left < step ? left : step));
}

void wi_job_stream_sent(struct wi_job *job)
{
    job->line->counters.continued += (unsigned)wi_job_is_committed(job);
    job->flow->counted_at = 0; /* another node counts from its own beginning */
    job->flow->told = 0;
    wi_parts_begin(&job->flow->parts);
    wi_job_stream_watch(job);
}

void wi_job_stream_lives(struct wi_job *job, const struct wi_progress *progress)
{
    job->flow->told = strcmp(progress->phase, LOADING) != 0 && strcmp(progress->phase, QUEUED) != 0;
    if (progress->has_count)
        flow_measure(job->flow, progress->done);
    wi_job_stream_watch(job);
}

/* ---------------------------------------------------------------- parts and credit */

int wi_job_stream_add(struct wi_job *job, const struct wi_part *part)
{
    struct wi_job_flow *flow = job->flow;
    if (!wi_parts_add(&flow->parts, part)) {
        job->line->counters.late_parts++;
        return 0;
    }
    job->line->counters.parts++;
    if (flow->first_part_at == 0)
        flow->first_part_at = wi_now_ms();
    wi_job_stream_watch(job);
    return 1;
}

void wi_job_stream_took(struct wi_job *job, const struct wi_credit *taken)
{
    struct wi_credit credit;
    wi_parts_take(&job->flow->parts, taken);
    if (!wi_job_has_attempt(job))
        return; /* the next attempt begins with what is taken by then */
    int had = wi_flow_lasts(&job->flow->parts.flow);
    if (!wi_parts_grant(&job->flow->parts, &credit))
        return;
    if (!had)
        wi_job_stream_watch(job);
    wi_pool_credit(job->jobs->pool, job->node, job->attempt, &credit);
}
