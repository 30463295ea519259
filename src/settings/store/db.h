/*
 * The database: one SQLite file, written by a thread of its own, in the order in which the loop
 * asked. Work that is requested while a transaction runs goes into the next one, so that a burst
 * costs one flush of the disk. A transaction is on the disk (WAL, synchronous=FULL) before the loop
 * hears of it, and survives a kill of the process at any moment.
 *
 * Everything here is for the loop's thread. A NULL `db` remembers nothing: that is for unit tests.
 */
#ifndef WI_SETTINGS_STORE_DB_H
#define WI_SETTINGS_STORE_DB_H

#include "base/error.h"
#include "base/loop.h"
#include <stdint.h>

struct wi_db;

/* Opens webinfer.db in `folder`, making both if they are missing (modes 0700 and 0600), and brings
 * its tables up to date. `folder` NULL: $STATE_DIRECTORY, else $XDG_STATE_HOME/webinfer, else
 * ~/.local/state/webinfer. NULL with `error`: WI_STORAGE_FAILED for a database that another process
 * holds, or a disk that is full or fails; WI_INVALID_FIELD for a problem that a person has to fix:
 * a folder that cannot be used, or a database that is damaged, empty, another program's, or written
 * by a newer version. */
struct wi_db *wi_db_open(uv_loop_t *loop, const char *folder, struct wi_error *error);
/* Begins the end: requested work is written at once; the loop turns until it is. */
void wi_db_close(struct wi_db *db);
/* After the loop has become empty; writes work that came after wi_db_close, and closes the file. */
void wi_db_free(struct wi_db *db);
const char *wi_db_path(const struct wi_db *db); /* of the file */
/* The default folder, as above. NULL: there is none; the caller frees it. */
char *wi_db_default_folder(void);

/* --- work of the store's other parts (rows.h) ------------------------------------------------ */

typedef struct sqlite3 sqlite3;
/* Work inside a transaction, on the writer's thread: may touch `data` and the database only. A
 * failure rolls everything back; it may then be called once more, alone. */
typedef enum wi_code wi_db_work_fn(sqlite3 *sqlite, void *data, struct wi_error *error);
/* On the loop, exactly once, never from inside wi_db_submit: `failure` is NULL once it is
 * committed. `data` is the callee's. */
typedef void wi_db_done_fn(void *data, const struct wi_error *failure);
void wi_db_submit(struct wi_db *db, wi_db_work_fn *work, wi_db_done_fn *done, void *data);
/* Work that only reads, concurrently with writes: it sees everything that was committed when it
 * begins, which includes all that this loop has heard of, but may miss what the loop has only
 * requested. Nothing else waits for it. `done` as above; before wi_db_free the loop turns until it
 * has come. */
void wi_db_look(struct wi_db *db, wi_db_work_fn *work, wi_db_done_fn *done, void *data);
/* The same as wi_db_submit at once, on this thread: only while starting, before anything was
 * submitted. */
enum wi_code wi_db_now(struct wi_db *db, wi_db_work_fn *work, void *data, struct wi_error *error);

/* --- values by name: what was measured, found out, decided ------------------------------------ */

enum wi_db_space {
    WI_DB_ESTIMATES,
    WI_DB_VERDICTS,
    WI_DB_FILE_HASHES,
    WI_DB_SELF, /* of this daemon */
    WI_DB_RUNS, /* of models, by hours */
    WI_DB_KERNELS_USED,
    WI_DB_QUARANTINE,
    WI_DB_TUNINGS,   /* of kernels, by place */
    WI_DB_ABILITIES, /* of kinds of browser, by what is installed */
    WI_DB_SHORTAGES, /* of memory for models, by place */
    WI_DB_DEVICES,   /* that come back without a token */
    WI_DB_SPACES
};

/* Remembers `value` (a JSON text) under `key`, in place of the earlier value. Both are copied. It
 * is written within a second; several puts of one key in that time are written once. A failed write
 * is tried again. `rules`: the version of the rules by which its owner determined it; 0 if they
 * never changed. */
void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value);
void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key);
/* Calls `each` for every pair on the disk that was put with those `rules`, the oldest first; other
 * pairs are skipped. Blocks: only while starting. A space keeps the WI_DB_SPACE_MAX newest. */
#define WI_DB_SPACE_MAX 50000
typedef void wi_db_each_fn(void *context, const char *key, const char *value);
void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context);

/* --- for /metrics ----------------------------------------------------------------------------- */

struct wi_db_counters {
    uint64_t transactions, failures; /* since the start */
    int failing;                     /* see wi_db_health */
    uint64_t bytes;                  /* of the file and its log, now */
};
void wi_db_counters(const struct wi_db *db, struct wi_db_counters *counters);
/* WI_OK, or WI_STORAGE_FAILED with the error of a failed transaction: from the first failure until
 * none has failed for a while and one succeeds. */
enum wi_code wi_db_health(const struct wi_db *db, struct wi_error *error);

#endif
