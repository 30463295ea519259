/*
 * The runs of stored jobs: rows are taken from the queue while there is room, run, and finished or
 * put back. Few run at a time, so that what others ask for directly is not kept waiting behind a
 * backlog, and so that few are to be suspected when the daemon dies.
 */
#include "api/durable_private.h"

#include "api/problem.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* Run at a time: so many, and so many more for each node. */
#define RUNS_BASE 4
#define RUNS_PER_NODE 4
/* The part of the memory budget that they may take. */
#define BUDGET_SHARE 4
/* What a row may hold (SQLite's limit is 10^9 bytes); answers are reckoned on the safe side. */
#define ANSWER_MAX 900000000
/* How long a row waits that could not be queued, or that nothing could run. */
#define BUSY_MS 1000
#define UNAVAILABLE_MS 5000
/* So many that nothing can run are tried in a beat, so that a backlog of them costs little; and as
 * they go behind the others, what can be run is found among them. */
#define VAIN_PER_BEAT 100

/* --- the end of a run ------------------------------------------------------------------------ */

static void free_entry(struct wi_durable_entry *entry)
{
    wi_budget_give(entry->durable->budget, entry->charged);
    wi_printing_free(entry->printing);
    wi_buffer_clear(&entry->problem);
    free(entry->parts);
    wi_row_clear(&entry->row);
    free(entry);
}

/* On the writer's thread. */
static void print(void *context)
{
    struct wi_durable_entry *entry = context;
    size_t count;
    wi_printing_run(entry->printing);
    const struct MHD_IoVec *slices = wi_printing_slices(entry->printing, &count);
    entry->parts = wi_realloc_array(NULL, count, sizeof *entry->parts);
    for (size_t i = 0; i < count; i++)
        entry->parts[i] = (struct wi_row_part){slices[i].iov_base, slices[i].iov_len};
    entry->finish.parts = entry->parts;
    entry->finish.part_count = count;
}

void wi_durable_count_end(struct wi_durable *durable, enum wi_row_state state)
{
    durable->counters.done += state == WI_ROW_DONE;
    durable->counters.failed += state == WI_ROW_FAILED;
    durable->counters.cancelled += state == WI_ROW_CANCELLED;
    if (durable->open > 0)
        durable->open--;
}

static void on_finished(void *data, const struct wi_error *failure)
{
    struct wi_durable_entry *entry = data;
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
        wi_durable_count_end(durable, entry->finish.state);
        durable->counters.bytes += entry->finish.answer_size;
        durable->counters.bytes -= entry->finish.body_size;
    }
    char id[WI_ID_SIZE];
    memcpy(id, entry->row.id, sizeof id);
    free_entry(entry);
    if (!wi_durable_written(durable) || !durable->api)
        return;
    wi_durable_tell(durable, id);
    wi_durable_feed(durable);
}

void wi_durable_rewrite(struct wi_durable_entry *entry)
{
    entry->unwritten = 0;
    wi_durable_submit(entry->durable, wi_row_finish, on_finished, entry);
}

/* The job's last state; its answer is the printing, or the problem of `error`. */
void wi_durable_finish(
    struct wi_durable_entry *entry, enum wi_row_state state, const struct wi_error *error)
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
    wi_durable_rewrite(entry);
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
    int in_vain = back->op.behind_at > 0;
    free(back);
    if (wi_durable_written(durable) && in_vain && durable->api)
        wi_durable_feed(durable);
}

static void put_back(struct wi_durable_entry *entry, const struct wi_error *why, int64_t delay_ms)
{
    struct wi_durable *durable = entry->durable;
    struct back *back = wi_alloc(sizeof *back);
    back->durable = durable;
    memcpy(back->op.id, entry->row.id, sizeof back->op.id);
    back->op.retry_at = wi_wall_ms() + delay_ms;
    if (why->code == WI_UNAVAILABLE) {
        back->op.behind_at = wi_wall_ms();
        durable->vain++;
    }
    if (delay_ms > 0)
        snprintf(back->op.problem, sizeof back->op.problem, "%s", why->detail);
    HASH_DEL(durable->entries, entry);
    free_entry(entry);
    wi_durable_submit(durable, wi_row_return, on_returned, back);
}

static void on_run_done(void *context, enum wi_code code, const struct wi_error *error,
    struct wi_printing *printing, size_t bytes)
{
    struct wi_durable_entry *entry = context;
    struct wi_error too_large;
    entry->run = NULL;
    entry->printing = printing;
    entry->charged = bytes;
    wi_budget_force(entry->durable->budget, bytes);
    if (code == WI_OK && bytes > ANSWER_MAX) {
        wi_error_set(&too_large, WI_STORAGE_FAILED, NULL,
            "The answer is too large to be kept; ask for binary, or for fewer outputs.");
        wi_durable_finish(entry, WI_ROW_FAILED, &too_large);
    } else if (code == WI_OK)
        wi_durable_finish(entry, WI_ROW_DONE, NULL);
    else if (code == WI_CANCELLED)
        wi_durable_finish(entry, WI_ROW_CANCELLED, error);
    else if (code == WI_SHUTTING_DOWN)
        put_back(entry, error, 0);
    else if (code == WI_QUEUE_FULL || code == WI_CLIENT_SHARE || code == WI_MEMORY_BUDGET)
        put_back(entry, error, BUSY_MS);
    else if (code == WI_UNAVAILABLE && !entry->row.infer)
        put_back(entry, error, UNAVAILABLE_MS);
    else
        wi_durable_finish(entry, WI_ROW_FAILED, error);
}

/* --- from the queue -------------------------------------------------------------------------- */

struct taking {
    struct wi_row_take op;
    struct wi_durable *durable;
};

struct wi_durable_entry *wi_durable_entry_new(struct wi_durable *durable, struct wi_row *row)
{
    struct wi_durable_entry *entry = wi_alloc(sizeof *entry);
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
    struct wi_durable_entry *entry;
    HASH_FIND_STR(durable->entries, row->id, entry);
    if (entry)
        return; /* its deadline has passed meanwhile: see expire */
    entry = wi_durable_entry_new(durable, row);
    if (entry->row.bytes == NULL) {
        wi_error_set(&error, WI_STORAGE_FAILED, NULL, "The stored request cannot be read back.");
        wi_durable_finish(entry, WI_ROW_FAILED, &error);
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
        durable->counters.queued -=
            taken < durable->counters.queued ? taken : durable->counters.queued;
        for (size_t i = 0; i < taken; i++)
            run(durable, &taking->op.rows[i]);
    }
    for (size_t i = 0; i < taking->op.taken; i++)
        wi_row_clear(&taking->op.rows[i]);
    int more = !failure && taking->op.taken > 0;
    free(taking->op.rows);
    free(taking);
    if (wi_durable_written(durable) && more && durable->api)
        wi_durable_feed(durable);
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
    for (const struct wi_durable_entry *entry = durable->entries; entry; entry = entry->hh.next)
        if (entry->suspect)
            return 1;
    return 0;
}

/* Takes what there is room for. */
void wi_durable_feed(struct wi_durable *durable)
{
    size_t count = room(durable);
    const struct wi_budget *budget = durable->budget;
    int busy = budget->used > budget->limit / 2 && durable->entries;
    /* While the disk is full, trying is for every fifth second. */
    busy |=
        wi_db_health(durable->db, NULL) != WI_OK && durable->beats % WI_DURABLE_REWRITE_BEATS != 0;
    if (count == 0 || durable->taking || durable->counters.queued == 0 || busy ||
        durable->vain >= VAIN_PER_BEAT || durable->api->closing)
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
