/*
 * The writer: a thread of its own takes pieces of work from a mailbox and runs all that have
 * gathered there in one transaction. A transaction that fails is repeated piece by piece, so that
 * only a piece that does not fit on the disk fails. Finished work waits in a second box until the
 * loop, woken by a uv_async_t, calls back.
 */
#include "settings/store/private.h"

#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <utlist.h>

/* Pieces of work in one transaction. */
#define BATCH_MAX 256
/* Writing counts as working again when nothing has failed for this long and a write then succeeds.
 * It is longer than any pause before a retry, so that a disk with room only for small rows keeps
 * failing as long as there is a large one that does not fit. */
#define CALM_MS 10000
/* --- transactions, on the thread ------------------------------------------------------------- */

/* The pieces from `first` up to `end` in one transaction: all or none. */
static enum wi_code pieces_transact(sqlite3 *sqlite, struct wi_db_piece *first,
    const struct wi_db_piece *end, struct wi_error *error)
{
    enum wi_code code = wi_db_exec(sqlite, "BEGIN", error);
    for (struct wi_db_piece *piece = first; code == WI_OK && piece != end; piece = piece->next)
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

static struct tally run_batch(sqlite3 *sqlite, struct wi_db_piece *first)
{
    struct tally tally = {.transactions = 1};
    struct wi_error error;
    if (pieces_transact(sqlite, first, NULL, &error) == WI_OK)
        return tally;
    if (first->next == NULL) {
        tally.failures++;
        first->failed = 1;
        first->error = error;
        return tally;
    }
    for (struct wi_db_piece *piece = first; piece; piece = piece->next) {
        tally.transactions++;
        piece->failed = pieces_transact(sqlite, piece, piece->next, &piece->error) != WI_OK;
        tally.failures += (uint64_t)piece->failed;
    }
    return tally;
}

/* --- lists ----------------------------------------------------------------------------------- */

/* Moves at most `count` pieces to the end of another list. */
static void pieces_move(struct wi_db_piece **from, struct wi_db_piece **to, size_t count)
{
    for (struct wi_db_piece *piece; count > 0 && (piece = *from) != NULL; count--) {
        DL_DELETE(*from, piece);
        DL_APPEND(*to, piece);
    }
}

/* --- the thread ------------------------------------------------------------------------------ */

/* Waits for work; an empty list is the end. */
static struct wi_db_piece *take_batch(struct wi_db_boxes *boxes)
{
    struct wi_db_piece *batch = NULL;
    uv_mutex_lock(&boxes->mutex);
    while (boxes->in == NULL && !boxes->stop)
        uv_cond_wait(&boxes->wake, &boxes->mutex);
    pieces_move(&boxes->in, &batch, BATCH_MAX);
    uv_mutex_unlock(&boxes->mutex);
    return batch;
}

/* The loop is woken before it can see the pieces: once it has seen all, the handle may go. */
static void give_batch(struct wi_db *db, struct wi_db_piece *batch, const struct tally *tally)
{
    struct wi_db_boxes *boxes = &db->boxes;
    uv_mutex_lock(&boxes->mutex);
    boxes->transactions += tally->transactions;
    boxes->failures += tally->failures;
    pieces_move(&batch, &boxes->out, BATCH_MAX);
    uv_async_send(db->async);
    uv_mutex_unlock(&boxes->mutex);
}

static void write_on(void *data)
{
    struct wi_db *db = data;
    struct wi_db_piece *batch;
    while ((batch = take_batch(&db->boxes)) != NULL) {
        struct tally tally = run_batch(db->sqlite, batch);
        give_batch(db, batch, &tally);
    }
}

/* --- the loop -------------------------------------------------------------------------------- */

/* Reports the first failure of writing, not each one. */
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

static void call_back(struct wi_db *db, struct wi_db_piece *done)
{
    struct wi_db_piece *piece, *next;
    DL_FOREACH_SAFE(done, piece, next)
    {
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

/* The handle keeps the loop turning only while work is under way; it is closed when the end has
 * begun and no work is left. */
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
    struct wi_db_boxes *boxes = &db->boxes;
    struct wi_db_piece *done = NULL;
    uv_mutex_lock(&boxes->mutex);
    pieces_move(&boxes->out, &done, SIZE_MAX);
    db->counters.transactions += boxes->transactions;
    db->counters.failures += boxes->failures;
    boxes->transactions = boxes->failures = 0;
    uv_mutex_unlock(&boxes->mutex);
    for (const struct wi_db_piece *piece = done; piece; piece = piece->next)
        db->pending--;
    call_back(db, done);
    if (db->async) /* it may have been closed by what was called */
        hold_loop(db);
}

void wi_db_submit(struct wi_db *db, wi_db_work_fn *work, wi_db_done_fn *done, void *data)
{
    struct wi_db_piece *piece = wi_alloc(sizeof *piece);
    piece->work = work;
    piece->done = done;
    piece->data = data;
    if (db->async == NULL) {
        DL_APPEND(db->late, piece);
        return;
    }
    db->pending++;
    hold_loop(db);
    uv_mutex_lock(&db->boxes.mutex);
    DL_APPEND(db->boxes.in, piece);
    uv_cond_signal(&db->boxes.wake);
    uv_mutex_unlock(&db->boxes.mutex);
}

enum wi_code wi_db_now(struct wi_db *db, wi_db_work_fn *work, void *data, struct wi_error *error)
{
    assert(db->pending == 0);
    struct wi_db_piece piece = {.work = work, .data = data};
    return pieces_transact(db->sqlite, &piece, NULL, error);
}

/* --- start and end ---------------------------------------------------------------------------- */

enum wi_code wi_db_writer_start(struct wi_db *db, struct wi_error *error)
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
            "cannot start the thread that writes the database: %s", uv_strerror(status));
    }
    db->threaded = 1;
    db->calm = wi_timer_new(db->loop, on_calm, db);
    db->calm_ms = CALM_MS;
    db->async->data = db;
    hold_loop(db);
    return WI_OK;
}

void wi_db_writer_close(struct wi_db *db)
{
    wi_timer_free(db->calm);
    db->calm = NULL;
    db->closing = 1;
    hold_loop(db);
}

void wi_db_writer_end(struct wi_db *db)
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

void wi_db_writer_run_late(struct wi_db *db)
{
    while (db->late) {
        struct wi_db_piece *batch = NULL;
        pieces_move(&db->late, &batch, BATCH_MAX);
        run_batch(db->sqlite, batch);
        call_back(db, batch);
    }
}

void wi_db_set_calm(struct wi_db *db, uint64_t ms)
{
    db->calm_ms = ms;
}
