/* Shared by the files of the store: the only place where sqlite3.h is included. */
#ifndef WI_SETTINGS_STORE_PRIVATE_H
#define WI_SETTINGS_STORE_PRIVATE_H

#include "settings/store/db.h"
#include "settings/store/rows.h"
#include <sqlite3.h>

/* Time for retries while another tool reads the file. */
#define WI_DB_BUSY_MS 5000

/* Work on its way to the writer, or back. */
struct wi_db_piece {
    wi_db_work_fn *work;
    wi_db_done_fn *done;
    void *data;
    int failed;
    struct wi_error error;
    struct wi_db_piece *prev, *next; /* in a list of utlist.h */
};

/* Shared by the loop and the thread; access requires the mutex. */
struct wi_db_boxes {
    uv_mutex_t mutex;
    uv_cond_t wake;
    struct wi_db_piece *in, *out;
    uint64_t transactions, failures; /* since the loop looked last */
    int stop;                        /* once `in` is empty */
};

struct wi_db {
    uv_loop_t *loop;
    char *path;
    sqlite3 *sqlite; /* the thread's while `pending` */
    sqlite3 *reader; /* reader.c */
    struct wi_work_queue *looks;
    int lock;
    uv_thread_t thread;
    uv_async_t *async; /* NULL before the thread, and when the loop needs it no more */
    int threaded;      /* the thread is there, and the boxes with it */
    struct wi_db_boxes boxes;
    size_t pending;           /* pieces that the thread has and that have not called back */
    struct wi_db_piece *late; /* work that came after that: for wi_db_free */
    int closing;
    struct wi_timer *calm; /* runs from the last failure on */
    uint64_t calm_ms;
    struct wi_db_values *values;
    struct wi_db_counters counters;
    struct wi_error problem; /* of the last transaction that failed */
};

/* sql.c */

/* Fills `error` with what SQLite says now; returns WI_STORAGE_FAILED. */
enum wi_code wi_db_fail(sqlite3 *sqlite, struct wi_error *error);
/* Runs statements without parameters. */
enum wi_code wi_db_exec(sqlite3 *sqlite, const char *sql, struct wi_error *error);
/* A connection; NULL with `error`. */
sqlite3 *wi_db_connect(const char *path, int flags, struct wi_error *error);
/* Its end; NULL is fine. */
void wi_db_disconnect(sqlite3 *sqlite);

/* A value of a statement's parameter, borrowed until the statement ends; `bytes` NULL is NULL. */
struct wi_db_argument {
    enum { WI_DB_IS_END, WI_DB_IS_NUMBER, WI_DB_IS_TEXT, WI_DB_IS_BYTES } kind;
    int64_t number;
    const void *bytes;
    size_t size;
};
#define WI_DB_NUMBER(value)                                                                        \
    {                                                                                              \
        .kind = WI_DB_IS_NUMBER, .number = (int64_t)(value)                                        \
    }
#define WI_DB_TEXT(text)                                                                           \
    {                                                                                              \
        .kind = WI_DB_IS_TEXT, .bytes = (text)                                                     \
    }
#define WI_DB_BYTES(start, count)                                                                  \
    {                                                                                              \
        .kind = WI_DB_IS_BYTES, .bytes = (start), .size = (count)                                  \
    }
/* The values of ?1, ?2 and so on; values beyond the last parameter are not used. */
#define WI_DB_WITH(...) ((const struct wi_db_argument[]){__VA_ARGS__, {.kind = WI_DB_IS_END}})

/* A statement whose text begins so stays prepared for the next use of the same text, and its
 * connection is to be closed by wi_db_disconnect. For a fixed number of texts. */
#define WI_DB_KEPT "/* kept */ "
/* Prepares one statement with its values (NULL: it has none); NULL with `error`. wi_db_end ends
 * it. */
sqlite3_stmt *wi_db_start(sqlite3 *sqlite, const char *sql, const struct wi_db_argument *arguments,
    struct wi_error *error);
/* 1 with a row, 0 at the end, -1 with `error`. A `statement` NULL is a failure set before. */
int wi_db_step(sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_error *error);
/* Ends its use: WI_STORAGE_FAILED if its last step was -1, else WI_OK. */
enum wi_code wi_db_end(sqlite3_stmt *statement, int step);
/* Runs one statement whose rows, if it has any, do not matter. */
enum wi_code wi_db_run(sqlite3 *sqlite, const char *sql, const struct wi_db_argument *arguments,
    struct wi_error *error);
/* Copies a column's text, cut where it does not fit; NULL as "". */
void wi_db_take_text(sqlite3_stmt *statement, int column, char *out, size_t size);

/* store_open.c: the file at `path`, made if it is missing, its tables up to date. */
sqlite3 *wi_db_open_file(const char *path, struct wi_error *error);
/* A database in memory with the same tables; NULL with `error`. */
sqlite3 *wi_db_open_memory(struct wi_error *error);
/* The folder to use, made; NULL with `error`. The caller frees it. */
char *wi_db_make_folder(const char *folder, struct wi_error *error);
/* WI_OK, or the first damage that `pragma` ("PRAGMA quick_check(1)") finds, with `*damaged` 1. */
enum wi_code wi_db_check(sqlite3 *sqlite, const char *pragma, int *damaged, struct wi_error *error);
/* The folder of `path` is on the disk as it is now. */
void wi_db_sync_folder(const char *path);
/* The version of the tables, counted from 1; -1 with `error`: it cannot be read, or is not a
 * database of webinferd. */
int64_t wi_db_version(sqlite3 *sqlite, struct wi_error *error);
/* WI_OK, or WI_INVALID_FIELD for one that is newer than this program. */
enum wi_code wi_db_check_version(int64_t version, struct wi_error *error);
/* A descriptor that holds the folder's lock, or -1 with `error`. */
int wi_db_lock(const char *folder, struct wi_error *error);

/* backup.c: removes the files of a daemon that was killed while it made a backup. */
void wi_db_backup_sweep(const struct wi_db *db);

/* Work that writes without changing anything. */
enum wi_code wi_db_touch(sqlite3 *sqlite, void *data, struct wi_error *error);

/* writer.c, which also has wi_db_submit and wi_db_now */

/* Begins to take work: WI_OK or WI_STORAGE_FAILED. */
enum wi_code wi_db_writer_start(struct wi_db *db, struct wi_error *error);
/* The loop is kept for unfinished work, and no longer. */
void wi_db_writer_close(struct wi_db *db);
/* Waits for the thread, if there is one: it has no more work. */
void wi_db_writer_end(struct wi_db *db);
/* Runs work that came after the loop was released, and the work that this requests. */
void wi_db_writer_run_late(struct wi_db *db);
/* Time without failures after which a write is tried. Public for tests. */
void wi_db_set_calm(struct wi_db *db, uint64_t ms);

/* reader.c, which also has wi_db_look. WI_OK or WI_STORAGE_FAILED; the end is due either way. */
enum wi_code wi_db_reader_start(struct wi_db *db, struct wi_error *error);
void wi_db_reader_end(struct wi_db *db);

/* values.c */
struct wi_db_values;
/* Keeps the newest WI_DB_SPACE_MAX of each space. */
wi_db_work_fn wi_db_values_prune;
/* Freed with free(), once nothing may be submitted any more. */
struct wi_db_values *wi_db_values_new(struct wi_db *db, uv_loop_t *loop);
void wi_db_values_close(struct wi_db_values *values); /* submits gathered work; no more timer */
void wi_db_values_flush(struct wi_db_values *values); /* likewise, the last time; NULL is fine */

/* --- below the files of rows: rows_sql.c, and the line of rows_take.c ------------------------- */

/* What wi_row_from takes, in this order. */
#define WI_ROW_COLUMNS                                                                             \
    "id, state, infer, client, client_id, model_name, priority, accepted_at, deadline_at, "        \
    "finished_at, runs, crashes, body_size, json_size, cost, status, answer_size, head_size, "     \
    "problem, attempts, dialect"
#define WI_ROW_COLUMN_COUNT 21

/* Fills `row`, which is empty, from the columns of a statement that has a row. */
void wi_row_from(struct wi_record *row, sqlite3_stmt *statement);
/* The first row of a statement, which is finalized; NULL is a failure set before. `row`, which is
 * empty, keeps no id if there is none. */
enum wi_code wi_row_first(
    sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_record *row, struct wi_error *error);
/* Reads the row's blob of `size` bytes from `table` into row->bytes. WI_INTERNAL if they are
 * missing or damaged; any other failure may be temporary. */
enum wi_code wi_row_read_bytes(
    sqlite3 *sqlite, const char *table, struct wi_record *row, size_t size, struct wi_error *error);
/* Runs a statement whose ?1 is an id and whose ?2, if it has one, is a number. */
enum wi_code wi_row_change(
    sqlite3 *sqlite, const char *sql, const char *id, int64_t number, struct wi_error *error);
/* rows_take.c: a row of the client may be taken, so the client joins the line; and likewise for
 * every client that has one of the rows ("jobs WHERE …", with these values; NULL: there are none).
 */
enum wi_code wi_row_line_up(sqlite3 *sqlite, int infer, const char *client, struct wi_error *error);
enum wi_code wi_row_line_up_all(sqlite3 *sqlite, const char *rows,
    const struct wi_db_argument *arguments, struct wi_error *error);

#endif
