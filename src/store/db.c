/*
 * The writer: a thread of its own takes pieces of work from a mailbox and runs what has gathered
 * there in one transaction. A transaction that fails is repeated piece by piece, so that one that
 * does not fit on the disk fails alone. What is done lies in a second box until the loop, woken by
 * a uv_async_t, calls back.
 */
#include "store/private.h"

#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Pieces of work in one transaction. */
#define BATCH_MAX 256
/* Writing works again when nothing has failed for so long and a write goes well then: longer than
 * anybody waits before another try, so that a disk with room for small rows alone stays failing as
 * long as there is a large one that does not fit. */
#define CALM_MS 10000

struct piece {
    wi_db_work_fn *work;
    wi_db_done_fn *done;
    void *data;
    int failed;
    struct wi_error error;
    struct piece *next;
};

struct list {
    struct piece *first, **end;
};

/* Between the loop and the thread; whoever touches it holds the mutex. */
struct boxes {
    uv_mutex_t mutex;
    uv_cond_t wake;
    struct list in, out;
    uint64_t transactions, failures; /* since the loop looked last */
    int stop;                        /* once `in` is empty */
};

struct wi_db {
    uv_loop_t *loop;
    char *path;
    sqlite3 *sqlite; /* the thread's while `pending` */
    int lock;
    uv_thread_t thread;
    uv_async_t *async; /* NULL before the thread, and when the loop needs it no more */
    int threaded;      /* the thread is there, and the boxes with it */
    struct boxes boxes;
    size_t pending;   /* pieces that the thread has and that have not called back */
    struct list late; /* what came after that: for wi_db_free */
    int closing;
    struct wi_timer *calm; /* runs from the last failure on */
    uint64_t calm_ms;
    struct wi_db_values *values;
    struct wi_db_counters counters;
    struct wi_error problem; /* of the last transaction that failed */
};

/* --- transactions, on the thread ------------------------------------------------------------- */

/* The pieces from `first` up to `end` in one transaction: all or none. */
static enum wi_code transact(
    sqlite3 *sqlite, struct piece *first, const struct piece *end, struct wi_error *error)
{
    enum wi_code code = wi_db_exec(sqlite, "BEGIN", error);
    for (struct piece *piece = first; code == WI_OK && piece != end; piece = piece->next)
        code = piece->work(sqlite, piece->data, error);
    if (code == WI_OK)
        code = wi_db_exec(sqlite, "COMMIT", error);
    if (code != WI_OK && !sqlite3_get_autocommit(sqlite)) /* some failures roll back themselves */
        wi_db_exec(sqlite, "ROLLBACK", NULL);
    return code;
}

/* What `run` gathers of a batch. */
struct tally {
    uint64_t transactions, failures;
};

static struct tally run_batch(sqlite3 *sqlite, struct piece *first)
{
    struct tally tally = {.transactions = 1};
    struct wi_error error;
    if (transact(sqlite, first, NULL, &error) == WI_OK)
        return tally;
    if (first->next == NULL) {
        tally.failures++;
        first->failed = 1;
        first->error = error;
        return tally;
    }
    for (struct piece *piece = first; piece; piece = piece->next) {
        tally.transactions++;
        piece->failed = transact(sqlite, piece, piece->next, &piece->error) != WI_OK;
        tally.failures += (uint64_t)piece->failed;
    }
    return tally;
}

/* --- lists ----------------------------------------------------------------------------------- */

/* Moves at most `count` pieces to the end of another list. */
static void list_move(struct list *from, struct list *to, size_t count)
{
    for (; count > 0 && from->first; count--) {
        struct piece *piece = from->first;
        from->first = piece->next;
        piece->next = NULL;
        if (to->first == NULL)
            to->end = &to->first;
        *to->end = piece;
        to->end = &piece->next;
    }
}

static void list_add(struct list *list, struct piece *piece)
{
    struct list one = {.first = piece};
    list_move(&one, list, 1);
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Waits for work; an empty list is the end. */
static struct list take_batch(struct boxes *boxes)
{
    struct list batch = {0};
    uv_mutex_lock(&boxes->mutex);
    while (boxes->in.first == NULL && !boxes->stop)
        uv_cond_wait(&boxes->wake, &boxes->mutex);
    list_move(&boxes->in, &batch, BATCH_MAX);
    uv_mutex_unlock(&boxes->mutex);
    return batch;
}

/* The loop is woken before it can see the pieces: once it has seen all, the handle may go. */
static void give_batch(struct wi_db *db, struct list *batch, const struct tally *tally)
{
    struct boxes *boxes = &db->boxes;
    uv_mutex_lock(&boxes->mutex);
    boxes->transactions += tally->transactions;
    boxes->failures += tally->failures;
    list_move(batch, &boxes->out, BATCH_MAX);
    uv_async_send(db->async);
    uv_mutex_unlock(&boxes->mutex);
}

static void write_on(void *data)
{
    struct wi_db *db = data;
    for (;;) {
        struct list batch = take_batch(&db->boxes);
        if (batch.first == NULL)
            return;
        struct tally tally = run_batch(db->sqlite, batch.first);
        give_batch(db, &batch, &tally);
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Says it when writing begins to fail, not each time. */
static void note_failure(struct wi_db *db, const struct wi_error *failure)
{
    db->problem = *failure;
    if (db->calm)
        wi_timer_start(db->calm, db->calm_ms, 0);
    if (db->counters.failing)
        return;
    db->counters.failing = 1;
    wi_error_log("store", NULL, "cannot write %s: %s", db->path, failure->detail);
}

static void on_touched(void *data, const struct wi_error *failure)
{
    struct wi_db *db = data;
    if (failure || (db->calm && wi_timer_running(db->calm)))
        return; /* or another write failed meanwhile */
    db->counters.failing = 0;
    wi_info("store", NULL, "%s can be written again", db->path);
}

static void on_calm(void *context)
{
    wi_db_submit(context, wi_db_touch, on_touched, context);
}

static void call_back(struct wi_db *db, struct list *done)
{
    struct piece *next;
    for (struct piece *piece = done->first; piece; piece = next) {
        next = piece->next;
        const struct wi_error *failure = piece->failed ? &piece->error : NULL;
        if (failure && failure->code == WI_STORAGE_FAILED)
            note_failure(db, failure);
        piece->done(piece->data, failure);
        free(piece);
    }
}

static void free_async(uv_handle_t *handle)
{
    free(handle);
}

/* The handle keeps the loop turning while work is under way, and only then; when the end has begun
 * and nothing is under way any more it goes. */
static void hold_loop(struct wi_db *db)
{
    uv_handle_t *handle = (uv_handle_t *)db->async;
    if (db->pending > 0)
        uv_ref(handle);
    else
        uv_unref(handle);
    if (db->pending > 0 || !db->closing)
        return;
    uv_close(handle, free_async);
    db->async = NULL;
}

static void on_async(uv_async_t *async)
{
    struct wi_db *db = async->data;
    struct boxes *boxes = &db->boxes;
    struct list done = {0};
    uv_mutex_lock(&boxes->mutex);
    list_move(&boxes->out, &done, SIZE_MAX);
    db->counters.transactions += boxes->transactions;
    db->counters.failures += boxes->failures;
    boxes->transactions = boxes->failures = 0;
    uv_mutex_unlock(&boxes->mutex);
    for (const struct piece *piece = done.first; piece; piece = piece->next)
        db->pending--;
    call_back(db, &done);
    if (db->async) /* it may have been closed by what was called */
        hold_loop(db);
}

void wi_db_submit(struct wi_db *db, wi_db_work_fn *work, wi_db_done_fn *done, void *data)
{
    struct piece *piece = wi_alloc(sizeof *piece);
    piece->work = work;
    piece->done = done;
    piece->data = data;
    if (db->async == NULL) {
        list_add(&db->late, piece);
        return;
    }
    db->pending++;
    hold_loop(db);
    uv_mutex_lock(&db->boxes.mutex);
    list_add(&db->boxes.in, piece);
    uv_cond_signal(&db->boxes.wake);
    uv_mutex_unlock(&db->boxes.mutex);
}

enum wi_code wi_db_now(struct wi_db *db, wi_db_work_fn *work, void *data, struct wi_error *error)
{
    assert(db->pending == 0);
    struct piece piece = {.work = work, .data = data};
    return transact(db->sqlite, &piece, NULL, error);
}

/* --- the whole ------------------------------------------------------------------------------- */

static enum wi_code start_thread(struct wi_db *db, struct wi_error *error)
{
    int status;
    uv_mutex_init(&db->boxes.mutex);
    uv_cond_init(&db->boxes.wake);
    db->async = wi_alloc(sizeof *db->async);
    if ((status = uv_async_init(db->loop, db->async, on_async)) != 0) {
        free(db->async);
        db->async = NULL;
    } else if ((status = uv_thread_create(&db->thread, write_on, db)) != 0) {
        uv_close((uv_handle_t *)db->async, free_async);
        db->async = NULL;
    }
    if (status != 0) {
        uv_cond_destroy(&db->boxes.wake);
        uv_mutex_destroy(&db->boxes.mutex);
        return wi_error_set(error, WI_STORAGE_FAILED, NULL,
            "there is no thread to write the database with: %s", uv_strerror(status));
    }
    db->threaded = 1;
    db->async->data = db;
    hold_loop(db);
    return WI_OK;
}

/* The thread has nothing to do any more. */
static void end_thread(struct wi_db *db)
{
    if (!db->threaded)
        return;
    uv_mutex_lock(&db->boxes.mutex);
    db->boxes.stop = 1;
    uv_cond_signal(&db->boxes.wake);
    uv_mutex_unlock(&db->boxes.mutex);
    uv_thread_join(&db->thread);
    uv_cond_destroy(&db->boxes.wake);
    uv_mutex_destroy(&db->boxes.mutex);
}

/* What came when the loop was not to be kept any longer, and what that asks for. */
static void write_late(struct wi_db *db)
{
    while (db->late.first) {
        struct list batch = {0};
        list_move(&db->late, &batch, BATCH_MAX);
        run_batch(db->sqlite, batch.first);
        call_back(db, &batch);
    }
}

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
    int good =
        db->sqlite && wi_db_values_prune(db, error) == WI_OK && start_thread(db, error) == WI_OK;
    free(path);
    if (good) {
        db->values = wi_db_values_new(db, loop);
        db->calm = wi_timer_new(loop, on_calm, db);
        db->calm_ms = CALM_MS;
        return db;
    }
    wi_db_free(db);
    return NULL;
}

void wi_db_close(struct wi_db *db)
{
    if (db == NULL)
        return;
    wi_db_values_close(db->values);
    wi_timer_free(db->calm);
    db->calm = NULL;
    db->closing = 1;
    hold_loop(db);
}

void wi_db_free(struct wi_db *db)
{
    if (db == NULL)
        return;
    assert(db->pending == 0 && db->async == NULL);
    end_thread(db);
    wi_db_values_flush(db->values);
    write_late(db);
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

void wi_db_set_calm(struct wi_db *db, uint64_t ms)
{
    db->calm_ms = ms;
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
