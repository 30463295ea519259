/* The database as a whole: its file, its writer and its values; opened, closed, queried. */
#include "settings/store/private.h"

#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct wi_db *wi_db_open(uv_loop_t *loop, const char *folder, struct wi_error *error)
{
    char *path = wi_db_make_folder(folder, error);
    if (path == NULL)
        return NULL;
    struct wi_db *db = wi_alloc(sizeof *db);
    db->loop = loop;
    db->path = wi_sprintf("%s/webinfer.db", path);
    db->lock = wi_db_lock(path, error);
    if (db->lock >= 0) {
        wi_db_backup_sweep(db);
        db->sqlite = wi_db_open_file(db->path, error);
    }
    int good = db->sqlite && wi_db_now(db, wi_db_values_prune, NULL, error) == WI_OK &&
               wi_db_reader_start(db, error) == WI_OK && wi_db_writer_start(db, error) == WI_OK;
    free(path);
    if (good) {
        db->values = wi_db_values_new(db, loop);
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
    wi_db_writer_close(db);
}

void wi_db_free(struct wi_db *db)
{
    if (db == NULL)
        return;
    assert(db->pending == 0 && db->async == NULL);
    wi_db_writer_end(db);
    wi_db_values_flush(db->values);
    wi_db_writer_run_late(db);
    free(db->values);
    wi_db_reader_end(db);
    wi_db_disconnect(db->sqlite);
    if (db->lock >= 0)
        close(db->lock);
    free(db->path);
    free(db);
}

const char *wi_db_path(const struct wi_db *db)
{
    return db->path;
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
