/* A file that an older version has written is brought up to date, and nothing in it is lost. */
#include "fixture.h"

#include "pool/facts/verdicts.h"
#include "store/private.h"
#include "store/rows.h"
#include <signal.h>
#include <sys/resource.h>

/* The tables of version 2, where running jobs could not be marked as cancelled. */
static const char version_2[] =
    "CREATE TABLE estimates (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at INTEGER NOT "
    "NULL) WITHOUT ROWID;"
    "CREATE TABLE verdicts (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE jobs (id TEXT PRIMARY KEY, state INTEGER NOT NULL, infer INTEGER NOT NULL,"
    " client TEXT NOT NULL, client_id TEXT, model_name TEXT NOT NULL, priority INTEGER NOT NULL,"
    " rank INTEGER NOT NULL, accepted_at INTEGER NOT NULL, deadline_at INTEGER NOT NULL,"
    " retry_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, runs INTEGER NOT NULL,"
    " crashes INTEGER NOT NULL, body_size INTEGER NOT NULL, json_size INTEGER NOT NULL,"
    " cost INTEGER NOT NULL, status INTEGER NOT NULL, answer_size INTEGER NOT NULL,"
    " head_size INTEGER NOT NULL, problem TEXT, idempotency_key TEXT, body_hash BLOB)"
    " WITHOUT ROWID;"
    "CREATE INDEX jobs_waiting ON jobs (state, (crashes > 0), rank);"
    "CREATE INDEX jobs_deadline ON jobs (deadline_at) WHERE state < 2;"
    "CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state >= 2;"
    "CREATE INDEX jobs_accepted ON jobs (accepted_at);"
    "CREATE UNIQUE INDEX jobs_key ON jobs (client, infer, idempotency_key)"
    " WHERE idempotency_key IS NOT NULL;"
    "CREATE TABLE job_bodies (id TEXT PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE job_answers (id TEXT PRIMARY KEY, bytes BLOB NOT NULL);"
    "INSERT INTO estimates VALUES ('place', '{}', 1);"
    "INSERT INTO verdicts VALUES ('place', 'ok', 1);"
    "INSERT INTO jobs VALUES ('waits', 0, 0, 'me', NULL, 'model', 5, 0, 100, 1100, 0, 0, 0, 0, 4, "
    "4,"
    " 9, 0, 0, 0, NULL, 'the key', NULL);"
    "INSERT INTO jobs VALUES ('runs', 1, 0, 'me', NULL, 'model', 5, 1, 200, 1200, 0, 0, 1, 1, 4, 4,"
    " 9, 0, 0, 0, NULL, NULL, NULL);"
    "INSERT INTO jobs VALUES ('done', 2, 0, 'me', NULL, 'model', 5, 2, 300, 1300, 0, 400, 1, 1, 4, "
    "4,"
    " 9, 200, 2, 2, NULL, NULL, NULL);"
    "INSERT INTO job_bodies VALUES ('waits', 'body'), ('runs', 'body');"
    "INSERT INTO job_answers VALUES ('done', '{}');"
    "PRAGMA user_version=2;";

/* What makes those of version 8 of them, where values had no version of the rules beside them. */
static const char from_2_to_8[] =
    "CREATE INDEX jobs_client ON jobs (client, accepted_at);"
    "ALTER TABLE jobs ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE jobs ADD COLUMN dialect TEXT NOT NULL DEFAULT 'native';"
    "CREATE TABLE file_hashes (key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at INTEGER NOT "
    "NULL) WITHOUT ROWID;"
    "INSERT INTO file_hashes VALUES ('file', '[]', 1);"
    "PRAGMA user_version=8;";

static int set_up_with(void **state, const char *tables, const char *changes)
{
    struct fixture *f = new_fixture();
    char file[96];
    sqlite3 *sqlite;
    *state = f;
    snprintf(file, sizeof file, "%s/webinfer.db", f->folder);
    if (sqlite3_open(file, &sqlite) != SQLITE_OK ||
        wi_db_exec(sqlite, tables, &f->error) != WI_OK ||
        wi_db_exec(sqlite, changes, &f->error) != WI_OK)
        fail_msg("%s", f->error.detail);
    sqlite3_close(sqlite);
    open_db(f);
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, version_2, "");
}

static int set_up_8(void **state)
{
    return set_up_with(state, version_2, from_2_to_8);
}

static void count(void *context, const char *key, const char *value)
{
    struct fixture *f = context;
    f->values++;
}

static int count_of(struct fixture *f, enum wi_db_space space, int rules)
{
    f->values = 0;
    wi_db_each(f->db, space, rules, count, f);
    return f->values;
}

FIXTURE(set_up, tear_down)

TEST(jobs_of_an_older_version_are_kept_and_what_was_measured_is_not)
{
    struct fixture *f = *state;
    struct wi_row_sweep stock = {.count = 1};
    struct wi_row_read read = {.id = "done", .answer_max = 10};
    assert_int_equal(count_of(f, WI_DB_ESTIMATES, 0), 0);
    assert_int_equal(count_of(f, WI_DB_VERDICTS, 0), 0);
    now(f, wi_row_sweep, &stock);
    assert_int_equal(stock.total, 3);
    assert_int_equal(stock.open, 2);
    free(stock.holdings);
    now(f, wi_row_read, &read);
    assert_memory_equal(read.row.bytes->bytes, "{}", 2);
    wi_row_clear(&read.row);
}

TEST_IN(verdicts_without_a_version_of_the_rules_are_asked_anew, set_up_8, tear_down)
{
    struct fixture *f = *state;
    struct wi_row_sweep stock = {.count = 1};
    assert_int_equal(count_of(f, WI_DB_VERDICTS, WI_COMPARE_RULES), 0);
    assert_int_equal(count_of(f, WI_DB_ESTIMATES, 0), 1);
    assert_int_equal(count_of(f, WI_DB_FILE_HASHES, 0), 1);
    now(f, wi_row_sweep, &stock);
    assert_int_equal(stock.total, 3);
    free(stock.holdings);
    wi_db_put(f->db, WI_DB_VERDICTS, WI_COMPARE_RULES, "place", "anew");
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    open_db(f);
    assert_int_equal(count_of(f, WI_DB_VERDICTS, WI_COMPARE_RULES), 1);
    assert_int_equal(count_of(f, WI_DB_VERDICTS, 0), 0);
}

static void tell_nothing(struct wi_row_cancel *cancel, const struct wi_row *row)
{
}

TEST(jobs_of_an_older_version_run_and_are_cancelled)
{
    struct fixture *f = *state;
    struct wi_row_cancel cancel = {.finish = {.id = "runs"}, .tell = tell_nothing};
    struct wi_row_recover recover = {.crashes_max = 3};
    struct wi_row_take take = {.count = 9, .bytes = 1000, .now = 1};
    now(f, wi_row_cancel, &cancel);
    assert_int_equal(cancel.before, WI_ROW_RUNNING);
    now(f, wi_row_recover, &recover);
    assert_int_equal(recover.requeued, 0);
    assert_int_equal(recover.cancelled_count, 1);
    free(recover.cancelled);
    now(f, wi_row_take, &take);
    assert_int_equal(take.taken, 1);
    assert_string_equal(take.rows[0].id, "waits");
    assert_string_equal(take.rows[0].dialect, "native");
    assert_memory_equal(take.rows[0].bytes->bytes, "body", 4);
    wi_row_clear(&take.rows[0]);
    free(take.rows);
}

/* A limit of sizes stands for a full disk. */
TEST_IN(says_that_there_is_no_room, NULL, NULL)
{
    struct fixture *f = new_fixture();
    struct rlimit usual, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    small = (struct rlimit){.rlim_cur = 8192, .rlim_max = usual.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    f->db = wi_db_open(&f->loop, f->folder, &f->error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_null(f->db);
    assert_string_equal(f->error.field, "store.path");
    assert_non_null(strstr(f->error.detail, "; make room there, or set [store] path to a folder"));
    open_db(f); /* and what was begun is in nobody's way */
    *state = f;
    assert_int_equal(tear_down(state), 0);
}
