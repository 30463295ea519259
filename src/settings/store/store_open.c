/*
 * Opening the database: the folder, the lock that keeps a second daemon away, and the tables as
 * this version wants them. `user_version` counts the migrations that a file has seen.
 */
#include "settings/store/private.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Files up to this size are checked for damage: larger ones would keep the start waiting. */
#define CHECK_MAX (64 << 20)

#define VALUES_TABLE(name)                                                                         \
    "CREATE TABLE " name " (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at INTEGER NOT"     \
    " NULL, rules INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"

/* SQL from each version to the next; released SQL is never changed. */
static const char *const migrations[] = {
    /* Each with the version of its owner's rules by which the value was found out. */
    VALUES_TABLE("estimates") VALUES_TABLE("verdicts")
    /* SHA-256 of files of models, by device and inode. */
    VALUES_TABLE("file_hashes")
    /* `rank` orders what waits as work/job/queue.h does: a priority is worth so many milliseconds
     * of age, so the order never changes. `cancelled`: it is to end so, if it does not end
     * otherwise before. `attempts`: how often it was sent to a node in runs that were put back.
     * Bodies and answers lie apart: a changed row is written whole. */
    "CREATE TABLE jobs (id TEXT PRIMARY KEY, state INTEGER NOT NULL, infer INTEGER NOT NULL,"
    " client TEXT NOT NULL, client_id TEXT, model_name TEXT NOT NULL, priority INTEGER NOT NULL,"
    " rank INTEGER NOT NULL, accepted_at INTEGER NOT NULL, deadline_at INTEGER NOT NULL,"
    " retry_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, runs INTEGER NOT NULL,"
    " crashes INTEGER NOT NULL, body_size INTEGER NOT NULL, json_size INTEGER NOT NULL,"
    " cost INTEGER NOT NULL, status INTEGER NOT NULL, answer_size INTEGER NOT NULL,"
    " head_size INTEGER NOT NULL, problem TEXT, idempotency_key TEXT, body_hash BLOB,"
    " cancelled INTEGER NOT NULL, attempts INTEGER NOT NULL, dialect TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE job_bodies (id TEXT PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE job_answers (id TEXT PRIMARY KEY, bytes BLOB NOT NULL);"
    /* Whose turn it is: see rows_take.c. */
    "CREATE TABLE job_turns (infer INTEGER NOT NULL, client TEXT NOT NULL, turn INTEGER NOT NULL,"
    " PRIMARY KEY (infer, client)) WITHOUT ROWID;"
    "CREATE INDEX job_turns_next ON job_turns (infer, turn);"
    /* What may run, and what pauses. */
    "CREATE INDEX jobs_ready ON jobs (client, infer, rank)"
    " WHERE state = 0 AND crashes = 0 AND retry_at = 0;"
    "CREATE INDEX jobs_suspect ON jobs (rank) WHERE state = 0 AND crashes > 0 AND retry_at = 0;"
    "CREATE INDEX jobs_paused ON jobs (retry_at) WHERE state = 0;"
    "CREATE INDEX jobs_deadline ON jobs (deadline_at) WHERE state < 2;"
    "CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state >= 2;"
    "CREATE UNIQUE INDEX jobs_key ON jobs (client, infer, idempotency_key)"
    " WHERE idempotency_key IS NOT NULL;"
    /* Lists: of all, of a state, of one client among however many others. */
    "CREATE INDEX jobs_accepted ON jobs (accepted_at);"
    "CREATE INDEX jobs_state ON jobs (state, accepted_at);"
    "CREATE INDEX jobs_client ON jobs (client, accepted_at);"
    "CREATE INDEX jobs_client_state ON jobs (client, state, accepted_at, body_size, answer_size);",
    /* The name of this daemon for others. */
    VALUES_TABLE("self"),
    /* How often each model ran recently. */
    VALUES_TABLE("runs"),
    /* Which kernels have run at which place. */
    VALUES_TABLE("kernels_used"),
    /* Nodes that were found wrong. */
    VALUES_TABLE("quarantine"),
    /* Runs of the laboratory: see results.c. Numbers of runs grow, also behind one that is gone;
     * those of cells are their indexes. Of a yardstick it is known which browser it is of. */
    "CREATE TABLE lab_runs (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
    " head TEXT NOT NULL, ended_at INTEGER NOT NULL, noisy INTEGER NOT NULL,"
    " cells INTEGER NOT NULL, bytes INTEGER NOT NULL);"
    "CREATE TABLE lab_cells (run INTEGER NOT NULL, number INTEGER NOT NULL, head TEXT NOT NULL,"
    " samples BLOB NOT NULL, yardstick_of TEXT, PRIMARY KEY (run, number));",
    /* How kernels are compiled fastest at which place. */
    VALUES_TABLE("tunings"),
    /* What kinds of browser can do, and the models for which memory was lacking, by place. */
    VALUES_TABLE("abilities") VALUES_TABLE("shortages"),
    /* Browsers that come back without a token. */
    VALUES_TABLE("devices"),
    /* Whether a run is of a person. */
    "ALTER TABLE lab_runs ADD COLUMN person INTEGER NOT NULL DEFAULT 0;",
    /* Which runs have measured a model. */
    ("CREATE INDEX lab_cells_model ON lab_cells (json_extract(head, '$.model'), run)"
     " WHERE yardstick_of IS NULL;"),
};
#define VERSION ((int)(sizeof migrations / sizeof *migrations))

/* --- the folder ------------------------------------------------------------------------------ */

static char *home_folder(void)
{
    const char *home = getenv("HOME");
    if (home && *home == '/')
        return wi_strdup(home);
    const struct passwd *user = getpwuid(geteuid());
    return wi_strdup(user && user->pw_dir && *user->pw_dir == '/' ? user->pw_dir : NULL);
}

char *wi_db_default_folder(void)
{
    const char *given = getenv("STATE_DIRECTORY"); /* systemd may name several, with ':' */
    if (given && *given == '/')
        return wi_strndup(given, strcspn(given, ":"));
    char *home = home_folder(), *folder = wi_state_folder(home);
    free(home);
    return folder;
}

/* mkdir -p; new folders are for our user only. 0 or -1 with errno. */
static int make_path(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0700) != 0 && errno != EEXIST && access(path, F_OK) != 0;
        *slash = '/';
        if (failed)
            return -1;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -1;
    struct stat info;
    if (stat(path, &info) != 0)
        return -1;
    errno = ENOTDIR;
    return S_ISDIR(info.st_mode) ? 0 : -1;
}

/* The code for a start that failed for `why` (errno): the disk's if it may succeed at another time,
 * otherwise that of a setting, which a person has to change. */
static enum wi_code sqlite_code(int why)
{
    return wi_is_shortage(why) || wi_is_full(why) || why == EIO ? WI_STORAGE_FAILED
                                                                : WI_INVALID_FIELD;
}

char *wi_db_make_folder(const char *folder, struct wi_error *error)
{
    char *path = folder && *folder ? wi_strdup(folder) : wi_db_default_folder();
    if (path == NULL) {
        wi_error_set(error, WI_INVALID_FIELD, "store.path",
            "there is no home directory to keep the database in: set [store] path");
        return NULL;
    }
    if (make_path(path) == 0)
        return path;
    wi_error_set(error, sqlite_code(errno), "store.path",
        "cannot make the folder %s for the database: %s; set [store] path to one that webinferd "
        "may write",
        path, strerror(errno));
    free(path);
    return NULL;
}

int wi_db_lock(const char *folder, struct wi_error *error)
{
    char *path = wi_sprintf("%s/webinfer.lock", folder);
    char holder[24] = "";
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        wi_error_set(error, sqlite_code(errno), "store.path",
            "cannot write %s: %s; the database's folder must be writable for webinferd", path,
            strerror(errno));
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        ssize_t got = read(fd, holder, sizeof holder - 1);
        holder[got > 0 ? strspn(holder, "0123456789") : 0] = '\0';
        wi_error_set(error, WI_STORAGE_FAILED, "store.path",
            "another webinferd%s%s%s uses the database in %s; end it, or give this one another "
            "[store] path",
            *holder ? " (process " : "", holder, *holder ? ")" : "", folder);
        close(fd);
        fd = -1;
    } else if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        wi_debug("store", NULL, "cannot record the process in %s", path); /* only for the message */
    }
    free(path);
    return fd;
}

void wi_db_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? wi_strndup(path, (size_t)(slash - path) + 1) : wi_strdup(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

/* --- the file -------------------------------------------------------------------------------- */

/* The number that a PRAGMA returns, or -1. */
static int64_t sqlite_ask(sqlite3 *sqlite, const char *sql, struct wi_error *error)
{
    int64_t value = -1;
    sqlite3_stmt *statement = wi_db_start(sqlite, sql, NULL, error);
    if (wi_db_step(sqlite, statement, error) > 0)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

enum wi_code wi_db_check(sqlite3 *sqlite, const char *pragma, int *damaged, struct wi_error *error)
{
    sqlite3_stmt *statement = wi_db_start(sqlite, pragma, NULL, error);
    enum wi_code code = WI_STORAGE_FAILED;
    if (wi_db_step(sqlite, statement, error) > 0) {
        const char *said = (const char *)sqlite3_column_text(statement, 0);
        *damaged = strcmp(said, "ok") != 0;
        code = *damaged ? wi_error_set(error, WI_STORAGE_FAILED, NULL, "%s", said) : WI_OK;
    }
    sqlite3_finalize(statement);
    return code;
}

static enum wi_code check_damage(sqlite3 *sqlite, int *damaged, struct wi_error *error)
{
    int64_t pages = sqlite_ask(sqlite, "PRAGMA page_count", error);
    int64_t size = sqlite_ask(sqlite, "PRAGMA page_size", error);
    if (pages < 0 || size < 0)
        return WI_STORAGE_FAILED;
    return pages * size > CHECK_MAX ? WI_OK
                                    : wi_db_check(sqlite, "PRAGMA quick_check(1)", damaged, error);
}

/* How many tables of the first migration there are, or -1; `all` gets how many of any name. */
static int64_t count_tables(sqlite3 *sqlite, int64_t *all, struct wi_error *error)
{
    *all = sqlite_ask(sqlite, "SELECT count(*) FROM sqlite_master WHERE type = 'table'", error);
    if (*all < 0)
        return -1;
    return sqlite_ask(sqlite,
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('estimates',"
        " 'verdicts', 'file_hashes', 'jobs', 'job_bodies', 'job_answers', 'job_turns')",
        error);
}
#define FIRST_TABLES 7

int64_t wi_db_version(sqlite3 *sqlite, struct wi_error *error)
{
    int64_t all, version = sqlite_ask(sqlite, "PRAGMA user_version", error);
    if (version < 0)
        return -1;
    int64_t first = count_tables(sqlite, &all, error);
    if (first < 0)
        return -1;
    if (version > 0 && first == FIRST_TABLES)
        return version;
    wi_error_set(error, WI_INVALID_FIELD, NULL,
        all == 0 ? "it has no tables, which is never the case after webinferd has used it"
                 : "it is another program's: tables of webinferd are missing");
    return -1;
}

enum wi_code wi_db_check_version(int64_t version, struct wi_error *error)
{
    if (version <= VERSION)
        return WI_OK;
    return wi_error_set(error, WI_INVALID_FIELD, NULL,
        "it was written by a newer webinferd (version %lld of the tables; this one supports "
        "version %d)",
        (long long)version, VERSION);
}

static enum wi_code db_migrate(sqlite3 *sqlite, int64_t from, struct wi_error *error)
{
    for (int next = (int)from; next < VERSION; next++) {
        char *sql = wi_sprintf(
            "BEGIN IMMEDIATE;%sPRAGMA user_version=%d;COMMIT", migrations[next], next + 1);
        enum wi_code code = wi_db_exec(sqlite, sql, error);
        free(sql);
        if (code != WI_OK)
            return code;
    }
    return WI_OK;
}

enum wi_code wi_db_touch(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    char sql[48];
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d", VERSION);
    return wi_db_exec(sqlite, sql, error);
}

static const char settings[] = "PRAGMA journal_mode=WAL;"
                               "PRAGMA synchronous=FULL;"
                               "PRAGMA journal_size_limit=16777216;"
                               "PRAGMA temp_store=MEMORY;";

static enum wi_code set_up(sqlite3 *sqlite, int *damaged, struct wi_error *error)
{
    enum wi_code code;
    int64_t version;
    sqlite3_extended_result_codes(sqlite, 1);
    sqlite3_busy_timeout(sqlite, WI_DB_BUSY_MS);
    if ((code = wi_db_exec(sqlite, settings, error)) != WI_OK ||
        (code = check_damage(sqlite, damaged, error)) != WI_OK)
        return code;
    if ((version = wi_db_version(sqlite, error)) < 0)
        return error->code;
    if ((code = wi_db_check_version(version, error)) != WI_OK)
        return code;
    return db_migrate(sqlite, version, error);
}

/* Whether the last write failed for lack of room: of the disk, a quota or a limit. */
static int is_full(sqlite3 *sqlite)
{
    int why = sqlite3_system_errno(sqlite);
    return (sqlite3_errcode(sqlite) & 0xff) == SQLITE_FULL || wi_is_full(why) || why == EFBIG;
}

static int is_damaged(sqlite3 *sqlite)
{
    int code = sqlite3_errcode(sqlite) & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* Adds to the problem (`why`) the file that it concerns and what to do. */
static void failure_explain(
    const char *path, int damaged, int full, const struct wi_error *why, struct wi_error *error)
{
    const char *advice =
        damaged || why->code == WI_INVALID_FIELD
            ? "put a backup in its place (webinfer restore), move it away to start with an empty "
              "one, or set [store] path to another folder"
        : full ? "make room there, or set [store] path to a folder that has some"
               : "webinferd must be able to write it and its folder";
    wi_error_set(error, damaged ? WI_INVALID_FIELD : why->code, "store.path",
        "cannot use the database %s: %s%s; %s", path, damaged ? "it is damaged: " : "", why->detail,
        advice);
}

/* --- a new file ------------------------------------------------------------------------------ */

/* It need not survive a crash before it has its name. auto_vacuum counts only before the first
 * table is made. */
static const char making[] = "PRAGMA auto_vacuum=INCREMENTAL;"
                             "PRAGMA journal_mode=OFF;"
                             "PRAGMA synchronous=OFF;";

static enum wi_code make_tables(const char *path, struct wi_error *error)
{
    sqlite3 *sqlite = wi_db_connect(path, SQLITE_OPEN_READWRITE, error);
    if (sqlite == NULL)
        return WI_STORAGE_FAILED;
    enum wi_code code = wi_db_exec(sqlite, making, error);
    if (code == WI_OK)
        code = db_migrate(sqlite, 0, error);
    sqlite3_close(sqlite);
    return code;
}

/* SQLite does not always report why a write failed. */
static int has_no_room(int fd)
{
    return pwrite(fd, "", 1, lseek(fd, 0, SEEK_END)) < 0 && (wi_is_full(errno) || errno == EFBIG);
}

/* SQLite would make it with the umask's mode; its log files take this one's. The fresh file, all of
 * it on the disk, or -1. */
static int make_fresh(const char *fresh, int *full, struct wi_error *why)
{
    unlink(fresh); /* of a start that was killed */
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        wi_error_set(why, sqlite_code(errno), NULL, "%s", strerror(errno));
        return -1;
    }
    if (make_tables(fresh, why) == WI_OK) {
        if (fsync(fd) == 0)
            return fd;
        wi_error_set(why, sqlite_code(errno), NULL, "%s", strerror(errno));
    }
    *full = has_no_room(fd);
    unlink(fresh);
    close(fd);
    return -1;
}

/* It is complete before it gets its name: no kill leaves an empty file, so an empty one can be
 * refused. */
static enum wi_code make_file(const char *path, struct wi_error *error)
{
    char *fresh = wi_sprintf("%s.new", path);
    struct wi_error why = {.code = WI_OK};
    int full = 0, fd = make_fresh(fresh, &full, &why);
    if (fd >= 0 && rename(fresh, path) != 0)
        wi_error_set(&why, sqlite_code(errno), NULL, "%s", strerror(errno));
    wi_close(fd);
    if (why.code != WI_OK)
        failure_explain(path, 0, full, &why, error);
    else
        wi_db_sync_folder(path);
    free(fresh);
    return why.code;
}

/* The log of a database has the data accepted last: without its other half all of that would be
 * lost silently. */
static enum wi_code check_log(const char *path, struct wi_error *error)
{
    char *log = wi_sprintf("%s-wal", path);
    struct stat info;
    enum wi_code code = WI_OK;
    if (stat(log, &info) == 0 && info.st_size > 0)
        code = wi_error_set(error, WI_INVALID_FIELD, "store.path",
            "the database %s is missing, though its log %s is there; put the database back, or "
            "move the log away to start with an empty one",
            path, log);
    free(log);
    return code;
}

/* WI_OK if it exists, or was made. */
static enum wi_code find_file(const char *path, struct wi_error *error)
{
    struct wi_error why;
    struct stat info;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return check_log(path, error) == WI_OK ? make_file(path, error) : WI_INVALID_FIELD;
    if (fd < 0 || fstat(fd, &info) != 0) {
        wi_close(fd);
        return wi_error_set(error, sqlite_code(errno), "store.path",
            "cannot open the database %s: %s; webinferd must be able to write it and its folder",
            path, strerror(errno));
    }
    close(fd);
    if (info.st_size > 0)
        return WI_OK;
    wi_error_set(&why, WI_INVALID_FIELD, NULL,
        "the file is empty, which is never the case after webinferd has used it");
    failure_explain(path, 1, 0, &why, error);
    return WI_INVALID_FIELD;
}

sqlite3 *wi_db_open_file(const char *path, struct wi_error *error)
{
    struct wi_error why;
    sqlite3 *sqlite = NULL;
    int damaged = 0;
    if (find_file(path, error) != WI_OK)
        return NULL;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(path, &sqlite, flags, NULL) != SQLITE_OK)
        wi_db_fail(sqlite, &why);
    else if (set_up(sqlite, &damaged, &why) == WI_OK)
        return sqlite;
    damaged |= is_damaged(sqlite);
    failure_explain(path, damaged, is_full(sqlite), &why, error);
    sqlite3_close(sqlite);
    return NULL;
}

sqlite3 *wi_db_open_memory(struct wi_error *error)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    sqlite3 *sqlite = wi_db_connect(":memory:", flags, error);
    if (sqlite == NULL || db_migrate(sqlite, 0, error) == WI_OK)
        return sqlite;
    sqlite3_close(sqlite);
    return NULL;
}
