/* The rows of the database as a store of jobs: each operation is a piece of work for the writer,
 * except that lists are read beside it. */
#include "settings/store/rows_store.h"

#include "base/clock.h"
#include "base/memory.h"
#include "settings/store/rows.h"
#include <stdlib.h>

/* --- one operation ---------------------------------------------------------------------------- */

/* On its way through the database; the caller's `data` is not the operation's struct. */
struct operation {
    wi_db_work_fn *work;
    void *op;
    wi_job_store_done_fn *done;
    void *data;
};

static enum wi_code operation_work(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct operation *operation = data;
    return operation->work(sqlite, operation->op, error);
}

static void on_worked(void *data, const struct wi_error *failure)
{
    struct operation *operation = data;
    operation->done(operation->data, failure);
    free(operation);
}

static struct operation *operation_new(
    wi_db_work_fn *work, void *op, wi_job_store_done_fn *done, void *data)
{
    struct operation *operation = wi_alloc(sizeof *operation);
    *operation = (struct operation){work, op, done, data};
    return operation;
}

/* Done on the writer's thread, behind all that was asked for before. */
static void operation_write(
    void *db, wi_db_work_fn *work, void *op, wi_job_store_done_fn *done, void *data)
{
    wi_db_submit(db, operation_work, on_worked, operation_new(work, op, done, data));
}

/* --- the operations --------------------------------------------------------------------------- */

static void accept_row(
    void *db, struct wi_record_accept *op, wi_job_store_done_fn *done, void *data)
{
    operation_write(db, wi_row_accept, op, done, data);
}

static void take_rows(void *db, struct wi_record_take *op, wi_job_store_done_fn *done, void *data)
{
    operation_write(db, wi_row_take, op, done, data);
}

static void return_row(
    void *db, struct wi_record_return *op, wi_job_store_done_fn *done, void *data)
{
    operation_write(db, wi_row_return, op, done, data);
}

static void finish_row(
    void *db, struct wi_record_finish *op, wi_job_store_done_fn *done, void *data)
{
    operation_write(db, wi_row_finish, op, done, data);
}

static void cancel_row(
    void *db, struct wi_record_cancel *op, wi_job_store_done_fn *done, void *data)
{
    operation_write(db, wi_row_cancel, op, done, data);
}

/* Behind what was written before: a caller may watch the row in the callback. */
static void read_row(void *db, struct wi_record_read *op, wi_job_store_done_fn *done, void *data)
{
    operation_write(db, wi_row_read, op, done, data);
}

/* A list is only shown, and no decision depends on it. */
static void list_rows(void *db, struct wi_record_list *op, wi_job_store_done_fn *done, void *data)
{
    wi_db_look(db, operation_work, on_worked, operation_new(wi_row_list, op, done, data));
}

static void sweep_rows(void *db, struct wi_record_sweep *op, wi_job_store_done_fn *done, void *data)
{
    operation_write(db, wi_row_sweep, op, done, data);
}

/* --- the store -------------------------------------------------------------------------------- */

static enum wi_code rows_health(const void *db, struct wi_error *error)
{
    return wi_db_health(db, error);
}

enum wi_code wi_rows_open(struct wi_db *db, unsigned crashes_max, struct wi_job_store *store,
    struct wi_record_sweep *found, struct wi_error *error)
{
    *store = (struct wi_job_store){.context = db,
        .name = "the database",
        .accept = accept_row,
        .take = take_rows,
        .give_back = return_row,
        .finish = finish_row,
        .cancel = cancel_row,
        .read = read_row,
        .list = list_rows,
        .sweep = sweep_rows,
        .health = rows_health};
    *found = (struct wi_record_sweep){.crashes_max = crashes_max, .count = 1};
    found->now = wi_steady_ms();
    enum wi_code code = wi_db_now(db, wi_row_recover, found, error);
    if (code == WI_OK)
        code = wi_db_now(db, wi_row_sweep, found, error); /* its limit is 0: it only counts */
    if (code == WI_OK)
        return WI_OK;
    wi_record_sweep_clear(found);
    return wi_error_set(error, WI_STORAGE_FAILED, "store.path", "cannot read the jobs in %s: %s",
        wi_db_path(db), error->detail);
}
