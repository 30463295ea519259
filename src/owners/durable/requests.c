/*
 * Operations on stored jobs for requests: a job is accepted, read, listed, cancelled, or watched
 * until it ends. The effects on the counts and the runs are handled here, whether or not the
 * request is still there when the database has done its part.
 */
#include "owners/durable/private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* --- work of the database -------------------------------------------------------------------- */

/* One request's, until the database has done it. */
struct wanted {
    struct wi_durable *durable;
    wi_db_work_fn *work;
    void *op;
    wi_db_done_fn *done;
    void *data;
};

static enum wi_code do_wanted(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct wanted *wanted = data;
    return wanted->work(sqlite, wanted->op, error);
}

static void on_done(void *data, const struct wi_error *failure)
{
    struct wanted *wanted = data;
    wanted->done(wanted->data, failure);
    wi_durable_written(wanted->durable);
    free(wanted);
}

static struct wanted *wanted_keep(const struct wanted *given)
{
    struct wanted *wanted = wi_alloc(sizeof *wanted);
    *wanted = *given;
    return wanted;
}

static void wanted_submit(
    struct wi_durable *durable, const struct wanted *given, wi_db_done_fn *on_end)
{
    wi_durable_submit(durable, do_wanted, on_end, wanted_keep(given));
}

void wi_durable_read(
    struct wi_durable *durable, struct wi_row_read *op, wi_db_done_fn *done, void *data)
{
    wanted_submit(durable, &(struct wanted){durable, wi_row_read, op, done, data}, on_done);
}

void wi_durable_list(
    struct wi_durable *durable, struct wi_row_list *op, wi_db_done_fn *done, void *data)
{
    durable->writing++; /* its result is only shown, and no decision depends on it */
    wi_db_look(durable->deps.db, do_wanted, on_done,
        wanted_keep(&(struct wanted){durable, wi_row_list, op, done, data}));
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
    const struct wi_row_accept *op = wanted->op;
    int added = !failure && op->found == WI_ROW_NEW && !op->look;
    if (added) {
        durable->counters.accepted++;
        durable->counters.queued++;
        wi_durable_count_begin(durable, op->row.client, op->row.body_size);
    }
    durable->counters.replayed += !failure && op->found == WI_ROW_SAME;
    if (added)
        wi_turn_schedule(durable->feeding);
    on_done(wanted, failure);
}

void wi_durable_accept(
    struct wi_durable *durable, struct wi_row_accept *op, wi_db_done_fn *done, void *data)
{
    wanted_submit(durable, &(struct wanted){durable, wi_row_accept, op, done, data}, on_accepted);
}

/* --- cancelling ------------------------------------------------------------------------------ */

struct cancelling {
    struct wi_row_cancel op; /* first: `tell` finds the rest by it */
    struct wi_row_part part;
    struct wi_buffer problem;
    char owner[WI_ROW_CLIENT_MAX + 1]; /* of the row that waits */
    struct wi_durable *durable;
    struct wi_durable_cancel *asked;
    wi_db_done_fn *done;
    void *data;
};

static void tell_cancelled(struct wi_row_cancel *op, const struct wi_row *row)
{
    struct cancelling *cancelling = (struct cancelling *)op;
    struct wi_error error;
    wi_durable_cancelled(row->id, &error);
    memcpy(cancelling->owner, row->client, sizeof cancelling->owner);
    wi_buffer_clear(&cancelling->problem);
    const struct wi_dialect *dialect = wi_dialect_of_errors(row->dialect);
    dialect->print_error(dialect, &cancelling->problem, &error, NULL);
    cancelling->part = (struct wi_row_part){cancelling->problem.text, cancelling->problem.size};
    op->finish.parts = &cancelling->part;
    op->finish.part_count = 1;
}

/* Its row was running: it is somewhere between the queue and its end. */
static void cancel_run(struct wi_durable *durable, const char *id)
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
    } /* else it has ended, or is on its way back to the queue, where wi_row_return sees it */
}

static void count_cancelled(
    struct wi_durable *durable, const char *client, const struct wi_row_finish *end)
{
    wi_durable_count_end(durable, client, end);
    if (durable->counters.queued > 0)
        durable->counters.queued--;
    wi_durable_tell(durable, end->id);
}

static void on_cancelled(void *data, const struct wi_error *failure)
{
    struct cancelling *cancelling = data;
    struct wi_durable *durable = cancelling->durable;
    const struct wi_row_cancel *op = &cancelling->op;
    cancelling->asked->found = !failure && op->found;
    if (!failure && op->finish.finished)
        count_cancelled(durable, cancelling->owner, &op->finish);
    else if (!failure && op->found && op->before == WI_ROW_RUNNING)
        cancel_run(durable, op->finish.id);
    cancelling->done(cancelling->data, failure);
    wi_durable_written(durable);
    wi_buffer_clear(&cancelling->problem);
    free(cancelling);
}

void wi_durable_cancel(
    struct wi_durable *durable, struct wi_durable_cancel *asked, wi_db_done_fn *done, void *data)
{
    struct cancelling *cancelling = wi_alloc(sizeof *cancelling);
    struct wi_row_cancel *op = &cancelling->op;
    cancelling->durable = durable;
    cancelling->asked = asked;
    cancelling->done = done;
    cancelling->data = data;
    memcpy(op->client, asked->client, sizeof op->client);
    memcpy(op->finish.id, asked->id, sizeof op->finish.id);
    op->finish.state = WI_ROW_CANCELLED;
    op->finish.status = wi_code_status(WI_CANCELLED);
    op->finish.now = wi_steady_ms();
    op->tell = tell_cancelled;
    wi_durable_submit(durable, wi_row_cancel, on_cancelled, cancelling);
}
