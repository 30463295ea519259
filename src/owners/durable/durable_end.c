/*
 * The ends of stored jobs' runs: an answer is printed once there is memory for it, the record is
 * finished or goes back into the queue, and failed writes are kept and retried, so that a full disk
 * loses no computed answer.
 */
#include "owners/durable/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <string.h>

/* What a record may hold, in any store; SQLite's limit is 10^9 bytes. */
#define ANSWER_MAX 900000000
/* Printed at once on the loop: about a millisecond. */
#define INLINE_PRINT_MAX (64 * 1024)
/* How long a record waits that nothing could run. */
#define UNAVAILABLE_MS 5000
/* How long one is left to the other members, if its model is not here. */
#define LACKING_MS 30000

/* --- writing ---------------------------------------------------------------------------------- */

/* Who waits is told the first time; that the store cannot be written is in the log already. */
static void keep_unwritten(struct wi_durable_entry *entry, const struct wi_error *failure)
{
    struct wi_durable *durable = entry->durable;
    entry->step = WI_DURABLE_UNWRITTEN;
    wi_durable_written(durable);
    if (entry->stuck)
        return;
    entry->stuck = wi_alloc(sizeof *entry->stuck);
    *entry->stuck = *failure;
    wi_debug("jobs", entry->record.id, "its end could not be stored, which is tried again: %s",
        failure->detail);
    char id[WI_ID_SIZE];
    memcpy(id, entry->record.id, sizeof id);
    wi_durable_tell(durable, id);
}

static void note_lost(const struct wi_durable_entry *entry, const struct wi_error *failure)
{
    wi_warn("jobs", entry->record.id, "its end could not be stored, so it runs again: %s",
        failure->detail);
}

static void tell_end(const struct wi_durable_entry *entry)
{
    const struct wi_record *record = &entry->record;
    const struct wi_run_success *success = entry->success;
    const struct wi_run_ending ending = {.id = record->client_id ? record->client_id : record->id,
        .client = record->client,
        .model_name = success ? success->outcome.model_name : record->model_name,
        .code = entry->code,
        .asked = success ? success->asked : NULL,
        .outcome = success ? &success->outcome : NULL,
        .total_ms = wi_durable_age(record)};
    wi_run_tell_end(&entry->durable->deps.runs, &ending);
}

static void on_finished(void *data, const struct wi_error *failure)
{
    struct wi_durable_entry *entry = data;
    struct wi_durable *durable = entry->durable;
    const struct wi_record_finish *end = &entry->finish;
    if (failure && !durable->freed) {
        keep_unwritten(entry, failure);
        return;
    }
    if (failure) {
        note_lost(entry, failure);
    } else if (end->finished) {
        wi_durable_count_end(durable, entry->record.client, end);
        tell_end(entry);
    } else {
        durable->counters.dropped++;
    }
    char id[WI_ID_SIZE];
    memcpy(id, entry->record.id, sizeof id);
    wi_durable_entry_free(entry);
    if (!wi_durable_written(durable) || durable->freed)
        return;
    wi_durable_tell(durable, id);
    wi_durable_print_waiting(durable);
    wi_turn_schedule(durable->feeding);
}

static void on_returned(void *data, const struct wi_error *failure)
{
    struct wi_durable_entry *entry = data;
    struct wi_durable *durable = entry->durable;
    int unsuccessful = entry->back.behind_at > 0;
    if (failure && !durable->freed) {
        keep_unwritten(entry, failure);
        return;
    }
    if (!failure && entry->back.returned == WI_RECORD_TO_CANCEL) {
        wi_durable_finish_cancelled(entry);
        wi_durable_written(durable);
        return;
    }
    if (failure)
        note_lost(entry, failure);
    else
        durable->counters.queued += entry->back.returned == WI_RECORD_BACK;
    wi_durable_entry_free(entry);
    if (wi_durable_written(durable) && unsuccessful && !durable->freed)
        wi_turn_schedule(durable->feeding);
}

void wi_durable_rewrite(struct wi_durable_entry *entry)
{
    entry->step = WI_DURABLE_WRITING;
    if (entry->returning)
        WI_DURABLE_ASK(entry->durable, give_back, &entry->back, on_returned, entry);
    else
        WI_DURABLE_ASK(entry->durable, finish, &entry->finish, on_finished, entry);
}

/* Writes the job's last state with the parts that are there. */
static void write_end(struct wi_durable_entry *entry, enum wi_record_state state, int status)
{
    struct wi_record_finish *end = &entry->finish;
    memcpy(end->id, entry->record.id, sizeof end->id);
    end->state = state;
    end->status = status;
    end->now = wi_steady_ms();
    end->parts = entry->parts;
    /* Who asks again after a failure of ours wants another try. */
    end->forget_key = status > 500;
    entry->returning = 0;
    wi_durable_rewrite(entry);
}

void wi_durable_finish(
    struct wi_durable_entry *entry, enum wi_record_state state, const struct wi_error *error)
{
    const struct wi_dialect *dialect = wi_dialect_of_errors(entry->record.dialect);
    wi_durable_entry_drop(entry);
    entry->code = error->code;
    dialect->print_error(dialect, &entry->problem, error, NULL);
    entry->parts = wi_alloc(sizeof *entry->parts);
    *entry->parts = (struct wi_record_part){entry->problem.text, entry->problem.size};
    entry->finish.part_count = 1;
    write_end(entry, state, wi_dialect_status(dialect, error->code));
}

void wi_durable_finish_cancelled(struct wi_durable_entry *entry)
{
    struct wi_error error;
    wi_durable_cancelled(entry->record.id, &error);
    wi_durable_finish(entry, WI_RECORD_CANCELLED, &error);
}

/* --- printing --------------------------------------------------------------------------------- */

static void refuse_answer(struct wi_durable_entry *entry, uint64_t bytes, uint64_t most)
{
    struct wi_error error;
    wi_error_set(&error, WI_ANSWER_TOO_LARGE, NULL,
        "the answer takes %llu bytes, and %llu can be kept; ask for binary, or for fewer outputs",
        (unsigned long long)bytes, (unsigned long long)most);
    wi_durable_finish(entry, WI_RECORD_FAILED, &error);
}

static void store_answer(struct wi_durable_entry *entry)
{
    size_t count = entry->printing->slice_count;
    uint64_t bytes = 0;
    const struct wi_slice *slices = entry->printing->slices;
    entry->parts = wi_realloc_array(NULL, count, sizeof *entry->parts);
    for (size_t i = 0; i < count; i++) {
        entry->parts[i] = (struct wi_record_part){slices[i].bytes, slices[i].size};
        bytes += slices[i].size;
    }
    entry->finish.part_count = count;
    if (bytes > ANSWER_MAX) {
        refuse_answer(entry, bytes, ANSWER_MAX);
        return;
    }
    const struct wi_run_deps *runs = &entry->durable->deps.runs;
    if (runs->on_stored)
        runs->on_stored(runs->context, entry->counted_as, entry->record.body_size, bytes);
    write_end(entry, WI_RECORD_DONE, 200);
}

static void entry_print(void *data)
{
    struct wi_durable_entry *entry = data;
    wi_printing_run(entry->printing);
}

static void on_printed(void *data, int cancelled)
{
    struct wi_durable_entry *entry = data;
    struct wi_error error;
    if (!cancelled) {
        store_answer(entry);
        return;
    }
    wi_durable_shutting_down(&error);
    wi_durable_put_back(entry, &error, 0);
}

/* The entry, which waits, goes on to print, or ends: 1; or it has to wait on. */
static int try_to_print(struct wi_durable_entry *entry)
{
    struct wi_durable *durable = entry->durable;
    struct wi_error error;
    uint64_t needs = entry->printing->needs;
    if (needs > durable->deps.runs.budget->limit) {
        refuse_answer(entry, needs, durable->deps.runs.budget->limit);
    } else if (wi_budget_take(durable->deps.runs.budget, needs) == 0) {
        entry->charged = needs;
        entry->step = WI_DURABLE_PRINTING;
        if (needs <= INLINE_PRINT_MAX) {
            entry_print(entry);
            on_printed(entry, 0);
        } else {
            wi_work_queue_start(durable->deps.runs.heavy, 0, entry_print, on_printed, entry);
        }
    } else if (wi_steady_ms() >= entry->record.deadline_at) {
        wi_error_set(&error, WI_DEADLINE_EXCEEDED, "timeout_ms",
            "the job's deadline passed while its answer waited for memory to be printed in; ask "
            "for binary");
        wi_durable_finish(entry, WI_RECORD_FAILED, &error);
    } else {
        return 0;
    }
    return 1;
}

static void put_back_waiting(struct wi_durable_entry *entry)
{
    struct wi_error error;
    wi_error_set(&error, WI_MEMORY_BUDGET, NULL, "there was no memory to print the answer in");
    wi_durable_put_back(entry, &error, WI_DURABLE_BUSY_MS);
}

/* Where several wait and none of ours is on its way out, they may hold what each of them waits for:
 * the oldest stays, the others give their memory back and run again. */
void wi_durable_print_waiting(struct wi_durable *durable)
{
    struct wi_durable_entry *entry, *next, *oldest = NULL;
    int moving = 0;
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->step == WI_DURABLE_WAITING && !try_to_print(entry) && !oldest)
            oldest = entry;
        moving |= entry->step > WI_DURABLE_WAITING;
    }
    if (moving)
        return;
    HASH_ITER(hh, durable->entries, entry, next)
    {
        if (entry->step == WI_DURABLE_WAITING && entry != oldest)
            put_back_waiting(entry);
    }
}

/* --- back into the queue ---------------------------------------------------------------------- */

void wi_durable_put_back(
    struct wi_durable_entry *entry, const struct wi_error *why, int64_t delay_ms)
{
    struct wi_record_return *back = &entry->back;
    memcpy(back->id, entry->record.id, sizeof back->id);
    back->attempts =
        why->attempts > entry->record.attempts ? why->attempts : entry->record.attempts;
    back->retry_at = wi_steady_ms() + delay_ms;
    if (why->code == WI_UNAVAILABLE)
        back->behind_at = wi_steady_ms();
    back->is_unable = why->code == WI_UNAVAILABLE || why->code == WI_MODEL_NOT_FOUND;
    entry->durable->empty_runs += back->is_unable;
    if (delay_ms > 0)
        wi_text_copy(back->problem, sizeof back->problem, why->detail);
    wi_durable_entry_drop(entry);
    entry->returning = 1;
    wi_durable_rewrite(entry);
}

static int is_left_to_others(const struct wi_durable_entry *entry, enum wi_code code)
{
    const struct wi_durable_deps *deps = &entry->durable->deps;
    return (code == WI_MODEL_NOT_FOUND || code == WI_UNAVAILABLE) && deps->may_run_elsewhere &&
           deps->may_run_elsewhere(deps->context, &entry->record, code);
}

/* When it is to run again; -1: not at all. */
static int64_t delay_after(const struct wi_durable_entry *entry, enum wi_code code)
{
    if (is_left_to_others(entry, code))
        return code == WI_MODEL_NOT_FOUND ? LACKING_MS : UNAVAILABLE_MS;
    if (code == WI_SHUTTING_DOWN)
        return 0;
    if (code == WI_QUEUE_FULL || code == WI_CLIENT_SHARE || code == WI_MEMORY_BUDGET)
        return WI_DURABLE_BUSY_MS;
    return code == WI_UNAVAILABLE && !entry->record.infer ? UNAVAILABLE_MS : -1;
}

int wi_durable_runs_again(void *context, const struct wi_error *error)
{
    return delay_after(context, error->code) >= 0;
}

void wi_durable_on_run_done(
    void *context, struct wi_printing *printing, const struct wi_error *error)
{
    struct wi_durable_entry *entry = context;
    enum wi_code code = error ? error->code : WI_OK;
    int64_t delay_ms = delay_after(entry, code);
    entry->counted_as = wi_run_counted_as(entry->run);
    entry->success = wi_run_take_success(entry->run);
    entry->run = NULL;
    wi_budget_give(entry->durable->deps.runs.budget, entry->charged);
    entry->charged = 0;
    if (code == WI_OK) {
        entry->printing = printing;
        entry->step = WI_DURABLE_WAITING;
        wi_durable_print_waiting(entry->durable);
    } else if (code == WI_CANCELLED)
        wi_durable_finish(entry, WI_RECORD_CANCELLED, error);
    else if (delay_ms >= 0)
        wi_durable_put_back(entry, error, delay_ms);
    else
        wi_durable_finish(entry, WI_RECORD_FAILED, error);
}
