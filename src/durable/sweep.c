/*
 * Keeping house among the stored jobs: what was kept long enough goes, what is late ends, the rest
 * is counted, and ends that could not be written are tried again.
 */
#include "durable/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>

/* Every so many ticks old rows are removed and the rest counted. */
#define TICKS_PER_SWEEP 60
#define SWEEP_MAX 500

struct sweep {
    struct wi_row_sweep op;
    struct wi_durable *durable;
};

/* A queued row whose deadline has passed ends without a run. */
static void expire(struct wi_durable *durable, const struct wi_row_name *name)
{
    struct wi_error error;
    struct wi_durable_entry *entry;
    HASH_FIND_STR(durable->entries, name->id, entry);
    if (entry)
        return; /* taken meanwhile: its run has the same deadline */
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "the job's deadline passed while it was waiting to be run");
    durable->counters.expired++;
    if (durable->counters.queued > 0)
        durable->counters.queued--;
    wi_durable_finish(wi_durable_entry_of(durable, name), WI_ROW_FAILED, &error);
}

static void on_swept(void *data, const struct wi_error *failure)
{
    struct sweep *sweep = data;
    struct wi_durable *durable = sweep->durable;
    const struct wi_row_sweep *op = &sweep->op;
    durable->sweeping = 0;
    if (!failure && op->removed > 0)
        wi_info("jobs", NULL, "removed %zu finished jobs that were kept long enough", op->removed);
    if (!failure && op->count) {
        wi_durable_count_all(durable, op);
    }
    for (size_t i = 0; !failure && !durable->freed && i < op->late_count; i++)
        expire(durable, &op->late[i]);
    if (op->removed == op->limit)
        durable->ticks = 0; /* there may be more */
    free(sweep->op.late);
    free(sweep->op.holdings);
    free(sweep);
    if (wi_durable_written(durable) && !durable->freed)
        wi_durable_feed_soon(durable);
}

static void sweep(struct wi_durable *durable, int whole)
{
    struct sweep *sweep = wi_alloc(sizeof *sweep);
    sweep->durable = durable;
    sweep->op.now = wi_wall_ms();
    sweep->op.finished_before = sweep->op.now - durable->deps.runs.config->pool.job_retention;
    sweep->op.limit = SWEEP_MAX;
    sweep->op.count = whole;
    durable->sweeping = 1;
    wi_durable_submit(durable, wi_row_sweep, on_swept, sweep);
}

static void rewrite(struct wi_durable *durable)
{
    struct wi_durable_entry *entry, *next;
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->step == WI_DURABLE_UNWRITTEN)
            wi_durable_rewrite(entry);
    }
}

void wi_durable_on_tick(struct wi_durable *durable)
{
    int64_t retention = durable->deps.runs.config->pool.job_retention;
    unsigned every = retention < TICKS_PER_SWEEP * WI_DURABLE_TICK_MS
                         ? (unsigned)(retention / WI_DURABLE_TICK_MS)
                         : TICKS_PER_SWEEP;
    int whole = durable->ticks++ % every == 0;
    durable->vain = 0;
    if (durable->ticks % WI_DURABLE_REWRITE_TICKS == 0)
        rewrite(durable);
    wi_durable_print_waiting(durable);
    if (!durable->sweeping && (whole || durable->counters.queued > 0))
        sweep(durable, whole);
}
