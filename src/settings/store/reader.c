/*
 * The reader: work that only reads, and may take its time, has a connection of its own, which
 * cannot write, and one thread of the pool at a time. It sees what was committed when it began
 * (WAL), and no write waits for it.
 */
#include "settings/store/private.h"

#include "base/memory.h"
#include "base/work_queue.h"
#include <assert.h>
#include <stdlib.h>

struct looking {
    struct wi_db *db;
    struct wi_db_piece piece;
};

static void reader_look(void *data)
{
    struct looking *looking = data;
    struct wi_db_piece *piece = &looking->piece;
    piece->failed = piece->work(looking->db->reader, piece->data, &piece->error) != WI_OK;
}

static void on_looked(void *data, int cancelled)
{
    struct looking *looking = data;
    const struct wi_db_piece *piece = &looking->piece;
    assert(!cancelled); /* the loop turns until all have called back */
    piece->done(piece->data, piece->failed ? &piece->error : NULL);
    free(looking);
}

void wi_db_look(struct wi_db *db, wi_db_work_fn *work, wi_db_done_fn *done, void *data)
{
    struct looking *looking = wi_alloc(sizeof *looking);
    *looking = (struct looking){db, {.work = work, .done = done, .data = data}};
    wi_work_queue_start(db->looks, 0, reader_look, on_looked, looking);
}

enum wi_code wi_db_reader_start(struct wi_db *db, struct wi_error *error)
{
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_FULLMUTEX;
    db->looks = wi_work_queue_new(db->loop, 1);
    db->reader = wi_db_connect(db->path, flags, error);
    if (db->reader == NULL)
        return WI_STORAGE_FAILED;
    sqlite3_busy_timeout(db->reader, WI_DB_BUSY_MS);
    return WI_OK;
}

void wi_db_reader_end(struct wi_db *db)
{
    wi_work_queue_free(db->looks);
    wi_db_disconnect(db->reader);
}
