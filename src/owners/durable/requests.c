/*
 * Operations on stored jobs for requests: a job is accepted, read, listed, cancelled, or watched
 * until it ends. The effects on the counts and the runs are handled here, whether or not the
 * request is still there when the store has done its part.
 */
#include "owners/durable/private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* --- reading --------------------------------------------------------------------------------- */

/* What a request asked for, until the store has done it. */
struct wanted {
    struct wi_durable *durable;
    wi_job_store_done_fn *done;
    void *data;
    const struct wi_record_accept *accept; /* if it is that */
};

static void on_done(void *data, const struct wi_error *failure)
{
    struct wanted *wanted = data;
    wanted->done(wanted->data, failure);
    wi_durable_written(wanted->durable);
    free(wanted);
}

static struct wanted *wanted_new(struct wi_durable *durable, wi_job_store_done_fn *done, void *data)
{
    struct wanted *wanted = wi_alloc(sizeof *wanted);
    *wanted = (struct wanted){.durable = durable, .done = done, .data = data};
    return wanted;
}

void wi_durable_read(
    struct wi_durable *durable, struct wi_record_read *op, wi_job_store_done_fn *done, void *data)
{
    WI_DURABLE_ASK(durable, read, op, on_done, wanted_new(durable, done, data));
}

void wi_durable_list(
    struct wi_durable *durable, struct wi_record_list *op, wi_job_store_done_fn *done, void *data)
{
    WI_DURABLE_ASK(durable, list, op, on_done, wanted_new(durable, done, data));
}

/* --- accepting ------------------------------------------------------------------------------- */

enum wi_code wi_durable_admit(
    const struct wi_durable *durable, const char *client, size_t bytes, struct wi_error *error)
{
    if (!durable)
        return wi_error_set(error, WI_UNAVAILABLE, NULL, "there is no database to keep jobs in");
    if (durable->closing || wi_jobs_admit(durable->deps.runs.jobs, NULL, error) == WI_SHUTTING_DOWN)
        return wi_durable_shutting_down(error);
    if (durable->open >= WI_DURABLE_OPEN_MAX)
        return wi_error_set(error, WI_QUEUE_FULL, NULL,
            "%zu jobs are accepted and not finished, which is the limit; try again later",
            durable->open);
    uint64_t most = (uint64_t)durable->deps.runs.config->store.max_size;
    if (durable->counters.bytes + bytes <= most)
        return wi_durable_check_share(durable, client, bytes, error);
    return wi_error_set(error, WI_STORAGE_FAILED, NULL,
        "accepted jobs and their results take %llu bytes, and [store] max_size is %llu; results "
        "make room when they expire",
        (unsigned long long)durable->counters.bytes, (unsigned long long)most);
}

static void on_accepted(void *data, const struct wi_error *failure)
{
    struct wanted *wanted = data;
    struct wi_durable *durable = wanted->durable;
    const struct wi_record_accept *op = wanted->accept;
    int added = !failure && op->found == WI_RECORD_NEW && !op->look;
    if (added) {
        durable->counters.accepted++;
        durable->counters.queued++;
        wi_durable_count_begin(durable, op->record.client, op->record.body_size);
    }
    durable->counters.replayed += !failure && op->found == WI_RECORD_SAME;
    if (added)
        wi_turn_schedule(durable->feeding);
    on_done(wanted, failure);
}

void wi_durable_accept(
    struct wi_durable *durable, struct wi_record_accept *op, wi_job_store_done_fn *done, void *data)
{
    struct wanted *wanted = wanted_new(durable, done, data);
    wanted->accept = op;
    WI_DURABLE_ASK(durable, accept, op, on_accepted, wanted);
}

/* --- cancelling ------------------------------------------------------------------------------ */

struct cancelling {
    struct wi_record_cancel op; /* first: `tell` finds the rest by it */
    struct wi_record_part part;
    struct wi_buffer problem;
    struct wi_record_name owner;  /* the record that waits, … */
    char *client_id, *model_name; /* … and what it says of itself; owned */
    double age;                   /* milliseconds */
    struct wi_durable *durable;
    struct wi_durable_cancel *asked;
    wi_job_store_done_fn *done;
    void *data;
};

static void tell_cancelled(struct wi_record_cancel *op, const struct wi_record *record)
{
    struct cancelling *cancelling = (struct cancelling *)op;
    struct wi_error error;
    wi_durable_cancelled(record->id, &error);
    memcpy(cancelling->owner.id, record->id, sizeof cancelling->owner.id);
    memcpy(cancelling->owner.client, record->client, sizeof cancelling->owner.client);
    free(cancelling->client_id); /* a store may call this again */
    free(cancelling->model_name);
    cancelling->client_id = wi_strdup(record->client_id);
    cancelling->model_name = wi_strdup(record->model_name);
    cancelling->age = wi_durable_age(record);
    wi_buffer_clear(&cancelling->problem);
    const struct wi_dialect *dialect = wi_dialect_of_errors(record->dialect);
    dialect->print_error(dialect, &cancelling->problem, &error, NULL);
    cancelling->part = (struct wi_record_part){cancelling->problem.text, cancelling->problem.size};
    op->finish.parts = &cancelling->part;
    op->finish.part_count = 1;
}

void wi_durable_cancel_run(struct wi_durable *durable, const char *id)
{
    struct wi_durable_entry *entry = WI_TABLE_FIND(durable->entries, id, strlen(id));
    int unseen = entry && !entry->returning &&
                 (entry->step == WI_DURABLE_WAITING || entry->step == WI_DURABLE_UNWRITTEN);
    if (unseen) { /* it has an answer, which no client can have got */
        wi_durable_finish_cancelled(entry);
    } else if (entry && entry->run) {
        struct wi_error error;
        wi_durable_cancelled(id, &error);
        wi_run_stop(entry->run, &error);
    } /* else it has ended, or runs elsewhere, or is on its way back, which `give_back` sees */
}

static void count_cancelled(struct wi_durable *durable, const struct cancelling *cancelling)
{
    const struct wi_record_finish *end = &cancelling->op.finish;
    const char *client_id = cancelling->client_id;
    const struct wi_run_ending ending = {.id = client_id ? client_id : cancelling->owner.id,
        .client = cancelling->owner.client,
        .model_name = cancelling->model_name,
        .code = WI_CANCELLED,
        .total_ms = cancelling->age};
    wi_run_tell_end(&durable->deps.runs, &ending);
    wi_durable_count_end(durable, cancelling->owner.client, end);
    if (durable->counters.queued > 0)
        durable->counters.queued--;
    wi_durable_tell(durable, end->id);
}

static void on_cancelled(void *data, const struct wi_error *failure)
{
    struct cancelling *cancelling = data;
    struct wi_durable *durable = cancelling->durable;
    const struct wi_record_cancel *op = &cancelling->op;
    cancelling->asked->found = !failure && op->found;
    if (!failure && op->finish.finished)
        count_cancelled(durable, cancelling);
    else if (!failure && op->found && op->before == WI_RECORD_RUNNING)
        wi_durable_cancel_run(durable, op->finish.id);
    cancelling->done(cancelling->data, failure);
    wi_durable_written(durable);
    wi_buffer_clear(&cancelling->problem);
    free(cancelling->client_id);
    free(cancelling->model_name);
    free(cancelling);
}

void wi_durable_cancel(struct wi_durable *durable, struct wi_durable_cancel *asked,
    wi_job_store_done_fn *done, void *data)
{
    struct cancelling *cancelling = wi_alloc(sizeof *cancelling);
    struct wi_record_cancel *op = &cancelling->op;
    cancelling->durable = durable;
    cancelling->asked = asked;
    cancelling->done = done;
    cancelling->data = data;
    memcpy(op->client, asked->client, sizeof op->client);
    memcpy(op->finish.id, asked->id, sizeof op->finish.id);
    op->finish.state = WI_RECORD_CANCELLED;
    op->finish.status = wi_code_status(WI_CANCELLED);
    op->finish.now = wi_steady_ms();
    op->tell = tell_cancelled;
    WI_DURABLE_ASK(durable, cancel, op, on_cancelled, cancelling);
}
