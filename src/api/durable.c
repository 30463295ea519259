/*
 * The stored jobs as a whole, what requests want of them, and who waits for their ends. Runs are
 * in durable_run.c, how they end in durable_end.c, and the removal of what is old in
 * durable_sweep.c.
 */
#include "api/durable_private.h"

#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

void wi_durable_submit(
    struct wi_durable *durable, wi_db_work_fn *work, wi_db_done_fn *done, void *data)
{
    durable->writing++;
    wi_db_submit(durable->db, work, done, data);
}

int wi_durable_written(struct wi_durable *durable)
{
    durable->writing--;
    if (durable->api || durable->writing > 0 || durable->entries)
        return 1;
    free(durable);
    return 0;
}

/* --- watchers -------------------------------------------------------------------------------- */

void wi_durable_watch(struct wi_durable *durable, struct wi_durable_watcher *watcher)
{
    watcher->watching = 1;
    DL_APPEND(durable->watchers, watcher);
}

void wi_durable_unwatch(struct wi_durable *durable, struct wi_durable_watcher *watcher)
{
    if (!watcher->watching)
        return;
    watcher->watching = 0;
    DL_DELETE(durable->watchers, watcher);
}

void wi_durable_tell(struct wi_durable *durable, const char *id)
{
    struct wi_durable_watcher *watcher, *next;
    DL_FOREACH_SAFE(durable->watchers, watcher, next)
    {
        if (strcmp(watcher->id, id) != 0)
            continue;
        wi_durable_unwatch(durable, watcher);
        watcher->on_finished(watcher);
    }
}

/* --- for requests ---------------------------------------------------------------------------- */

enum wi_code wi_durable_admit(const struct wi_durable *durable, const struct wi_api *api,
    size_t bytes, struct wi_error *error)
{
    if (api->closing || wi_jobs_admit(api->deps.jobs, NULL, error) == WI_SHUTTING_DOWN)
        return wi_error_set(error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    if (durable == NULL)
        return wi_error_set(error, WI_UNAVAILABLE, NULL, "there is no database to keep jobs in");
    if (durable->open >= WI_DURABLE_OPEN_MAX) {
        wi_error_set(error, WI_QUEUE_FULL, NULL,
            "%zu jobs are accepted and not finished, which is the limit; try again later",
            durable->open);
        wi_error_retry_after(error, 30);
        return WI_QUEUE_FULL;
    }
    uint64_t most = (uint64_t)api->deps.config->store.max_size;
    if (durable->counters.bytes + bytes <= most)
        return WI_OK;
    wi_error_set(error, WI_STORAGE_FAILED, NULL,
        "accepted jobs and their results take %llu bytes, and [store] max_size is %llu; results "
        "make room when they expire",
        (unsigned long long)durable->counters.bytes, (unsigned long long)most);
    wi_error_retry_after(error, 60);
    return WI_STORAGE_FAILED;
}

void wi_durable_added(struct wi_durable *durable, const struct wi_row *row)
{
    durable->counters.accepted++;
    durable->counters.queued++;
    durable->counters.bytes += row->body_size;
    durable->open++;
    if (durable->api)
        wi_durable_feed(durable);
}

void wi_durable_replayed(struct wi_durable *durable)
{
    durable->counters.replayed++;
}

void wi_durable_cancel(struct wi_durable *durable, const char *id)
{
    struct wi_durable_entry *entry;
    struct wi_error error;
    HASH_FIND_STR(durable->entries, id, entry);
    int unseen = entry && !entry->returning &&
                 (entry->step == WI_DURABLE_WAITING || entry->step == WI_DURABLE_UNWRITTEN);
    if (unseen) { /* it has an answer, which nobody can have got */
        wi_durable_finish_cancelled(entry);
    } else if (entry && entry->run) {
        wi_error_set(&error, WI_CANCELLED, NULL, "the job was cancelled by DELETE /v1/jobs/%s", id);
        wi_run_stop(entry->run, &error);
    } /* else it has ended, or is on its way back to the queue, where wi_row_return sees it */
}

void wi_durable_cancelled(
    struct wi_durable *durable, const char *id, size_t body_size, size_t answer_size)
{
    wi_durable_count_end(durable, WI_ROW_CANCELLED);
    durable->counters.bytes += answer_size;
    durable->counters.bytes -= body_size;
    if (durable->counters.queued > 0)
        durable->counters.queued--;
    wi_durable_tell(durable, id);
}

/* What the jobs know of a run. */
static void look_at_run(
    const struct wi_durable *durable, const struct wi_run *run, struct wi_durable_now *now)
{
    json_t *job = wi_jobs_describe(durable->api->deps.jobs, wi_run_job(run));
    const char *node = json_string_value(json_object_get(job, "node"));
    snprintf(now->node, sizeof now->node, "%s", node ? node : "");
    now->attempts = (unsigned)json_integer_value(json_object_get(job, "attempts"));
    const char *problem = json_string_value(json_object_get(job, "problem"));
    snprintf(now->problem, sizeof now->problem, "%s", problem ? problem : "");
    now->running = *now->node != '\0';
    json_decref(job);
}

void wi_durable_look(const struct wi_durable *durable, const char *id, struct wi_durable_now *now)
{
    const struct wi_durable_entry *entry;
    *now = (struct wi_durable_now){0};
    HASH_FIND_STR(durable->entries, id, entry);
    if (entry == NULL)
        return;
    if (entry->run)
        look_at_run(durable, entry->run, now);
    else
        now->running = !entry->returning; /* it has ended, and that is being written */
    if (entry->stuck) {
        now->stuck = 1;
        snprintf(now->problem, sizeof now->problem,
            "its end could not be stored, which is tried again: %s", entry->stuck);
    }
}

json_t *wi_durable_warning(const struct wi_api *api)
{
    struct wi_error error;
    struct wi_durable_counters counters;
    if (wi_db_health(api->deps.db, &error) == WI_OK)
        return NULL;
    wi_durable_counters(api->durable, &counters);
    return json_sprintf("the database cannot be written: %s; jobs and requests with an "
                        "Idempotency-Key may be refused, and %zu jobs that have ended wait to be "
                        "stored",
        error.detail, counters.unwritten);
}

void wi_durable_counters(const struct wi_durable *durable, struct wi_durable_counters *counters)
{
    *counters = (struct wi_durable_counters){0};
    if (durable == NULL)
        return;
    *counters = durable->counters;
    counters->running = HASH_COUNT(durable->entries);
    for (const struct wi_durable_entry *entry = durable->entries; entry; entry = entry->hh.next)
        counters->unwritten += entry->stuck != NULL;
}

/* --- the whole ------------------------------------------------------------------------------- */

/* The jobs that took the daemon with them too often. */
static void fail_poison(struct wi_durable *durable, const struct wi_row_recover *recover)
{
    struct wi_error error;
    wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL,
        "the daemon ended %d times without warning while it ran this job, so it is not run again",
        WI_DURABLE_CRASHES_MAX);
    for (size_t i = 0; i < recover->poison_count; i++) {
        struct wi_row row = {0};
        memcpy(row.id, recover->poison[i], sizeof row.id);
        wi_warn("jobs", row.id, "%s", error.detail);
        wi_durable_finish(wi_durable_entry_new(durable, &row), WI_ROW_FAILED, &error);
    }
}

/* Those that were to be cancelled when the daemon ended. */
static void end_cancelled(struct wi_durable *durable, const struct wi_row_recover *recover)
{
    for (size_t i = 0; i < recover->cancelled_count; i++) {
        struct wi_row row = {0};
        memcpy(row.id, recover->cancelled[i], sizeof row.id);
        wi_durable_finish_cancelled(wi_durable_entry_new(durable, &row));
    }
}

static void on_beat(void *context)
{
    wi_durable_keep_house(context);
}

struct wi_durable *wi_durable_new(struct wi_api *api, struct wi_error *error)
{
    struct wi_row_recover recover = {.crashes_max = WI_DURABLE_CRASHES_MAX};
    struct wi_row_sweep stock = {.count = 1};
    struct wi_db *db = api->deps.db;
    if (wi_db_now(db, wi_row_recover, &recover, error) != WI_OK ||
        wi_db_now(db, wi_row_sweep, &stock, error) != WI_OK) {
        wi_error_set(error, WI_STORAGE_FAILED, "store.path", "cannot read the jobs in %s: %s",
            wi_db_path(db), error->detail);
        free(recover.poison);
        free(recover.cancelled);
        return NULL;
    }
    struct wi_durable *durable = wi_alloc(sizeof *durable);
    durable->api = api;
    durable->budget = api->deps.budget;
    durable->db = db;
    durable->open = stock.open;
    durable->counters.queued = stock.queued;
    durable->counters.bytes = stock.bytes;
    durable->counters.recovered = recover.requeued;
    if (recover.requeued > 0)
        wi_info("jobs", NULL, "%zu jobs were running when the last daemon ended: they run again",
            recover.requeued);
    fail_poison(durable, &recover);
    end_cancelled(durable, &recover);
    free(recover.poison);
    free(recover.cancelled);
    durable->beat = wi_timer_new(api->deps.loop, on_beat, durable);
    wi_timer_start(durable->beat, 1, WI_DURABLE_BEAT_MS);
    return durable;
}

void wi_durable_free(struct wi_durable *durable)
{
    struct wi_error error;
    struct wi_durable_entry *entry, *next;
    if (durable == NULL)
        return;
    assert(durable->watchers == NULL);
    wi_timer_free(durable->beat);
    wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->run)
            wi_run_stop(entry->run, &error);
        else if (entry->step == WI_DURABLE_WAITING)
            wi_durable_put_back(entry, &error, 0);
        else if (entry->step == WI_DURABLE_UNWRITTEN)
            wi_durable_rewrite(entry); /* once more; then it counts as a run without an end */
    }
    durable->api = NULL;
    if (durable->writing == 0 && durable->entries == NULL)
        free(durable);
}
