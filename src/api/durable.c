/*
 * The rows that wait and those that run. Few run at a time, so that what others ask for directly
 * is not kept waiting behind a backlog, and so that few are to be suspected when the daemon dies.
 */
#include "api/durable.h"

#include "api/problem.h"
#include "api/run.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

/* Run at a time: so many, and so many more for each node. */
#define RUNS_BASE 4
#define RUNS_PER_NODE 4
/* The part of the memory budget that they may take. */
#define BUDGET_SHARE 4
/* What a row may hold (SQLite's limit is 10^9 bytes); answers are reckoned on the safe side. */
#define ANSWER_MAX 900000000
#define BEAT_MS 1000
/* Every so many beats old rows are removed and the rest counted. */
#define BEATS_PER_SWEEP 60
#define SWEEP_MAX 500
/* How long a row waits that could not be queued, that nothing could run, or be written. */
#define BUSY_MS 1000
#define UNAVAILABLE_MS 5000
#define REWRITE_BEATS 5

struct entry {
    struct wi_row_finish finish; /* first: the writer's `data` */
    struct wi_durable *durable;
    struct wi_row row;
    int suspect;
    struct wi_run *run;
    struct wi_printing *printing;
    struct wi_buffer problem;
    struct wi_row_part *parts;
    uint64_t charged; /* to the budget, for the printed answer */
    int unwritten;    /* its end could not be written: tried again */
    UT_hash_handle hh;
};

struct wi_durable {
    struct wi_api *api; /* NULL once freed: only what is being written goes on */
    struct wi_budget *budget;
    struct wi_db *db;
    struct wi_timer *beat;
    unsigned beats;
    struct entry *entries; /* being run, or their end being written */
    struct wi_durable_watcher *watchers;
    int taking, sweeping;
    size_t writing; /* pieces of work that will call back */
    size_t open;    /* rows that are not finished */
    struct wi_durable_counters counters;
};

static void feed(struct wi_durable *durable);

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

static void tell(struct wi_durable *durable, const char *id)
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

/* --- the end of a run ------------------------------------------------------------------------ */

static void free_entry(struct entry *entry)
{
    entry->durable->budget->used -= entry->charged;
    wi_printing_free(entry->printing);
    wi_buffer_clear(&entry->problem);
    free(entry->parts);
    wi_row_clear(&entry->row);
    free(entry);
}

/* On the writer's thread. */
static void print(void *context)
{
    struct entry *entry = context;
    size_t count;
    wi_printing_run(entry->printing);
    const struct MHD_IoVec *slices = wi_printing_slices(entry->printing, &count);
    entry->parts = wi_realloc_array(NULL, count, sizeof *entry->parts);
    for (size_t i = 0; i < count; i++)
        entry->parts[i] = (struct wi_row_part){slices[i].iov_base, slices[i].iov_len};
    entry->finish.parts = entry->parts;
    entry->finish.part_count = count;
}

static void count_end(struct wi_durable *durable, enum wi_row_state state)
{
    durable->counters.done += state == WI_ROW_DONE;
    durable->counters.failed += state == WI_ROW_FAILED;
    durable->counters.cancelled += state == WI_ROW_CANCELLED;
    if (durable->open > 0)
        durable->open--;
}

static void on_finished(void *data, const struct wi_error *failure)
{
    struct entry *entry = data;
    struct wi_durable *durable = entry->durable;
    if (failure && durable->api) {
        wi_warn("jobs", entry->row.id, "its end could not be stored, which is tried again: %s",
            failure->detail);
        entry->unwritten = 1;
        wi_durable_written(durable);
        return;
    }
    HASH_DEL(durable->entries, entry);
    if (!failure && entry->finish.finished) {
        count_end(durable, entry->finish.state);
        durable->counters.bytes += entry->finish.answer_size;
        durable->counters.bytes -= entry->finish.body_size;
    }
    char id[WI_ID_SIZE];
    memcpy(id, entry->row.id, sizeof id);
    free_entry(entry);
    if (!wi_durable_written(durable) || !durable->api)
        return;
    tell(durable, id);
    feed(durable);
}

static void write_end(struct entry *entry)
{
    entry->unwritten = 0;
    wi_durable_submit(entry->durable, wi_row_finish, on_finished, entry);
}

/* The job's last state; its answer is the printing, or the problem of `error`. */
static void finish(struct entry *entry, enum wi_row_state state, const struct wi_error *error)
{
    struct wi_row_finish *end = &entry->finish;
    memcpy(end->id, entry->row.id, sizeof end->id);
    end->state = state;
    end->status = error ? wi_code_status(error->code) : 200;
    end->now = wi_wall_ms();
    if (error) {
        wi_problem_write(&entry->problem, error, NULL);
        entry->parts = wi_alloc(sizeof *entry->parts);
        *entry->parts = (struct wi_row_part){entry->problem.text, entry->problem.size};
        end->parts = entry->parts;
        end->part_count = 1;
        /* Who asks again after a failure of ours wants another try. */
        end->forget_key = entry->row.infer && end->status > 500;
    } else {
        end->prepare = print;
        end->context = entry;
    }
    write_end(entry);
}

/* --- back into the queue --------------------------------------------------------------------- */

struct back {
    struct wi_row_return op;
    struct wi_durable *durable;
};

static void on_returned(void *data, const struct wi_error *failure)
{
    struct back *back = data;
    struct wi_durable *durable = back->durable;
    if (failure) /* it counts as a run without an end, and waits again after the next start */
        wi_warn("jobs", back->op.id, "could not go back to the queue: %s", failure->detail);
    else
        durable->counters.queued++;
    free(back);
    wi_durable_written(durable);
}

static void put_back(struct entry *entry, const struct wi_error *why, int64_t delay_ms)
{
    struct wi_durable *durable = entry->durable;
    struct back *back = wi_alloc(sizeof *back);
    back->durable = durable;
    memcpy(back->op.id, entry->row.id, sizeof back->op.id);
    back->op.retry_at = wi_wall_ms() + delay_ms;
    if (delay_ms > 0)
        snprintf(back->op.problem, sizeof back->op.problem, "%s", why->detail);
    HASH_DEL(durable->entries, entry);
    free_entry(entry);
    wi_durable_submit(durable, wi_row_return, on_returned, back);
}

static void on_run_done(void *context, enum wi_code code, const struct wi_error *error,
    struct wi_printing *printing, size_t bytes)
{
    struct entry *entry = context;
    struct wi_error too_large;
    entry->run = NULL;
    entry->printing = printing;
    entry->charged = bytes;
    entry->durable->budget->used += bytes;
    if (code == WI_OK && bytes > ANSWER_MAX) {
        wi_error_set(&too_large, WI_STORAGE_FAILED, NULL,
            "The answer is too large to be kept; ask for binary, or for fewer outputs.");
        finish(entry, WI_ROW_FAILED, &too_large);
    } else if (code == WI_OK)
        finish(entry, WI_ROW_DONE, NULL);
    else if (code == WI_CANCELLED)
        finish(entry, WI_ROW_CANCELLED, error);
    else if (code == WI_SHUTTING_DOWN)
        put_back(entry, error, 0);
    else if (code == WI_QUEUE_FULL || code == WI_CLIENT_SHARE || code == WI_MEMORY_BUDGET)
        put_back(entry, error, BUSY_MS);
    else if (code == WI_UNAVAILABLE && !entry->row.infer)
        put_back(entry, error, UNAVAILABLE_MS);
    else
        finish(entry, WI_ROW_FAILED, error);
}

/* --- from the queue -------------------------------------------------------------------------- */

struct taking {
    struct wi_row_take op;
    struct wi_durable *durable;
};

static struct entry *make_entry(struct wi_durable *durable, struct wi_row *row)
{
    struct entry *entry = wi_alloc(sizeof *entry);
    entry->durable = durable;
    entry->row = *row;
    *row = (struct wi_row){0};
    entry->suspect = entry->row.crashes > 0;
    HASH_ADD(hh, durable->entries, row.id, strlen(entry->row.id), entry);
    return entry;
}

static void run(struct wi_durable *durable, struct wi_row *row)
{
    struct wi_error error;
    struct entry *entry;
    HASH_FIND_STR(durable->entries, row->id, entry);
    if (entry)
        return; /* its deadline has passed meanwhile: see expire */
    entry = make_entry(durable, row);
    if (entry->row.bytes == NULL) {
        wi_error_set(&error, WI_STORAGE_FAILED, NULL, "The stored request cannot be read back.");
        finish(entry, WI_ROW_FAILED, &error);
    } else if (durable->api == NULL || durable->api->closing) {
        wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
        put_back(entry, &error, 0);
    } else {
        entry->run = wi_run_start(durable->api, &entry->row, on_run_done, entry);
    }
}

static void on_taken(void *data, const struct wi_error *failure)
{
    struct taking *taking = data;
    struct wi_durable *durable = taking->durable;
    durable->taking = 0;
    if (!failure) {
        size_t taken = taking->op.taken;
        durable->counters.queued -= taken < durable->counters.queued ? taken : 0;
        for (size_t i = 0; i < taken; i++)
            run(durable, &taking->op.rows[i]);
    }
    for (size_t i = 0; i < taking->op.taken; i++)
        wi_row_clear(&taking->op.rows[i]);
    int more = !failure && taking->op.taken > 0;
    free(taking->op.rows);
    free(taking);
    if (wi_durable_written(durable) && more && durable->api)
        feed(durable);
}

static size_t room(const struct wi_durable *durable)
{
    const struct wi_api *api = durable->api;
    struct wi_pool_counters pool;
    wi_pool_counters(api->deps.pool, &pool);
    size_t most = RUNS_BASE + RUNS_PER_NODE * pool.nodes;
    size_t half = (size_t)api->deps.config->pool.max_queue / 2 + 1;
    size_t running = HASH_COUNT(durable->entries);
    most = most < half ? most : half;
    return running < most ? most - running : 0;
}

static int runs_a_suspect(const struct wi_durable *durable)
{
    for (const struct entry *entry = durable->entries; entry; entry = entry->hh.next)
        if (entry->suspect)
            return 1;
    return 0;
}

/* Takes what there is room for. */
static void feed(struct wi_durable *durable)
{
    size_t count = room(durable);
    const struct wi_budget *budget = durable->budget;
    int busy = budget->used > budget->limit / 2 && durable->entries;
    /* While the disk is full, trying is for every fifth second. */
    busy |= wi_db_health(durable->db, NULL) != WI_OK && durable->beats % REWRITE_BEATS != 0;
    if (count == 0 || durable->taking || durable->counters.queued == 0 || busy ||
        durable->api->closing)
        return;
    struct taking *taking = wi_alloc(sizeof *taking);
    taking->durable = durable;
    taking->op.count = count;
    taking->op.bytes = budget->limit / BUDGET_SHARE;
    taking->op.suspect = runs_a_suspect(durable);
    taking->op.now = wi_wall_ms();
    durable->taking = 1;
    wi_durable_submit(durable, wi_row_take, on_taken, taking);
}

/* --- keeping house --------------------------------------------------------------------------- */

struct sweep {
    struct wi_row_sweep op;
    struct wi_durable *durable;
};

/* A queued row whose deadline has passed ends without a run. */
static void expire(struct wi_durable *durable, const char *id)
{
    struct wi_row row = {0};
    struct wi_error error;
    struct entry *entry;
    HASH_FIND_STR(durable->entries, id, entry);
    if (entry)
        return; /* taken meanwhile: its run has the same deadline */
    snprintf(row.id, sizeof row.id, "%s", id);
    wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
        "the job's deadline passed while it was waiting to be run");
    durable->counters.expired++;
    if (durable->counters.queued > 0)
        durable->counters.queued--;
    finish(make_entry(durable, &row), WI_ROW_FAILED, &error);
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
        durable->counters.queued = op->queued;
        durable->counters.bytes = op->bytes;
        durable->open = op->open;
    }
    for (size_t i = 0; !failure && durable->api && i < op->late_count; i++)
        expire(durable, op->late[i]);
    if (op->removed == op->limit)
        durable->beats = 0; /* there may be more */
    free(sweep->op.late);
    free(sweep);
    if (wi_durable_written(durable) && durable->api)
        feed(durable);
}

static void sweep(struct wi_durable *durable, int whole)
{
    struct sweep *sweep = wi_alloc(sizeof *sweep);
    sweep->durable = durable;
    sweep->op.now = wi_wall_ms();
    sweep->op.finished_before = sweep->op.now - durable->api->deps.config->pool.job_retention;
    sweep->op.limit = SWEEP_MAX;
    sweep->op.count = whole;
    durable->sweeping = 1;
    wi_durable_submit(durable, wi_row_sweep, on_swept, sweep);
}

static void rewrite(struct wi_durable *durable)
{
    struct entry *entry, *next;
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->unwritten)
            write_end(entry);
    }
}

static void on_beat(void *context)
{
    struct wi_durable *durable = context;
    int64_t retention = durable->api->deps.config->pool.job_retention;
    unsigned every =
        retention < BEATS_PER_SWEEP * BEAT_MS ? (unsigned)(retention / BEAT_MS) : BEATS_PER_SWEEP;
    int whole = durable->beats++ % every == 0;
    if (durable->beats % REWRITE_BEATS == 0)
        rewrite(durable);
    if (!durable->sweeping && (whole || durable->counters.queued > 0))
        sweep(durable, whole);
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
        feed(durable);
}

void wi_durable_replayed(struct wi_durable *durable)
{
    durable->counters.replayed++;
}

int wi_durable_cancel(struct wi_durable *durable, const char *id)
{
    struct entry *entry;
    struct wi_error error;
    HASH_FIND_STR(durable->entries, id, entry);
    if (entry == NULL || entry->run == NULL)
        return -1;
    wi_error_set(&error, WI_CANCELLED, NULL, "the job was cancelled by DELETE /v1/jobs/%s", id);
    wi_run_stop(entry->run, &error);
    return 0;
}

void wi_durable_cancelled(
    struct wi_durable *durable, const char *id, size_t body_size, size_t answer_size)
{
    count_end(durable, WI_ROW_CANCELLED);
    durable->counters.bytes += answer_size;
    durable->counters.bytes -= body_size;
    if (durable->counters.queued > 0)
        durable->counters.queued--;
    tell(durable, id);
}

int wi_durable_running(const struct wi_durable *durable, const char *id, char node[WI_ID_SIZE])
{
    struct entry *entry;
    HASH_FIND_STR(durable->entries, id, entry);
    node[0] = '\0';
    if (entry == NULL || entry->run == NULL)
        return entry != NULL; /* its end is being written */
    json_t *job = wi_jobs_describe(durable->api->deps.jobs, wi_run_job(entry->run));
    const char *on = json_string_value(json_object_get(job, "node"));
    snprintf(node, WI_ID_SIZE, "%s", on ? on : "");
    json_decref(job);
    return *node != '\0';
}

void wi_durable_counters(const struct wi_durable *durable, struct wi_durable_counters *counters)
{
    *counters = (struct wi_durable_counters){0};
    if (durable == NULL)
        return;
    *counters = durable->counters;
    counters->running = HASH_COUNT(durable->entries);
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
        finish(make_entry(durable, &row), WI_ROW_FAILED, &error);
    }
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
    free(recover.poison);
    durable->beat = wi_timer_new(api->deps.loop, on_beat, durable);
    wi_timer_start(durable->beat, 1, BEAT_MS);
    return durable;
}

void wi_durable_free(struct wi_durable *durable)
{
    struct wi_error error;
    struct entry *entry, *next;
    if (durable == NULL)
        return;
    assert(durable->watchers == NULL);
    wi_timer_free(durable->beat);
    wi_error_set(&error, WI_SHUTTING_DOWN, NULL, "the service is shutting down");
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->run)
            wi_run_stop(entry->run, &error);
        else if (entry->unwritten)
            write_end(entry); /* once more; then it counts as a run without an end */
    }
    durable->api = NULL;
    if (durable->writing == 0 && durable->entries == NULL)
        free(durable);
}
