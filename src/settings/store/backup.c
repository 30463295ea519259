/*
 * Copies of the database; see backup.h. One step of SQLite's backup copies all pages within one
 * read transaction (WAL): data that is committed meanwhile is not in it, and does not wait.
 */
#include "settings/store/backup.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include "settings/store/private.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- making one ------------------------------------------------------------------------------- */

struct backup {
    char *from, *to;
    wi_db_backup_fn *done;
    void *context;
    int fd; /* the copy, or -1 with `error` */
    uint64_t size;
    struct wi_error error;
};

static enum wi_code refuse_file(const char *path, struct wi_error *error)
{
    return wi_error_set(
        error, WI_STORAGE_FAILED, NULL, "%s cannot be written: %s", path, strerror(errno));
}

/* An empty file for our user alone. */
static enum wi_code make_empty(const char *path, struct wi_error *error)
{
    unlink(path); /* of one that was killed */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return refuse_file(path, error);
    close(fd);
    return WI_OK;
}

/* The file is discarded if anything goes wrong, so it needs no journal. The last line removes from
 * its header that the database has a log. */
static enum wi_code copy_pages(sqlite3 *source, sqlite3 *target, struct wi_error *error)
{
    enum wi_code code = wi_db_exec(target, "PRAGMA journal_mode=OFF;PRAGMA synchronous=OFF", error);
    if (code != WI_OK)
        return code;
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
    if (backup == NULL)
        return wi_db_fail(target, error);
    sqlite3_backup_step(backup, -1);
    if (sqlite3_backup_finish(backup) != SQLITE_OK)
        return wi_db_fail(target, error);
    return wi_db_exec(target, "PRAGMA journal_mode=DELETE", error);
}

static enum wi_code copy_database(const struct backup *backup, struct wi_error *error)
{
    sqlite3 *source = wi_db_connect(backup->from, SQLITE_OPEN_READONLY, error), *target = NULL;
    enum wi_code code = WI_STORAGE_FAILED;
    if (source)
        target = wi_db_connect(backup->to, SQLITE_OPEN_READWRITE, error);
    if (target) {
        sqlite3_busy_timeout(source, WI_DB_BUSY_MS);
        code = copy_pages(source, target, error);
    }
    sqlite3_close(target);
    sqlite3_close(source);
    return code;
}

/* On a thread. */
static void make_backup(void *data)
{
    struct backup *backup = data;
    struct stat info;
    if (make_empty(backup->to, &backup->error) != WI_OK)
        return;
    if (copy_database(backup, &backup->error) == WI_OK) {
        backup->fd = open(backup->to, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (backup->fd < 0 || fstat(backup->fd, &info) != 0)
            refuse_file(backup->to, &backup->error);
        else
            backup->size = (uint64_t)info.st_size;
    }
    unlink(backup->to);
}

static void on_made(void *data, int cancelled)
{
    struct backup *backup = data;
    assert(!cancelled); /* the loop turns until all have called back */
    int failed = backup->error.code != WI_OK;
    if (failed && backup->fd >= 0)
        close(backup->fd);
    backup->done(backup->context, failed ? -1 : backup->fd, failed ? 0 : backup->size,
        failed ? &backup->error : NULL);
    free(backup->from);
    free(backup->to);
    free(backup);
}

static char *db_place(const struct wi_db *db)
{
    return wi_sprintf("%s.backup", db->path);
}

void wi_db_backup_sweep(const struct wi_db *db)
{
    char *path = db_place(db);
    unlink(path);
    free(path);
}

void wi_db_backup(struct wi_db *db, wi_db_backup_fn *done, void *context)
{
    struct backup *backup = wi_alloc(sizeof *backup);
    *backup = (struct backup){.from = wi_strdup(db->path),
        .to = db_place(db),
        .done = done,
        .context = context,
        .fd = -1};
    wi_work_start(db->loop, make_backup, on_made, backup);
}

/* --- looking at one --------------------------------------------------------------------------- */

/* A file that SQLite takes for an empty database. */
static enum wi_code check_size(const char *path, struct wi_error *error)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return wi_error_set(error, WI_INVALID_FIELD, NULL, "%s", strerror(errno));
    if (!S_ISREG(info.st_mode))
        return wi_error_set(error, WI_INVALID_FIELD, NULL, "it is not a regular file");
    if (info.st_size == 0)
        return wi_error_set(error, WI_INVALID_FIELD, NULL, "it is empty");
    return WI_OK;
}

int64_t wi_db_backup_check(const char *path, struct wi_error *error)
{
    int64_t version = -1;
    int damaged;
    if (check_size(path, error) != WI_OK)
        return -1;
    sqlite3 *sqlite = wi_db_connect(path, SQLITE_OPEN_READWRITE, error);
    if (sqlite && wi_db_check(sqlite, "PRAGMA integrity_check(1)", &damaged, error) == WI_OK)
        version = wi_db_version(sqlite, error);
    sqlite3_close(sqlite);
    return version;
}

/* --- putting one back ------------------------------------------------------------------------- */

struct restoring {
    const char *path;
    char *folder, *database, *fresh, *before; /* the last three: paths in the folder */
    struct stat owner;                        /* of the folder */
    int lock;
};

static enum wi_code refuse_path(
    enum wi_code code, const char *path, const char *why, struct wi_error *error)
{
    return wi_error_set(error, code, NULL, "%s %s", path, why);
}

/* webinferd could not use files that belong to root. */
static enum wi_code give_to_owner(
    const struct restoring *restoring, int fd, const char *path, struct wi_error *error)
{
    if (geteuid() != 0 || fchown(fd, restoring->owner.st_uid, restoring->owner.st_gid) == 0)
        return WI_OK;
    return wi_error_set(error, WI_STORAGE_FAILED, NULL, "%s cannot be given to user id %u: %s",
        path, (unsigned)restoring->owner.st_uid, strerror(errno));
}

static enum wi_code begin_restoring(
    struct restoring *restoring, const char *folder, struct wi_error *error)
{
    restoring->folder = folder ? wi_strdup(folder) : wi_db_default_folder();
    if (restoring->folder == NULL)
        return wi_error_set(error, WI_INVALID_FIELD, NULL,
            "there is no home directory that could have a database; name the folder of the "
            "database");
    if (stat(restoring->folder, &restoring->owner) != 0 || !S_ISDIR(restoring->owner.st_mode))
        return refuse_path(WI_INVALID_FIELD, restoring->folder,
            "is not a folder; name the folder of webinferd's database, or create it", error);
    restoring->lock = wi_db_lock(restoring->folder, error);
    if (restoring->lock < 0)
        return error->code;
    if (give_to_owner(restoring, restoring->lock, "its webinfer.lock", error) != WI_OK)
        return error->code;
    restoring->database = wi_sprintf("%s/webinfer.db", restoring->folder);
    restoring->fresh = wi_sprintf("%s.restore", restoring->database);
    restoring->before = wi_sprintf("%s.before-restore", restoring->database);
    return WI_OK;
}

static void end_restoring(struct restoring *restoring)
{
    wi_close(restoring->lock);
    free(restoring->folder);
    free(restoring->database);
    free(restoring->fresh);
    free(restoring->before);
}

/* Checks for the log files that accompany a copy of a database made while it was written to. */
static enum wi_code check_beside(const char *path, struct wi_error *error)
{
    char *log = wi_sprintf("%s-wal", path);
    struct stat info;
    enum wi_code code = WI_OK;
    if (stat(log, &info) == 0 && info.st_size > 0)
        code = wi_error_set(error, WI_INVALID_FIELD, NULL,
            "%s belongs to it, and has the data written last: give a file that webinfer backup has "
            "written",
            log);
    free(log);
    return code;
}

static enum wi_code copy_bytes(int from, int to, const char *path, struct wi_error *error)
{
    char piece[64 * 1024];
    ssize_t got;
    while ((got = read(from, piece, sizeof piece)) > 0)
        if (write(to, piece, (size_t)got) != got)
            return refuse_file(path, error);
    if (got < 0)
        return wi_error_set(
            error, WI_STORAGE_FAILED, NULL, "it cannot be read: %s", strerror(errno));
    return fsync(to) == 0 ? WI_OK : refuse_file(path, error);
}

/* A copy in the folder, completely on the disk. */
static enum wi_code copy_in(const struct restoring *restoring, struct wi_error *error)
{
    enum wi_code code = check_beside(restoring->path, error);
    if (code == WI_OK && (code = check_size(restoring->path, error)) == WI_OK)
        code = make_empty(restoring->fresh, error);
    if (code != WI_OK)
        return code;
    int from = open(restoring->path, O_RDONLY | O_CLOEXEC);
    int to = open(restoring->fresh, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    if (from < 0)
        code =
            wi_error_set(error, WI_INVALID_FIELD, NULL, "it cannot be opened: %s", strerror(errno));
    else if (to < 0)
        code = refuse_file(restoring->fresh, error);
    else
        code = copy_bytes(from, to, restoring->fresh, error);
    if (code == WI_OK)
        code = give_to_owner(restoring, to, restoring->fresh, error);
    wi_close(to);
    wi_close(from);
    return code;
}

/* Its log is merged into it, if it can be read: then one file has everything. */
static void fold_log(const char *database)
{
    sqlite3 *sqlite = wi_db_connect(database, SQLITE_OPEN_READWRITE, NULL);
    if (sqlite)
        (void)wi_db_exec(sqlite, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
    sqlite3_close(sqlite);
}

/* The log of an unreadable database is moved with it: SQLite would take it for the backup's. */
static int move_log(const struct restoring *restoring, const char *suffix)
{
    char *from = wi_sprintf("%s%s", restoring->database, suffix);
    char *to = wi_sprintf("%s%s", restoring->before, suffix);
    int status = rename(from, to);
    if (status != 0 && errno == ENOENT)
        status = 0;
    free(from);
    free(to);
    return status;
}

/* The database gets a second name, so that a database exists at every moment. 1 if there is one. */
static enum wi_code keep_old(
    const struct restoring *restoring, int *is_there, struct wi_error *error)
{
    struct stat info;
    *is_there = lstat(restoring->database, &info) == 0;
    if (!*is_there)
        return errno == ENOENT ? WI_OK : refuse_file(restoring->database, error);
    if (!S_ISREG(info.st_mode))
        return refuse_path(WI_INVALID_FIELD, restoring->database, "is not a regular file", error);
    fold_log(restoring->database);
    if (link(restoring->database, restoring->before) == 0)
        return WI_OK;
    if (errno != EEXIST)
        return refuse_file(restoring->before, error);
    return refuse_path(WI_INVALID_FIELD, restoring->before,
        "exists already, from an earlier restore; move it away first", error);
}

static enum wi_code backup_exchange(
    const struct restoring *restoring, struct wi_db_restored *restored, struct wi_error *error)
{
    int is_there;
    if (keep_old(restoring, &is_there, error) != WI_OK)
        return error->code;
    if (move_log(restoring, "-wal") != 0 || move_log(restoring, "-shm") != 0 ||
        rename(restoring->fresh, restoring->database) != 0)
        return refuse_file(restoring->database, error);
    wi_db_sync_folder(restoring->database);
    restored->database = wi_strdup(restoring->database);
    restored->before = is_there ? wi_strdup(restoring->before) : NULL;
    return WI_OK;
}

enum wi_code wi_db_restore(
    const char *path, const char *folder, struct wi_db_restored *restored, struct wi_error *error)
{
    struct restoring restoring = {.path = path, .lock = -1};
    struct wi_error why;
    *restored = (struct wi_db_restored){0};
    enum wi_code code = begin_restoring(&restoring, folder, error);
    if (code == WI_OK) {
        if ((code = copy_in(&restoring, &why)) == WI_OK) {
            int64_t version = wi_db_backup_check(restoring.fresh, &why);
            code = version < 0 ? why.code : wi_db_check_version(version, &why);
        }
        if (code != WI_OK)
            wi_error_set(error, code, NULL, "%s cannot be restored: %s", path, why.detail);
        else
            code = backup_exchange(&restoring, restored, error);
        unlink(restoring.fresh);
    }
    end_restoring(&restoring);
    return code;
}

void wi_db_restored_clear(struct wi_db_restored *restored)
{
    free(restored->database);
    free(restored->before);
    *restored = (struct wi_db_restored){0};
}
