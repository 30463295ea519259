/*
 * The stored jobs as a whole: their start, their end and their state. The operations for requests
 * are in requests.c; feed.c takes rows from the queue and runs them, durable_end.c ends the runs,
 * and entries.c has what these share.
 */
#include "owners/durable/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* --- how they are ----------------------------------------------------------------------------- */

/* What the jobs know of a run. */
static void look_at_run(
    const struct wi_durable *durable, const struct wi_run *run, struct wi_durable_now *now)
{
    json_t *job = wi_jobs_describe(durable->deps.runs.jobs, wi_run_id(run));
    const char *node = json_string_value(json_object_get(job, "node"));
    snprintf(now->node, sizeof now->node, "%s", node ? node : "");
    now->attempts = (unsigned)json_integer_value(json_object_get(job, "attempts"));
    wi_text_copy(
        now->problem, sizeof now->problem, json_string_value(json_object_get(job, "problem")));
    now->running = *now->node != '\0';
    json_decref(job);
}

void wi_durable_look(const struct wi_durable *durable, const char *id, struct wi_durable_now *now)
{
    const struct wi_durable_entry *entry = WI_TABLE_FIND(durable->entries, id, strlen(id));
    *now = (struct wi_durable_now){0};
    if (!entry)
        return;
    if (entry->run)
        look_at_run(durable, entry->run, now);
    else
        now->running = !entry->returning; /* it has ended, and that is being written */
    if (entry->stuck) {
        now->stuck = 1;
        snprintf(now->problem, sizeof now->problem,
            "its end could not be stored, which is tried again: %s", entry->stuck);
        wi_text_mend(now->problem);
    }
}

enum wi_code wi_durable_health(const struct wi_durable *durable, struct wi_error *error)
{
    return wi_db_health(durable->deps.db, error);
}

json_t *wi_durable_warning(const struct wi_durable *durable)
{
    struct wi_error error;
    struct wi_durable_counters counters;
    if (!durable || wi_durable_health(durable, &error) == WI_OK)
        return NULL;
    wi_durable_counters(durable, &counters);
    return json_sprintf("the database cannot be written: %s; jobs and requests with an "
                        "Idempotency-Key may be refused, and %zu jobs that have ended wait to be "
                        "stored",
        error.detail, counters.unwritten);
}

void wi_durable_counters(const struct wi_durable *durable, struct wi_durable_counters *counters)
{
    *counters = (struct wi_durable_counters){0};
    if (!durable)
        return;
    *counters = durable->counters;
    counters->running = HASH_COUNT(durable->entries);
    for (const struct wi_durable_entry *entry = durable->entries; entry; entry = entry->hh.next)
        counters->unwritten += entry->stuck != NULL;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The jobs that took the daemon with them too often. */
static void fail_poison(struct wi_durable *durable, const struct wi_row_recover *recover)
{
    struct wi_error error;
    wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL,
        "the daemon ended %d times without warning while it ran this job, so it is not run again",
        WI_DURABLE_CRASHES_MAX);
    for (size_t i = 0; i < recover->poison.count; i++) {
        const struct wi_row_name *name = &recover->poison.items[i];
        wi_warn("jobs", name->id, "%s", error.detail);
        wi_durable_finish(wi_durable_entry_of(durable, name), WI_ROW_FAILED, &error);
    }
}

/* Those that were to be cancelled when the daemon ended. */
static void end_cancelled(struct wi_durable *durable, const struct wi_row_recover *recover)
{
    for (size_t i = 0; i < recover->cancelled.count; i++)
        wi_durable_finish_cancelled(wi_durable_entry_of(durable, &recover->cancelled.items[i]));
}

/* What the last daemon left in the middle of a run. */
static void recover_rows(struct wi_durable *durable, const struct wi_row_recover *recover)
{
    durable->counters.recovered = recover->requeued;
    if (recover->requeued > 0)
        wi_info("jobs", NULL, "%zu jobs were running when the last daemon ended: they run again",
            recover->requeued);
    fail_poison(durable, recover);
    end_cancelled(durable, recover);
}

/* --- keeping house: what was kept long enough goes, what is late ends ------------------------- */

/* Every so many ticks old rows are removed and the rest counted. */
#define TICKS_PER_SWEEP 60
#define SWEEP_MAX 500

struct sweep {
    struct wi_row_sweep op;
    struct wi_durable *durable;
};

/* A queued row whose deadline has passed ends without a run. */
static void row_expire(struct wi_durable *durable, const struct wi_row_name *name)
{
    struct wi_error error;
    struct wi_durable_entry *entry = WI_TABLE_FIND(durable->entries, name->id, strlen(name->id));
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
    if (!failure && op->count)
        wi_durable_count_all(durable, op);
    for (size_t i = 0; !failure && !durable->freed && i < op->late.count; i++)
        row_expire(durable, &op->late.items[i]);
    if (op->removed == op->limit)
        durable->ticks = 0; /* there may be more */
    free(sweep->op.late.items);
    free(sweep->op.holdings);
    free(sweep);
    if (wi_durable_written(durable) && !durable->freed)
        wi_turn_schedule(durable->feeding);
}

static void rows_sweep(struct wi_durable *durable, int whole)
{
    struct sweep *sweep = wi_alloc(sizeof *sweep);
    sweep->durable = durable;
    sweep->op.now = wi_steady_ms();
    sweep->op.finished_before = sweep->op.now - durable->deps.runs.config->pool.job_retention;
    sweep->op.limit = SWEEP_MAX;
    sweep->op.count = whole;
    durable->sweeping = 1;
    wi_durable_submit(durable, wi_row_sweep, on_swept, sweep);
}

static void entries_rewrite(struct wi_durable *durable)
{
    struct wi_durable_entry *entry, *next;
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->step == WI_DURABLE_UNWRITTEN)
            wi_durable_rewrite(entry);
    }
}

/* At each tick: removes, counts, ends what is late, and writes again what could not be written. */
static void on_tick(void *context)
{
    struct wi_durable *durable = context;
    int64_t retention = durable->deps.runs.config->pool.job_retention;
    unsigned every = retention < TICKS_PER_SWEEP * WI_DURABLE_TICK_MS
                         ? (unsigned)(retention / WI_DURABLE_TICK_MS)
                         : TICKS_PER_SWEEP;
    int whole = durable->ticks++ % every == 0;
    durable->empty_runs = 0;
    if (durable->ticks % WI_DURABLE_REWRITE_TICKS == 0)
        entries_rewrite(durable);
    wi_durable_print_waiting(durable);
    if (!durable->sweeping && (whole || durable->counters.queued > 0))
        rows_sweep(durable, whole);
}

/* --- its life --------------------------------------------------------------------------------- */

static struct wi_durable *durable_make(
    const struct wi_durable_deps *deps, const struct wi_row_sweep *stock)
{
    struct wi_durable *durable = wi_alloc(sizeof *durable);
    durable->deps = *deps;
    wi_durable_count_all(durable, stock);
    durable->timer = wi_timer_new(deps->runs.loop, on_tick, durable);
    wi_timer_start(durable->timer, 1, WI_DURABLE_TICK_MS);
    durable->feeding = wi_turn_new(deps->runs.loop, wi_durable_feed, durable);
    return durable;
}

struct wi_durable *wi_durable_new(const struct wi_durable_deps *deps, struct wi_error *error)
{
    struct wi_row_recover recover = {.now = wi_steady_ms(), .crashes_max = WI_DURABLE_CRASHES_MAX};
    struct wi_row_sweep stock = {.count = 1};
    struct wi_durable *durable = NULL;
    if (wi_db_now(deps->db, wi_row_recover, &recover, error) != WI_OK ||
        wi_db_now(deps->db, wi_row_sweep, &stock, error) != WI_OK) {
        wi_error_set(error, WI_STORAGE_FAILED, "store.path", "cannot read the jobs in %s: %s",
            wi_db_path(deps->db), error->detail);
    } else {
        durable = durable_make(deps, &stock);
        recover_rows(durable, &recover);
    }
    free(stock.late.items);
    free(stock.holdings);
    free(recover.poison.items);
    free(recover.cancelled.items);
    return durable;
}

void wi_durable_reload(struct wi_durable *durable, const struct wi_config *config)
{
    if (durable)
        durable->deps.runs.config = config;
}

void wi_durable_quiesce(struct wi_durable *durable)
{
    if (durable)
        durable->closing = 1;
}

void wi_durable_free(struct wi_durable *durable)
{
    struct wi_error error;
    struct wi_durable_entry *entry, *next;
    if (!durable)
        return;
    assert(!durable->watchers);
    wi_timer_free(durable->timer);
    wi_turn_free(durable->feeding);
    durable->feeding = NULL;
    wi_durable_shutting_down(&error);
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->run)
            wi_run_stop(entry->run, &error);
        else if (entry->step == WI_DURABLE_WAITING)
            wi_durable_put_back(entry, &error, 0);
        else if (entry->step == WI_DURABLE_UNWRITTEN)
            wi_durable_rewrite(entry); /* once more; then it counts as a run without an end */
    }
    durable->freed = 1;
    durable->closing = 1;
    if (durable->writing == 0 && !durable->entries)
        wi_durable_release(durable);
}
