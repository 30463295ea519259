/* Stored jobs behind the endpoints: accepted once, run from the database, ended once, and taken up
 * again by the next server. Requests go through a real server; only the jobs' runs are played. */
#include "house.h"

#include "store/db.h"
#include <ftw.h>

static struct wi_db *db;
static char folder[64];

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    return remove(path);
}

static void stop_server(void)
{
    wi_server_quiesce(fixture->server);
    wi_server_finish(fixture->server);
    wi_server_stop(fixture->server);
    wi_server_free(fixture->server);
    fixture->server = NULL;
}

static void start_server(void)
{
    struct wi_error error;

    fixture->server = wi_server_new(&fixture->deps, &error);
    assert_non_null(fixture->server);
}

static void open_database(void)
{
    struct wi_error error;

    db = fixture->deps.db = wi_db_open(&fixture->loop, folder, &error);
    assert_non_null(db);
}

/* As when the daemon ends: nothing is left on the loop. */
static void close_database(void)
{
    wi_db_close(db);
    uv_timer_stop(&fixture->tick);
    uv_prepare_stop(&fixture->turn);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    wi_db_free(db);
    uv_timer_start(&fixture->tick, on_tick, 5, 5);
    uv_prepare_start(&fixture->turn, on_turn);
}

static int set_up_stored(void **state)
{
    set_up(state);
    stop_server();
    strcpy(folder, "/tmp/wi-durable-XXXXXX");
    assert_non_null(mkdtemp(folder));
    open_database();
    fixture->config.store.max_size = 1 << 20;
    fixture->config.pool.job_retention = 3600000;
    start_server();
    return 0;
}

static int tear_down_stored(void **state)
{
    int result;

    stop_server();
    close_database();
    result = tear_down(state);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return result;
}

/* POSTs the echo; the status, and the job's id or "" in `id`. */
static int store(const char *more, const char *body, char id[WI_ID_SIZE])
{
    struct client *client = connect_client();
    char head[256];
    json_t *json;
    int status;

    snprintf(head, sizeof head, "Content-Type: application/json\r\nContent-Length: %zu\r\n%s",
        strlen(body), more);
    send_head(client, "POST", "/v1/jobs", head);
    send_text(client, body);
    until(answered(client));
    status = status_of(client);
    json = body_of(client);
    snprintf(
        id, WI_ID_SIZE, "%s", status == 202 ? json_string_value(json_object_get(json, "id")) : "");
    json_decref(json);
    free_client(client);
    return status;
}

/* The job's document once it has ended. */
static json_t *end_of(const char *id)
{
    char path[128];
    json_t *json;

    snprintf(path, sizeof path, "/v1/jobs/%s?wait=4s", id);
    assert_int_equal(ask("GET", path, "", &json), 200);
    assert_non_null(json);
    return json;
}

static void check_end(const char *id, const char *state)
{
    json_t *json = end_of(id);

    assert_string_equal(json_string_value(json_object_get(json, "state")), state);
    json_decref(json);
}

static int64_t stored(const char *what)
{
    int64_t value;
    json_t *json;

    assert_int_equal(ask("GET", "/v1/status", "", &json), 200);
    value = json_integer_value(json_object_get(json_object_get(json, "stored_jobs"), what));
    json_decref(json);
    return value;
}

static void a_job_is_run_and_its_answer_kept(void **state)
{
    char id[WI_ID_SIZE];
    json_t *json, *data;

    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    assert_int_equal(stored("running"), 1);
    finish_job(WI_OK);
    json = end_of(id);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "done");
    data = json_object_get(json_object_get(json, "answer"), "outputs");
    assert_int_equal(json_array_size(data), 1);
    json_decref(json);
    assert_int_equal(stored("running"), 0);
    assert_int_equal(stored("done"), 1);
    assert_int_equal(fixture->submitted, 1);
}

static void a_failure_is_an_end(void **state)
{
    char id[WI_ID_SIZE];

    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    finish_job(WI_INFERENCE_FAILED);
    check_end(id, "failed");
    assert_int_equal(stored("failed"), 1);
}

static void a_running_job_is_cancelled(void **state)
{
    char id[WI_ID_SIZE], path[128];

    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    snprintf(path, sizeof path, "/v1/jobs/%s", id);
    assert_in_range(ask("DELETE", path, "", NULL), 200, 204);
    check_end(id, "cancelled");
    assert_false(fixture->has_job);
    assert_int_equal(stored("cancelled"), 1);
}

static void a_key_makes_two_requests_one_job(void **state)
{
    static const char key[] = "Idempotency-Key: one\r\n";
    char first[WI_ID_SIZE], second[WI_ID_SIZE];

    assert_int_equal(store(key, ECHO_REQUEST, first), 202);
    until(fixture->has_job);
    store(key, ECHO_REQUEST, second);
    finish_job(WI_OK);
    check_end(first, "done");
    assert_int_equal(fixture->submitted, 1);
    assert_int_equal(store(key, "{\"model_name\":\"builtin/echo\",\"inputs\":[]}", second), 422);
    assert_int_equal(fixture->submitted, 1);
}

static void the_next_server_goes_on_with_it(void **state)
{
    char id[WI_ID_SIZE];

    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    stop_server();
    assert_false(fixture->has_job);
    close_database();
    open_database();
    start_server();
    until(fixture->has_job);
    finish_job(WI_OK);
    check_end(id, "done");
    assert_int_equal(fixture->submitted, 2);
}

static void what_is_kept_is_bounded(void **state)
{
    struct client *client = connect_client();

    fixture->config.store.max_size = 16;
    post(client, "/v1/jobs", ECHO_REQUEST, strlen(ECHO_REQUEST));
    until(answered(client));
    assert_int_equal(status_of(client), 507);
    free_client(client);
    assert_int_equal(fixture->submitted, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_stored, tear_down_stored)
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_run_and_its_answer_kept),
        TEST(a_failure_is_an_end),
        TEST(a_running_job_is_cancelled),
        TEST(a_key_makes_two_requests_one_job),
        TEST(the_next_server_goes_on_with_it),
        TEST(what_is_kept_is_bounded),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
