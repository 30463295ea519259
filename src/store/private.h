/* Between the files of the store: the only place where sqlite3.h is included. */
#ifndef WI_STORE_PRIVATE_H
#define WI_STORE_PRIVATE_H

#include "store/db.h"
#include <sqlite3.h>

/* sql.c */

/* Fills `error` with what SQLite says now; returns WI_STORAGE_FAILED. */
enum wi_code wi_db_fail(sqlite3 *sqlite, struct wi_error *error);
/* Runs statements without parameters. */
enum wi_code wi_db_exec(sqlite3 *sqlite, const char *sql, struct wi_error *error);
/* Prepares one statement; NULL with `error`. Bindings and steps are the caller's. */
sqlite3_stmt *wi_db_prepare(sqlite3 *sqlite, const char *sql, struct wi_error *error);
/* Steps a statement without rows to its end and finalizes it. NULL is a failure set before. */
enum wi_code wi_db_finish(sqlite3 *sqlite, sqlite3_stmt *statement, struct wi_error *error);

/* open.c: the file at `path`, made if it is missing, its tables up to date. */
sqlite3 *wi_db_open_file(const char *path, struct wi_error *error);
/* The folder to use, made; NULL with `error`. The caller frees it. */
char *wi_db_make_folder(const char *folder, struct wi_error *error);
/* A descriptor that holds the folder's lock, or -1 with `error`. */
int wi_db_lock(const char *folder, struct wi_error *error);

/* Work that writes and changes nothing. */
enum wi_code wi_db_touch(sqlite3 *sqlite, void *data, struct wi_error *error);

/* db.c: how long after the last failure writing is tried; for tests. */
void wi_db_set_calm(struct wi_db *db, uint64_t ms);

/* values.c */
struct wi_db_values;
/* Keeps the newest WI_DB_SPACE_MAX of each space. */
enum wi_code wi_db_values_prune(struct wi_db *db, struct wi_error *error);
struct wi_db_values *wi_db_values_new(struct wi_db *db, uv_loop_t *loop);
void wi_db_values_close(struct wi_db_values *values); /* submits what has gathered; no timer more */
void wi_db_values_flush(struct wi_db_values *values); /* likewise, the last time; NULL is fine */
void wi_db_values_free(struct wi_db_values *values);  /* nothing may be submitted any more */
struct wi_db_values *wi_db_values_of(struct wi_db *db);

#endif
