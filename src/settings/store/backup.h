/*
 * Copies of the database: wi_db_backup makes one while the daemon works, and wi_db_restore puts one
 * back while no daemon runs. A backup is one SQLite file without a log, with everything that was
 * committed when it began.
 */
#ifndef WI_SETTINGS_STORE_BACKUP_H
#define WI_SETTINGS_STORE_BACKUP_H

#include "settings/store/db.h"

/* The file behind `fd`, which the callee closes, no longer has a name, and is removed with it. -1
 * with `failure`. */
typedef void wi_db_backup_fn(void *context, int fd, uint64_t size, const struct wi_error *failure);
/* Makes a backup on a thread, with a connection of its own, so that no write or read waits for it.
 * It takes as much disk space as the database until its descriptor is closed. `done` comes once, on
 * the loop. One at a time: the caller ensures this. */
void wi_db_backup(struct wi_db *db, wi_db_backup_fn *done, void *context);

/* Checks that the file at `path`, which no other process has open, is a backup: complete,
 * undamaged, and webinferd's. Returns the version of its tables, or -1 with `error`. Reads the
 * whole file. */
int64_t wi_db_backup_check(const char *path, struct wi_error *error);

struct wi_db_restored {
    char *database; /* that the backup is now; free with wi_db_restored_clear */
    char *before;   /* the previous database, under its new name; NULL: there was none */
};
/* Replaces the database in `folder` (NULL: as in wi_db_open), which must exist, by a copy of the
 * backup at `path`, and keeps the database under another name in that folder. Root gives the copy
 * to the owner of the folder. WI_OK; else nothing has changed: WI_STORAGE_FAILED, or
 * WI_INVALID_FIELD for a file that is no backup, for one of a newer version, or if an earlier
 * database is kept already. */
enum wi_code wi_db_restore(
    const char *path, const char *folder, struct wi_db_restored *restored, struct wi_error *error);
void wi_db_restored_clear(struct wi_db_restored *restored);

#endif
