/* What the database promises: committed is there again, also after a kill; a file that cannot be
 * used is said so; a full disk fails what does not fit, and only as long as it lasts. */
#include "../../test.h"

#include "../../files.h"
#include "base/clock.h"
#include "settings/store/db.h"
#include "settings/store/private.h"
#include "settings/store/rows.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

struct fixture {
    uv_loop_t loop;
    char folder[64];
    char file[96];
    struct wi_db *db;
    struct wi_error error;
    char seen[512]; /* key=value; … */
    int done, failed;
};

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    *state = f;
    make_root(f->folder, "db");
    snprintf(f->file, sizeof f->file, "%s/webinfer.db", f->folder);
    return uv_loop_init(&f->loop);
}

static void close_db(struct fixture *f)
{
    wi_db_close(f->db);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    f->db = NULL;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    close_db(f);
    remove_root(f->folder);
    int failed = uv_loop_close(&f->loop);
    free(f);
    return failed;
}

static void open_db(struct fixture *f)
{
    f->db = wi_db_open(&f->loop, f->folder, &f->error);
    if (!f->db)
        fail_msg("%s", f->error.detail);
}

static void see(void *context, const char *key, const char *value)
{
    struct fixture *f = context;
    size_t used = strlen(f->seen);
    snprintf(f->seen + used, sizeof f->seen - used, "%s=%s;", key, value);
}

static const char *all_by(struct fixture *f, enum wi_db_space space, int rules)
{
    f->seen[0] = '\0';
    wi_db_each(f->db, space, rules, see, f);
    return f->seen;
}

static const char *all(struct fixture *f, enum wi_db_space space)
{
    return all_by(f, space, 0);
}

static void assert_refused(struct fixture *f, enum wi_code code, const char *words)
{
    f->db = wi_db_open(&f->loop, f->folder, &f->error);
    assert_null(f->db);
    assert_int_equal(f->error.code, code);
    if (!strstr(f->error.detail, words))
        fail_msg("\"%s\" does not say \"%s\"", f->error.detail, words);
}

/* --- values ----------------------------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(values_are_there_again)
{
    struct fixture *f = *state;
    open_db(f);
    wi_db_put(f->db, WI_DB_ESTIMATES, 0, "a", "1");
    wi_db_put(f->db, WI_DB_ESTIMATES, 0, "a", "3");
    wi_db_put(f->db, WI_DB_ESTIMATES, 0, "b", "2");
    wi_db_put(f->db, WI_DB_VERDICTS, 0, "a", "{\"it's\":\"other\"}");
    wi_db_put(f->db, WI_DB_FILE_HASHES, 0, "1 2", "[3,4,5,\"ab\"]");
    wi_db_put(f->db, WI_DB_DEVICES, 0, "0a", "{}"); /* the last space */
    close_db(f);
    open_db(f);
    assert_string_equal(all(f, WI_DB_DEVICES), "0a={};");
    assert_string_equal(all(f, WI_DB_FILE_HASHES), "1 2=[3,4,5,\"ab\"];");
    assert_string_equal(all(f, WI_DB_ESTIMATES), "a=3;b=2;");
    assert_string_equal(all(f, WI_DB_VERDICTS), "a={\"it's\":\"other\"};");
    wi_db_forget(f->db, WI_DB_ESTIMATES, "a");
    wi_db_forget(f->db, WI_DB_ESTIMATES, "never");
    close_db(f);
    open_db(f);
    assert_string_equal(all(f, WI_DB_ESTIMATES), "b=2;");
}

TEST(what_has_no_table_is_said)
{
    sqlite3 *empty;
    struct wi_error error = {0};
    struct wi_record_sweep sweep = {.limit = 1};
    assert_int_equal(sqlite3_open(":memory:", &empty), SQLITE_OK);
    assert_null(wi_db_start(empty, "SELECT a FROM nowhere", NULL, &error));
    assert_int_equal(error.code, WI_STORAGE_FAILED);
    assert_non_null(strstr(error.detail, "nowhere"));
    assert_int_equal(wi_row_sweep(empty, &sweep, &error), WI_STORAGE_FAILED);
    assert_int_equal(sqlite3_close(empty), SQLITE_OK);
}

TEST(a_kept_statement_is_prepared_once_and_forgets_its_values)
{
    static const char kept[] = WI_DB_KEPT "SELECT ?1", other[] = "SELECT ?1";
    struct wi_error error = {0};
    sqlite3 *sqlite = wi_db_open_memory(&error);
    assert_non_null(sqlite);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(wi_db_run(sqlite, kept, WI_DB_WITH(WI_DB_NUMBER(i)), &error), WI_OK);
        assert_int_equal(wi_db_run(sqlite, other, WI_DB_WITH(WI_DB_NUMBER(i)), &error), WI_OK);
    }
    sqlite3_stmt *first = sqlite3_next_stmt(sqlite, NULL);
    assert_non_null(first);
    assert_null(sqlite3_next_stmt(sqlite, first));
    sqlite3_stmt *used = wi_db_start(sqlite, kept, NULL, &error);
    assert_ptr_equal(used, first);
    assert_int_equal(wi_db_step(sqlite, used, &error), 1);
    assert_int_equal(sqlite3_column_type(used, 0), SQLITE_NULL);
    sqlite3_stmt *second = wi_db_start(sqlite, kept, NULL, &error); /* while that is in use */
    assert_ptr_not_equal(second, used);
    assert_int_equal(wi_db_end(second, 0), WI_OK);
    assert_int_equal(wi_db_end(used, 0), WI_OK);
    wi_db_disconnect(sqlite);
}

TEST(what_other_rules_found_is_not_read_and_gives_way)
{
    struct fixture *f = *state;
    open_db(f);
    wi_db_put(f->db, WI_DB_VERDICTS, 1, "a", "old");
    wi_db_put(f->db, WI_DB_VERDICTS, 1, "b", "old");
    wi_db_put(f->db, WI_DB_VERDICTS, 2, "c", "new");
    close_db(f);
    open_db(f);
    assert_string_equal(all_by(f, WI_DB_VERDICTS, 1), "a=old;b=old;");
    assert_string_equal(all_by(f, WI_DB_VERDICTS, 2), "c=new;");
    int64_t before = wi_wall_ms(); /* they are told in the order of their milliseconds */
    while (wi_wall_ms() == before)
        continue;
    wi_db_put(f->db, WI_DB_VERDICTS, 2, "a", "new");
    close_db(f);
    open_db(f);
    assert_string_equal(all_by(f, WI_DB_VERDICTS, 1), "b=old;");
    assert_string_equal(all_by(f, WI_DB_VERDICTS, 2), "c=new;a=new;");
}

TEST(no_database_remembers_nothing)
{
    struct fixture *f = *state;
    wi_db_put(NULL, WI_DB_ESTIMATES, 0, "a", "1");
    wi_db_forget(NULL, WI_DB_ESTIMATES, "a");
    assert_string_equal(all(f, WI_DB_ESTIMATES), "");
    assert_int_equal(wi_db_health(NULL, NULL), WI_OK);
}

TEST(what_came_after_the_close_is_written)
{
    struct fixture *f = *state;
    open_db(f);
    wi_db_close(f->db);
    wi_db_put(f->db, WI_DB_ESTIMATES, 0, "late", "1");
    uv_run(&f->loop, UV_RUN_DEFAULT);
    wi_db_free(f->db);
    open_db(f);
    assert_string_equal(all(f, WI_DB_ESTIMATES), "late=1;");
}

/* Only the newest stay, so that a space cannot grow for ever. */
static enum wi_code fill_space(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    return wi_db_exec(sqlite,
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 50010) "
        "INSERT INTO verdicts (key, value, updated_at) SELECT 'k' || i, 'v', i FROM n",
        error);
}

static void count_value(void *context, const char *key, const char *value)
{
    struct fixture *f = context;
    if (f->done++ == 0)
        assert_string_equal(key, "k11");
}

TEST(a_space_is_bounded)
{
    struct fixture *f = *state;
    open_db(f);
    assert_int_equal(wi_db_now(f->db, fill_space, NULL, &f->error), WI_OK);
    close_db(f);
    open_db(f);
    wi_db_each(f->db, WI_DB_VERDICTS, 0, count_value, f);
    assert_int_equal(f->done, WI_DB_SPACE_MAX);
}

static void count_any(void *context, const char *key, const char *value)
{
    struct fixture *f = context;
    f->done++;
}

/* --- transactions ----------------------------------------------------------------------------- */

/* Rows of `data` bytes each; 0 fails by itself. */
static enum wi_code insert(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    char sql[160];
    size_t size = *(size_t *)data;
    snprintf(sql, sizeof sql,
        "INSERT INTO %s (key, value, updated_at) VALUES (hex(randomblob(8)), zeroblob(%zu), 0)",
        size ? "estimates" : "no_such_table", size);
    return wi_db_exec(sqlite, sql, error);
}

struct order {
    struct fixture *fixture;
    size_t size;
    struct wi_error failure;
    int done;
};

static enum wi_code insert_order(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct order *order = data;
    return insert(sqlite, &order->size, error);
}

static void order_done(void *data, const struct wi_error *failure)
{
    struct order *order = data;
    order->done++;
    order->fixture->done++;
    if (failure) {
        order->fixture->failed++;
        order->failure = *failure;
    }
}

static void wait_for_health(struct fixture *f)
{
    double limit = wi_now_ms() + 10000;
    while (wi_db_health(f->db, NULL) != WI_OK && wi_now_ms() < limit)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(wi_db_health(f->db, NULL), WI_OK);
}

TEST(one_failure_does_not_spoil_the_others)
{
    struct fixture *f = *state;
    struct order orders[5];
    struct wi_db_counters counters;
    open_db(f);
    wi_db_set_calm(f->db, 1);
    for (int i = 0; i < 5; i++) {
        orders[i] = (struct order){.fixture = f, .size = i == 2 ? 0 : 10};
        wi_db_submit(f->db, insert_order, order_done, &orders[i]);
    }
    assert_int_equal(f->done, 0); /* never from inside the call */
    while (f->done < 5)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->failed, 1);
    assert_int_equal(orders[2].failure.code, WI_STORAGE_FAILED);
    assert_non_null(strstr(orders[2].failure.detail, "no_such_table"));
    wi_db_counters(f->db, &counters);
    assert_int_equal(counters.failures, 1);
    assert_true(counters.failing);
    wait_for_health(f);
    assert_true(counters.bytes > 0);
}

/* Files may grow to `size`: what goes beyond fails in the system, as on a full disk. */
static void limit_files(rlim_t size, struct rlimit *old)
{
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, old);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){size, old->rlim_max});
}

TEST(a_full_disk_fails_what_does_not_fit)
{
    struct fixture *f = *state;
    struct order big = {.fixture = f, .size = 4 << 20}, small = {.fixture = f, .size = 10};
    struct rlimit old;
    struct wi_error error;
    open_db(f);
    wi_db_set_calm(f->db, 1);
    limit_files(1 << 20, &old);
    wi_db_submit(f->db, insert_order, order_done, &big);
    while (f->done < 1)
        uv_run(&f->loop, UV_RUN_ONCE);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(f->failed, 1);
    assert_int_equal(wi_db_health(f->db, &error), WI_STORAGE_FAILED);
    assert_string_equal(error.detail, big.failure.detail);
    wi_db_submit(f->db, insert_order, order_done, &small);
    while (f->done < 2)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->failed, 1);
    wait_for_health(f);
}

/* Small rows that fit, while a large one is tried without success, are no reason to say that all is
 * well.
 */
TEST(it_is_failing_until_nothing_fails_any_more)
{
    struct fixture *f = *state;
    struct order big = {.fixture = f, .size = 4 << 20}, small = {.fixture = f, .size = 10};
    struct rlimit old;
    open_db(f);
    wi_db_set_calm(f->db, 60000);
    limit_files(1 << 20, &old);
    for (int i = 0; i < 4; i++) {
        wi_db_submit(f->db, insert_order, order_done, i % 2 ? &small : &big);
        while (f->done <= i)
            uv_run(&f->loop, UV_RUN_ONCE);
        assert_int_equal(wi_db_health(f->db, NULL), WI_STORAGE_FAILED);
    }
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(f->failed, 2);
    wi_db_set_calm(f->db, 1);
    wi_db_submit(f->db, insert_order, order_done, &(struct order){.fixture = f, .size = 0});
    wait_for_health(f); /* without anybody else writing */
}

/* --- the writer's own thread ------------------------------------------------------------------ */

struct gate {
    uv_sem_t begun, open;
};

static void wait_at_gate(void *data)
{
    struct gate *gate = data;
    uv_sem_post(&gate->begun);
    uv_sem_wait(&gate->open);
}

static enum wi_code hold_writer(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    wait_at_gate(data);
    return WI_OK;
}

static enum wi_code do_nothing(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    return WI_OK;
}

static void held(void *data, const struct wi_error *failure)
{
}

static void note_done(void *data, const struct wi_error *failure)
{
    *(int *)data = 1;
}

/* A trial that goes well says nothing where another write has failed since it was begun. */
TEST(it_is_failing_though_an_older_trial_went_well)
{
    struct fixture *f = *state;
    struct order first = {.fixture = f}, second = {.fixture = f};
    struct gate gate;
    int all = 0;
    uv_sem_init(&gate.begun, 0);
    uv_sem_init(&gate.open, 0);
    open_db(f);
    wi_db_set_calm(f->db, 1);
    wi_db_submit(f->db, insert_order, order_done, &first); /* it has no table */
    while (f->done < 1)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->failed, 1);
    wi_db_submit(f->db, hold_writer, held, &gate);
    uv_sem_wait(&gate.begun);
    wi_db_submit(f->db, insert_order, order_done, &second);
    /* Then the trial is queued behind it. The turn in which the timer ends must not wait for the
     * writer, which is held. */
    while (wi_timer_running(f->db->calm))
        uv_run(&f->loop, UV_RUN_NOWAIT);
    wi_db_set_calm(f->db, 60000);
    wi_db_submit(f->db, do_nothing, note_done, &all);
    uv_sem_post(&gate.open);
    while (!all)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(f->failed, 2);
    assert_int_equal(wi_db_health(f->db, NULL), WI_STORAGE_FAILED);
    uv_sem_destroy(&gate.begun);
    uv_sem_destroy(&gate.open);
}

static void passed(void *data, int cancelled)
{
}

/* Work that fills the thread pool keeps nobody from being accepted. */
TEST(it_writes_while_the_thread_pool_is_taken)
{
    struct fixture *f = *state;
    struct order order = {.fixture = f, .size = 10};
    struct gate gate;
    double limit = wi_now_ms() + 10000;
    uv_sem_init(&gate.begun, 0);
    uv_sem_init(&gate.open, 0);
    open_db(f);
    for (int i = 0; i < 8; i++)
        wi_work_start(&f->loop, wait_at_gate, passed, &gate);
    for (int i = 0; i < 4; i++)
        uv_sem_wait(&gate.begun);
    wi_db_submit(f->db, insert_order, order_done, &order);
    while (f->done < 1 && wi_now_ms() < limit)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    int done = f->done;
    for (int i = 0; i < 8; i++)
        uv_sem_post(&gate.open);
    close_db(f);
    uv_sem_destroy(&gate.begun);
    uv_sem_destroy(&gate.open);
    assert_int_equal(done, 1);
    assert_int_equal(f->failed, 0);
}

/* Asks for another piece when it is done, until there were enough. */
static void order_again(void *data, const struct wi_error *failure)
{
    struct order *order = data;
    order_done(data, failure);
    if (order->fixture->done < 600)
        wi_db_submit(order->fixture->db, insert_order, order_again, order);
}

/* The end waits for what was asked for before it and meanwhile, and leaves no handle behind. */
TEST(the_end_writes_what_is_asked_for_until_it_is_over)
{
    struct fixture *f = *state;
    struct order orders[300];
    open_db(f);
    for (int i = 0; i < 300; i++) {
        orders[i] = (struct order){.fixture = f, .size = 10};
        wi_db_submit(f->db, insert_order, order_again, &orders[i]);
    }
    close_db(f);
    assert_true(f->done >= 600);
    assert_int_equal(f->failed, 0);
    int done = f->done;
    f->done = 0;
    open_db(f);
    wi_db_each(f->db, WI_DB_ESTIMATES, 0, count_any, f);
    assert_int_equal(f->done, done);
}

/* --- a killed writer -------------------------------------------------------------------------- */

static void tell(void *data, const struct wi_error *failure)
{
    int *fd = data;
    if (!failure && write(*fd, "!", 1) != 1)
        _exit(2);
}

static enum wi_code insert_next(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    return wi_db_exec(sqlite,
        "INSERT INTO verdicts (key, value, updated_at)"
        " SELECT printf('%06d', count(*) + 1), 'v', count(*) + 1 FROM verdicts",
        error);
}

/* Writes one row after the other, and a byte to `fd` for each that is durable. */
static void write_for_ever(struct fixture *f, int fd)
{
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct wi_db *db = wi_db_open(&loop, f->folder, &f->error);
    if (!db)
        _exit(1);
    for (int i = 0;; i++) {
        wi_db_submit(db, insert_next, tell, &fd);
        if (i % 3 == 0)
            uv_run(&loop, UV_RUN_ONCE);
    }
}

TEST(a_killed_writer_loses_nothing_committed)
{
    struct fixture *f = *state;
    int ends[2], told = 0, status;
    char bytes[256];
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        write_for_ever(f, ends[1]);
    close(ends[1]);
    while (told < 50 && (got = read(ends[0], bytes, sizeof bytes)) > 0)
        told += (int)got;
    kill(child, SIGKILL);
    while ((got = read(ends[0], bytes, sizeof bytes)) > 0)
        told += (int)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    open_db(f); /* nor does its lock outlive it */
    f->done = 0;
    sqlite3 *sqlite;
    assert_int_equal(sqlite3_open(f->file, &sqlite), SQLITE_OK);
    sqlite3_stmt *count =
        wi_db_start(sqlite, "SELECT count(*), max(key) FROM verdicts", NULL, NULL);
    assert_int_equal(sqlite3_step(count), SQLITE_ROW);
    assert_true(sqlite3_column_int(count, 0) >= told);
    assert_int_equal(sqlite3_column_int(count, 0), atoi((char *)sqlite3_column_text(count, 1)));
    sqlite3_finalize(count);
    sqlite3_close(sqlite);
}

/* --- what cannot be used ---------------------------------------------------------------------- */

TEST(a_second_daemon_is_told_who_holds_it)
{
    struct fixture *f = *state;
    char words[64];
    open_db(f);
    struct wi_db *first = f->db;
    snprintf(words, sizeof words, "another webinferd (process %d) uses", getpid());
    assert_refused(f, WI_STORAGE_FAILED, words);
    f->db = first;
}

TEST(a_file_of_something_else_is_refused)
{
    struct fixture *f = *state;
    char text[8192];
    memset(text, 'x', sizeof text);
    write_file(f->folder, "webinfer.db", text, sizeof text);
    assert_refused(f, WI_INVALID_FIELD, "it is damaged: file is not a database; put a backup in");
    assert_string_equal(f->error.field, "store.path");
}

TEST(a_file_without_bytes_is_refused)
{
    struct fixture *f = *state;
    write_file(f->folder, "webinfer.db", "", 0);
    assert_refused(f, WI_INVALID_FIELD,
        "the file is empty, which is never the case after webinferd has used it");
    assert_string_equal(f->error.field, "store.path");
}

TEST(a_database_of_another_program_is_refused)
{
    struct fixture *f = *state;
    sqlite3 *sqlite;
    assert_int_equal(sqlite3_open(f->file, &sqlite), SQLITE_OK);
    assert_int_equal(wi_db_exec(sqlite, "CREATE TABLE jobs (id)", NULL), WI_OK);
    sqlite3_close(sqlite);
    assert_refused(f, WI_INVALID_FIELD, "it is another program's: tables of webinferd are missing");
    assert_int_equal(sqlite3_open(f->file, &sqlite), SQLITE_OK);
    assert_int_equal(wi_db_exec(sqlite, "DROP TABLE jobs", NULL), WI_OK);
    sqlite3_close(sqlite);
    assert_refused(f, WI_INVALID_FIELD,
        "it has no tables, which is never the case after webinferd has used it");
}

TEST(a_log_without_its_database_is_refused)
{
    struct fixture *f = *state;
    write_file(f->folder, "webinfer.db-wal", "what was accepted last", 22);
    assert_refused(f, WI_INVALID_FIELD, "webinfer.db-wal is there; put the database back, or move");
    assert_string_equal(f->error.field, "store.path");
    assert_int_not_equal(access(f->file, F_OK), 0);
}

TEST(what_a_start_that_was_killed_has_left_is_made_again)
{
    struct fixture *f = *state;
    char path[128];
    write_file(f->folder, "webinfer.db.new", "half", 4);
    write_file(f->folder, "webinfer.db.backup", "half", 4);
    open_db(f);
    snprintf(path, sizeof path, "%.64s/webinfer.db.new", f->folder);
    assert_int_not_equal(access(path, F_OK), 0);
    snprintf(path, sizeof path, "%.64s/webinfer.db.backup", f->folder);
    assert_int_not_equal(access(path, F_OK), 0);
}

TEST(a_damaged_database_is_refused)
{
    struct fixture *f = *state;
    struct order order = {.fixture = f, .size = 100000};
    char junk[4096];
    open_db(f);
    wi_db_submit(f->db, insert_order, order_done, &order);
    close_db(f);
    memset(junk, 0x5a, sizeof junk);
    int fd = open(f->file, O_WRONLY);
    for (off_t at = 4096; at < 40000; at += 4096)
        assert_int_equal(pwrite(fd, junk, sizeof junk, at), sizeof junk);
    close(fd);
    assert_refused(f, WI_INVALID_FIELD, "it is damaged");
}

TEST(a_newer_database_is_refused)
{
    struct fixture *f = *state;
    open_db(f);
    close_db(f);
    sqlite3 *sqlite;
    assert_int_equal(sqlite3_open(f->file, &sqlite), SQLITE_OK);
    assert_int_equal(wi_db_exec(sqlite, "PRAGMA user_version=1000", NULL), WI_OK);
    sqlite3_close(sqlite);
    assert_refused(f, WI_INVALID_FIELD, "newer webinferd (version 1000");
}

TEST(a_folder_that_cannot_be_made_is_refused)
{
    struct fixture *f = *state;
    char base[64];
    memcpy(base, f->folder, sizeof base);
    snprintf(f->folder, sizeof f->folder, "%.40s/file", base);
    write_file(base, "file", "", 0);
    assert_refused(f, WI_INVALID_FIELD, "cannot make the folder");
    snprintf(f->folder, sizeof f->folder, "%.40s/file/below", base);
    assert_refused(f, WI_INVALID_FIELD, "cannot make the folder");
    memcpy(f->folder, base, sizeof base);
}

TEST(folders_and_files_are_private)
{
    struct fixture *f = *state;
    struct stat info;
    char path[256];
    setenv("XDG_STATE_HOME", f->folder, 1);
    unsetenv("STATE_DIRECTORY");
    f->db = wi_db_open(&f->loop, NULL, &f->error);
    assert_non_null(f->db);
    snprintf(path, sizeof path, "%s/webinfer/webinfer.db", f->folder);
    assert_string_equal(wi_db_path(f->db), path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    strcat(path, "-wal");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    *strrchr(path, '/') = '\0';
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    close_db(f);
    snprintf(path, sizeof path, "%s/one:%s/two", f->folder, f->folder);
    setenv("STATE_DIRECTORY", path, 1);
    f->db = wi_db_open(&f->loop, "", &f->error);
    snprintf(path, sizeof path, "%s/one/webinfer.db", f->folder);
    assert_string_equal(wi_db_path(f->db), path);
}

/* --- the reader's own connection -------------------------------------------------------------- */

struct counting {
    struct gate *gate;
    int rows, done, failed;
};

static enum wi_code count_rows(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct counting *counting = data;
    sqlite3_stmt *statement = wi_db_start(sqlite, "SELECT count(*) FROM estimates", NULL, error);
    if (!statement || sqlite3_step(statement) != SQLITE_ROW)
        return wi_db_fail(sqlite, error);
    counting->rows = sqlite3_column_int(statement, 0);
    return wi_db_end(statement, wi_db_step(sqlite, statement, error));
}

static void counted(void *data, const struct wi_error *failure)
{
    struct counting *counting = data;
    counting->done++;
    counting->failed += failure != NULL;
    if (counting->gate)
        uv_sem_post(&counting->gate->open);
}

/* Work of the writer's that ends once the reader has been heard of, or after ten seconds. */
static enum wi_code insert_and_wait(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    struct gate *gate = data;
    size_t size = 10;
    enum wi_code code = insert(sqlite, &size, error);
    double limit = wi_now_ms() + 10000;
    uv_sem_post(&gate->begun);
    while (uv_sem_trywait(&gate->open) != 0)
        if (wi_now_ms() > limit)
            return wi_error_set(error, WI_INTERNAL, NULL, "nobody has read meanwhile");
    return code;
}

static void inserted(void *data, const struct wi_error *failure)
{
    assert_null(failure);
}

TEST(it_reads_what_is_committed_while_it_writes)
{
    struct fixture *f = *state;
    struct gate gate;
    struct counting beside = {.gate = &gate}, after = {0};
    struct order order = {.fixture = f, .size = 10};
    uv_sem_init(&gate.begun, 0);
    uv_sem_init(&gate.open, 0);
    open_db(f);
    wi_db_submit(f->db, insert_order, order_done, &order);
    while (!order.done)
        uv_run(&f->loop, UV_RUN_ONCE);
    wi_db_submit(f->db, insert_and_wait, inserted, &gate);
    uv_sem_wait(&gate.begun);
    wi_db_look(f->db, count_rows, counted, &beside);
    assert_int_equal(beside.done, 0); /* never from inside the call */
    close_db(f);
    assert_int_equal(beside.done, 1);
    assert_int_equal(beside.rows, 1);
    open_db(f);
    wi_db_look(f->db, count_rows, counted, &after);
    close_db(f);
    assert_int_equal(after.done, 1);
    assert_int_equal(after.rows, 2);
    uv_sem_destroy(&gate.begun);
    uv_sem_destroy(&gate.open);
}

static enum wi_code insert_one(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    size_t size = 10;
    return insert(sqlite, &size, error);
}

TEST(what_only_reads_cannot_write)
{
    struct fixture *f = *state;
    struct counting counting = {0};
    open_db(f);
    wi_db_look(f->db, insert_one, counted, &counting);
    close_db(f);
    assert_int_equal(counting.failed, 1);
    open_db(f);
    assert_string_equal(all(f, WI_DB_ESTIMATES), "");
}
