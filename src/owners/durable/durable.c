/*
 * The stored jobs as a whole: their start, their end and their state. The operations for requests
 * are in requests.c; feed.c takes records from the queue and runs them, durable_end.c ends the
 * runs, and entries.c has what these share.
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
        now->stuck = entry->stuck->code;
        char *problem = wi_sprintf(
            "its end could not be stored, which is tried again: %s", entry->stuck->detail);
        wi_text_copy(now->problem, sizeof now->problem, problem);
        free(problem);
    }
}

enum wi_code wi_durable_health(const struct wi_durable *durable, struct wi_error *error)
{
    return durable->deps.store.health(durable->deps.store.context, error);
}

json_t *wi_durable_warning(const struct wi_durable *durable)
{
    struct wi_error error;
    struct wi_durable_counters counters;
    if (!durable || wi_durable_health(durable, &error) == WI_OK)
        return NULL;
    wi_durable_counters(durable, &counters);
    return json_sprintf("%s cannot be written: %s; jobs and requests with an Idempotency-Key may "
                        "be refused, and %zu jobs that have ended wait to be stored",
        durable->deps.store.name, error.detail, counters.unwritten);
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

/* --- keeping house: what was kept long enough goes, what is late ends ------------------------- */

/* Every so many ticks old records are removed and the rest counted. */
#define TICKS_PER_SWEEP 60
#define SWEEP_MAX 500

struct sweep {
    struct wi_record_sweep op;
    struct wi_durable *durable;
};

/* Each of the records ends with `error`, or as cancelled without one; how many there were. One that
 * was taken meanwhile is left to its run. */
static size_t end_records(
    struct wi_durable *durable, const struct wi_record_names *names, const struct wi_error *error)
{
    size_t ended = 0;
    for (size_t i = 0; i < names->count; i++) {
        const struct wi_record_name *name = &names->items[i];
        if (WI_TABLE_FIND(durable->entries, name->id, strlen(name->id)))
            continue;
        struct wi_durable_entry *entry = wi_durable_entry_of(durable, name);
        ended++;
        if (error)
            wi_durable_finish(entry, WI_RECORD_FAILED, error);
        else
            wi_durable_finish_cancelled(entry);
    }
    return ended;
}

/* Queued records whose deadline has passed end without a run. */
static void end_late(struct wi_durable *durable, const struct wi_record_names *late)
{
    struct wi_error error;
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "the job's deadline passed while it was waiting to be run");
    size_t ended = end_records(durable, late, &error);
    durable->counters.expired += ended;
    durable->counters.queued -= ended < durable->counters.queued ? ended : durable->counters.queued;
}

/* The jobs that took the daemon with them too often. */
static void end_poison(struct wi_durable *durable, const struct wi_record_names *poison)
{
    struct wi_error error;
    wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL,
        "the daemon was lost %d times while it ran this job (it crashed, was killed, or could not "
        "be reached), so the job is not run again",
        WI_DURABLE_CRASHES_MAX);
    for (size_t i = 0; i < poison->count; i++)
        wi_warn("jobs", poison->items[i].id, "%s", error.detail);
    end_records(durable, poison, &error);
}

/* What a sweep has found, or the opening of the store. */
static void take_stock(struct wi_durable *durable, const struct wi_record_sweep *found)
{
    if (found->removed > 0)
        wi_info(
            "jobs", NULL, "removed %zu finished jobs that were kept long enough", found->removed);
    if (found->requeued > 0)
        wi_info("jobs", NULL, "%zu jobs were running when their daemon ended: they run again",
            found->requeued);
    durable->counters.recovered += found->requeued;
    if (found->counted)
        wi_durable_count_all(durable, found);
    if (durable->freed)
        return;
    end_late(durable, &found->late);
    end_poison(durable, &found->poison);
    end_records(durable, &found->cancelled, NULL); /* as when their daemon ended */
}

static void on_swept(void *data, const struct wi_error *failure)
{
    struct sweep *sweep = data;
    struct wi_durable *durable = sweep->durable;
    durable->sweeping = 0;
    if (!failure)
        take_stock(durable, &sweep->op);
    if (sweep->op.removed == sweep->op.limit)
        durable->ticks = 0; /* there may be more */
    wi_record_sweep_clear(&sweep->op);
    free(sweep);
    if (wi_durable_written(durable) && !durable->freed)
        wi_turn_schedule(durable->feeding);
}

static void records_sweep(struct wi_durable *durable, int whole)
{
    struct sweep *sweep = wi_alloc(sizeof *sweep);
    sweep->durable = durable;
    sweep->op.now = wi_steady_ms();
    sweep->op.finished_before = sweep->op.now - durable->deps.runs.config->pool.job_retention;
    sweep->op.limit = SWEEP_MAX;
    sweep->op.crashes_max = WI_DURABLE_CRASHES_MAX;
    sweep->op.count = whole;
    durable->sweeping = 1;
    durable->sweep_is_due = 0;
    WI_DURABLE_ASK(durable, sweep, &sweep->op, on_swept, sweep);
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
    if (!durable->sweeping && (whole || durable->sweep_is_due || durable->counters.queued > 0))
        records_sweep(durable, whole);
}

/* --- its life --------------------------------------------------------------------------------- */

/* What no operation of this daemon has told: see wi_job_news. */
static void on_news(void *listener, enum wi_job_news news, const char *id)
{
    struct wi_durable *durable = listener;
    if (news == WI_NEWS_CAME) {
        durable->counters.queued++;
        wi_turn_schedule(durable->feeding);
    } else if (news == WI_NEWS_CANCELLED) {
        wi_durable_cancel_run(durable, id);
    } else if (news == WI_NEWS_LEFT) {
        durable->sweep_is_due = 1;
    } else {
        wi_durable_tell(durable, id);
    }
}

static void listen_to_store(const struct wi_durable *durable, wi_job_news_fn *tell, void *listener)
{
    const struct wi_job_store *store = &durable->deps.store;
    if (store->listen)
        store->listen(store->context, tell, listener);
}

struct wi_durable *wi_durable_new(
    const struct wi_durable_deps *deps, const struct wi_record_sweep *found)
{
    struct wi_durable *durable = wi_alloc(sizeof *durable);
    durable->deps = *deps;
    durable->timer = wi_timer_new(deps->runs.loop, on_tick, durable);
    wi_timer_start(durable->timer, 1, WI_DURABLE_TICK_MS);
    durable->feeding = wi_turn_new(deps->runs.loop, wi_durable_feed, durable);
    take_stock(durable, found);
    listen_to_store(durable, on_news, durable);
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
    listen_to_store(durable, NULL, NULL);
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
    durable->deps.runs.on_ended = NULL; /* their context is freed next */
    durable->deps.runs.on_stored = NULL;
    if (durable->writing == 0 && !durable->entries)
        wi_durable_release(durable);
}
