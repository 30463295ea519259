/* Copies of the database: what is in one, what is no backup, and what restoring leaves. */
#include "fixture.h"

#include "settings/store/backup.h"
#include "settings/store/private.h"

static int set_up(void **state)
{
    *state = new_fixture();
    return 0;
}

FIXTURE(set_up, tear_down)

struct made {
    int fd, done, failed;
    uint64_t size;
    char *text; /* all of it */
};

static void on_made(void *context, int fd, uint64_t size, const struct wi_error *failure)
{
    struct made *made = context;
    made->done++;
    made->failed = failure != NULL;
    made->fd = fd;
    made->size = size;
}

static struct made backup(struct fixture *f)
{
    struct made made = {.fd = -1};
    wi_db_backup(f->db, on_made, &made);
    while (!made.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_false(made.failed);
    made.text = wi_alloc(made.size + 1);
    assert_int_equal(pread(made.fd, made.text, made.size, 0), made.size);
    close(made.fd);
    return made;
}

static char *path_in(const struct fixture *f, const char *name)
{
    return wi_sprintf("%s/%s", f->folder, name);
}

static int has_file(const struct fixture *f, const char *name)
{
    char *path = path_in(f, name);
    int there = access(path, F_OK) == 0;
    free(path);
    return there;
}

/* A backup of a database with that value in it, as FILE in the folder; the database is closed. */
static void write_backup(struct fixture *f, const char *file, const char *value)
{
    open_db(f);
    wi_db_put(f->db, WI_DB_ESTIMATES, 0, "place", value);
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    open_db(f);
    struct made made = backup(f);
    write_file(f->folder, file, made.text, made.size);
    free(made.text);
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    f->db = NULL;
}

static enum wi_code restore(struct fixture *f, const char *file)
{
    struct wi_db_restored restored;
    char *path = path_in(f, file);
    enum wi_code code = wi_db_restore(path, f->folder, &restored, &f->error);
    assert_int_equal(code == WI_OK, restored.database != NULL);
    wi_db_restored_clear(&restored);
    free(path);
    return code;
}

static void take_value(void *context, const char *key, const char *value)
{
    snprintf(context, 16, "%s", value);
}

static void assert_value(struct fixture *f, const char *value)
{
    char found[16] = "";
    open_db(f);
    wi_db_each(f->db, WI_DB_ESTIMATES, 0, take_value, found);
    assert_string_equal(found, value);
}

/* What is in the log alone is in it, and it needs no log of its own (bytes 18 and 19). */
TEST(a_backup_has_what_was_committed_and_is_one_file)
{
    struct fixture *f = *state;
    write_backup(f, "copy", "1");
    char *path = path_in(f, "copy"), head[20];
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, head, sizeof head), sizeof head);
    close(fd);
    assert_memory_equal(head, "SQLite format 3", 16);
    assert_int_equal(head[18], 1);
    assert_int_equal(head[19], 1);
    assert_true(wi_db_backup_check(path, &f->error) > 0);
    free(path);
    assert_false(has_file(f, "webinfer.db.backup"));
    assert_false(has_file(f, "copy-wal"));
}

TEST(restoring_keeps_what_was_there)
{
    struct fixture *f = *state;
    write_backup(f, "copy", "1");
    write_backup(f, "other", "2");
    assert_int_equal(restore(f, "copy"), WI_OK);
    assert_true(has_file(f, "webinfer.db.before-restore"));
    assert_value(f, "1");
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    f->db = NULL;
    assert_int_equal(restore(f, "other"), WI_INVALID_FIELD);
    assert_non_null(strstr(f->error.detail, "before-restore exists already"));
    assert_false(has_file(f, "webinfer.db.restore"));
    assert_value(f, "1");
}

TEST(restoring_needs_no_database)
{
    struct fixture *f = *state;
    write_backup(f, "copy", "1");
    char *path = path_in(f, "webinfer.db");
    unlink(path);
    free(path);
    assert_int_equal(restore(f, "copy"), WI_OK);
    assert_false(has_file(f, "webinfer.db.before-restore"));
    assert_value(f, "1");
}

TEST(a_database_that_is_in_use_is_not_replaced)
{
    struct fixture *f = *state;
    write_backup(f, "copy", "1");
    open_db(f);
    assert_int_equal(restore(f, "copy"), WI_STORAGE_FAILED);
    assert_non_null(strstr(f->error.detail, "another webinferd"));
}

TEST(nothing_else_is_taken_for_a_backup)
{
    static const struct {
        const char *name, *sql, *words;
    } rows[] = {
        {"foreign", "CREATE TABLE t (x); PRAGMA user_version=3", "another program's"},
        {"newer", "PRAGMA user_version=1000", "newer webinferd (version 1000"},
        {"older", "PRAGMA user_version=0", "another program's"},
        {"less", "DROP TABLE job_bodies", "another program's"},
    };
    struct fixture *f = *state;
    write_backup(f, "copy", "1");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sqlite3 *sqlite;
        char *command = wi_sprintf("cp '%s/copy' '%s/%s'", f->folder, f->folder, rows[i].name);
        char *path = path_in(f, rows[i].name);
        if (strcmp(rows[i].name, "foreign") != 0)
            assert_int_equal(system(command), 0);
        assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
        assert_int_equal(wi_db_exec(sqlite, rows[i].sql, &f->error), WI_OK);
        sqlite3_close(sqlite);
        assert_int_equal(restore(f, rows[i].name), WI_INVALID_FIELD);
        if (!strstr(f->error.detail, rows[i].words))
            fail_msg("%s: %s", rows[i].name, f->error.detail);
        free(path);
        free(command);
    }
    write_file(f->folder, "empty", "", 0);
    assert_int_equal(restore(f, "empty"), WI_INVALID_FIELD);
    assert_int_equal(restore(f, "nothing"), WI_INVALID_FIELD);
    assert_int_equal(restore(f, "."), WI_INVALID_FIELD);
    assert_false(has_file(f, "webinfer.db.restore"));
    assert_value(f, "1");
}
