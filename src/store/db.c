/*
 * The writer: pieces of work queue up on the loop, and while there are any, one thread of the pool
 * runs them in transactions. A transaction that fails is repeated piece by piece, so that one that
 * does not fit on the disk fails alone.
 */
#include "store/private.h"

#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pieces of work in one transaction. */
#define BATCH_MAX 256

struct piece {
    wi_db_work_fn *work;
    wi_db_done_fn *done;
    void *data;
    int failed;
    int wrote; /* its transaction changed the file */
    struct wi_error error;
    struct piece *next;
};

struct list {
    struct piece *first, **end;
};

struct wi_db {
    uv_loop_t *loop;
    char *path;
    sqlite3 *sqlite; /* the thread's while `busy` */
    int lock;
    struct list queue;
    struct list batch; /* the thread's while `busy` */
    int busy;
    int ending;                                  /* the loop is gone: nothing may start */
    uint64_t batch_transactions, batch_failures; /* likewise */
    struct wi_db_values *values;
    struct wi_db_counters counters;
    struct wi_error problem; /* of the last transaction, if it failed */
};

/* --- SQLite ---------------------------------------------------------------------------------- */

enum wi_code wi_db_fail(sqlite3 *sqlite, struct wi_error *error)
{
    int code = sqlite3_errcode(sqlite) & 0xff, system = sqlite3_system_errno(sqlite);
    if (system && (code == SQLITE_IOERR || code == SQLITE_FULL || code == SQLITE_CANTOPEN))
        return wi_error_set(
            error, WI_STORAGE_FAILED, NULL, "%s (%s)", sqlite3_errmsg(sqlite), strerror(system));
    return wi_error_set(error, WI_STORAGE_FAILED, NULL, "%s", sqlite3_errmsg(sqlite));
}

enum wi_code wi_db_exec(sqlite3 *sqlite, const char *sql, struct wi_error *error)
{
    if (sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK)
        return WI_OK;
    return wi_db_fail(sqlite, error);
}

sqlite3_stmt *wi_db_prepare(sqlite3 *sqlite, const char *sql, struct wi_error *error)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) != SQLITE_OK)
        wi_db_fail(sqlite, error);
    return statement;
}

enum wi_code wi_db_finish(sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_error *error)
{
    if (statement == NULL)
        return WI_STORAGE_FAILED;
    enum wi_code code = sqlite3_step(statement) == SQLITE_DONE ? WI_OK : wi_db_fail(sqlite, error);
    sqlite3_finalize(statement);
    return code;
}

/* --- transactions, on the thread ------------------------------------------------------------- */

/* The pieces from `first` up to `end` in one transaction: all or none. */
static enum wi_code transact(
    sqlite3 *sqlite, struct piece *first, const struct piece *end, struct wi_error *error)
{
    struct piece *piece;
    int wrote = 0;
    enum wi_code code = wi_db_exec(sqlite, "BEGIN", error);
    for (piece = first; code == WI_OK && piece != end; piece = piece->next)
        code = piece->work(sqlite, piece->data, error);
    if (code == WI_OK) {
        wrote = sqlite3_txn_state(sqlite, NULL) == SQLITE_TXN_WRITE;
        code = wi_db_exec(sqlite, "COMMIT", error);
    }
    if (code != WI_OK && !sqlite3_get_autocommit(sqlite)) /* some failures roll back themselves */
        wi_db_exec(sqlite, "ROLLBACK", NULL);
    for (piece = first; code == WI_OK && piece != end; piece = piece->next)
        piece->wrote = wrote;
    return code;
}

static void run_batch(void *data)
{
    struct wi_db *db = data;
    struct piece *first = db->batch.first;
    struct wi_error error;
    db->batch_transactions++;
    if (transact(db->sqlite, first, NULL, &error) == WI_OK)
        return;
    if (first->next == NULL) {
        db->batch_failures++;
        first->failed = 1;
        first->error = error;
        return;
    }
    for (struct piece *piece = first; piece; piece = piece->next) {
        db->batch_transactions++;
        piece->failed = transact(db->sqlite, piece, piece->next, &piece->error) != WI_OK;
        db->batch_failures += (uint64_t)piece->failed;
    }
}

/* --- the queue, on the loop ------------------------------------------------------------------ */

static void list_add(struct list *list, struct piece *piece)
{
    if (list->first == NULL)
        list->end = &list->first;
    *list->end = piece;
    list->end = &piece->next;
}

static void start(struct wi_db *db);

/* Says it when writing begins to fail and when it works again, not each time. */
static void note(struct wi_db *db, const struct wi_error *failure)
{
    if (failure)
        db->problem = *failure;
    if (!db->counters.failing == !failure)
        return;
    db->counters.failing = failure != NULL;
    if (failure)
        wi_error_log("store", NULL, "cannot write %s: %s", db->path, failure->detail);
    else
        wi_info("store", NULL, "%s can be written again", db->path);
}

static void finish_batch(struct wi_db *db)
{
    struct piece *piece = db->batch.first, *next;
    db->batch.first = NULL;
    db->busy = 0;
    db->counters.transactions += db->batch_transactions;
    db->counters.failures += db->batch_failures;
    db->batch_transactions = db->batch_failures = 0;
    for (; piece; piece = next) {
        next = piece->next;
        const struct wi_error *failure = piece->failed ? &piece->error : NULL;
        if (failure || piece->wrote)
            note(db, failure);
        piece->done(piece->data, failure);
        free(piece);
    }
}

static void batch_done(void *data, int cancelled)
{
    struct wi_db *db = data;
    assert(!cancelled); /* we never abandon it */
    finish_batch(db);
    start(db);
}

static void take_batch(struct wi_db *db)
{
    db->busy = 1;
    for (int i = 0; i < BATCH_MAX && db->queue.first; i++) {
        struct piece *piece = db->queue.first;
        db->queue.first = piece->next;
        piece->next = NULL;
        list_add(&db->batch, piece);
    }
}

static void start(struct wi_db *db)
{
    if (db->busy || db->ending || db->queue.first == NULL)
        return;
    take_batch(db);
    wi_work_start(db->loop, run_batch, batch_done, db);
}

void wi_db_submit(struct wi_db *db, wi_db_work_fn *work, wi_db_done_fn *done, void *data)
{
    struct piece *piece = wi_alloc(sizeof *piece);
    piece->work = work;
    piece->done = done;
    piece->data = data;
    list_add(&db->queue, piece);
    start(db);
}

enum wi_code wi_db_now(struct wi_db *db, wi_db_work_fn *work, void *data, struct wi_error *error)
{
    assert(!db->busy);
    struct piece piece = {.work = work, .data = data};
    return transact(db->sqlite, &piece, NULL, error);
}

/* --- the whole ------------------------------------------------------------------------------- */

struct wi_db *wi_db_open(uv_loop_t *loop, const char *folder, struct wi_error *error)
{
    char *path = wi_db_make_folder(folder, error);
    if (path == NULL)
        return NULL;
    struct wi_db *db = wi_alloc(sizeof *db);
    db->loop = loop;
    db->path = wi_sprintf("%s/webinfer.db", path);
    db->lock = wi_db_lock(path, error);
    if (db->lock >= 0)
        db->sqlite = wi_db_open_file(db->path, error);
    if (db->sqlite && wi_db_values_prune(db, error) == WI_OK)
        db->values = wi_db_values_new(db, loop);
    free(path);
    if (db->values)
        return db;
    wi_db_free(db);
    return NULL;
}

void wi_db_close(struct wi_db *db)
{
    if (db)
        wi_db_values_close(db->values);
}

void wi_db_free(struct wi_db *db)
{
    if (db == NULL)
        return;
    assert(!db->busy);
    db->ending = 1;
    wi_db_values_flush(db->values);
    while (db->queue.first) {
        take_batch(db);
        run_batch(db);
        finish_batch(db);
    }
    wi_db_values_free(db->values);
    sqlite3_close(db->sqlite);
    if (db->lock >= 0)
        close(db->lock);
    free(db->path);
    free(db);
}

const char *wi_db_path(const struct wi_db *db)
{
    return db->path;
}

struct wi_db_values *wi_db_values_of(struct wi_db *db)
{
    return db->values;
}

static uint64_t file_size(const char *path, const char *suffix)
{
    struct stat info;
    char *name = wi_sprintf("%s%s", path, suffix);
    uint64_t size = stat(name, &info) == 0 ? (uint64_t)info.st_size : 0;
    free(name);
    return size;
}

void wi_db_counters(const struct wi_db *db, struct wi_db_counters *counters)
{
    *counters = (struct wi_db_counters){0};
    if (db == NULL)
        return;
    *counters = db->counters;
    counters->bytes = file_size(db->path, "") + file_size(db->path, "-wal");
}

enum wi_code wi_db_health(const struct wi_db *db, struct wi_error *error)
{
    if (db == NULL || !db->counters.failing)
        return WI_OK;
    if (error)
        *error = db->problem;
    return WI_STORAGE_FAILED;
}
