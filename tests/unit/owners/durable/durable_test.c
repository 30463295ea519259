/* Stored jobs behind the endpoints: accepted once, run from the database, ended once, and taken up
 * again by the next server. Requests go through a real server; only the jobs' runs are played. */
#include "stored.h"

FIXTURE(set_up_stored, tear_down_stored)

TEST(a_job_is_run_and_its_answer_kept)
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

static enum wi_code accept_at_once(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    return wi_db_exec(sqlite, "UPDATE jobs SET accepted_at = 1000", error);
}

/* Also among jobs of one millisecond, whose ids tell them apart. */
TEST(a_list_of_jobs_goes_on_where_its_page_ended)
{
    char ids[3][WI_ID_SIZE], path[256] = "/v1/jobs?limit=1";
    struct wi_error error;
    unsigned seen = 0;

    for (int i = 0; i < 3; i++) {
        assert_int_equal(store("", ECHO_REQUEST, ids[i]), 202);
        until(fixture->has_job);
        finish_job(WI_OK);
        check_end(ids[i], "done");
    }
    stop_server();
    close_database();
    open_database();
    assert_int_equal(wi_db_now(db, accept_at_once, NULL, &error), WI_OK);
    start_server();
    for (int page = 0; page < 3; page++) {
        json_t *json;
        assert_int_equal(ask("GET", path, "", &json), 200);
        const json_t *jobs = json_object_get(json, "jobs"), *job = json_array_get(jobs, 0);
        const char *next = json_string_value(json_object_get(json, "next"));
        assert_int_equal(json_array_size(jobs), 1);
        for (int i = 0; i < 3; i++)
            seen |= (strcmp(json_string_value(json_object_get(job, "id")), ids[i]) == 0) << i;
        assert_int_equal(next != NULL, page < 2);
        snprintf(path, sizeof path, "/v1/jobs?limit=1&after=%s", next ? next : "");
        json_decref(json);
    }
    assert_int_equal(seen, 7);
}

TEST(a_failure_is_an_end)
{
    char id[WI_ID_SIZE];

    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    finish_job(WI_INFERENCE_FAILED);
    check_end(id, "failed");
    assert_int_equal(stored("failed"), 1);
}

TEST(a_running_job_is_cancelled)
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

TEST(a_key_makes_two_requests_one_job)
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

TEST(the_next_server_goes_on_with_it)
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

/* As if a newer version had stored it, and this one was started in its place. */
static enum wi_code rename_dialects(sqlite3 *sqlite, void *data, struct wi_error *error)
{
    return wi_db_exec(sqlite, "UPDATE jobs SET dialect = 'newer'", error);
}

TEST(a_format_that_is_not_known_is_an_error_that_says_so)
{
    char id[WI_ID_SIZE];
    struct wi_error error;
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    stop_server();
    close_database();
    open_database();
    assert_int_equal(wi_db_now(db, rename_dialects, NULL, &error), WI_OK);
    start_server();
    json_t *json = end_of(id);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "failed");
    json_t *problem = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(problem, "code")), "storage_failed");
    assert_non_null(strstr(json_string_value(json_object_get(problem, "detail")), "\"newer\""));
    json_decref(json);
    assert_int_equal(fixture->submitted, 1);
}

TEST(what_is_kept_is_bounded)
{
    struct client *client = connect_client();

    fixture->config.store.max_size = 16;
    post(client, "/v1/jobs", ECHO_REQUEST, strlen(ECHO_REQUEST));
    until(answered(client));
    assert_int_equal(status_of(client), 507);
    free_client(client);
    assert_int_equal(fixture->submitted, 0);
}

/* Its memory may have been lowered since. */
TEST(what_needs_more_than_there_can_be_ends_and_says_so)
{
    char id[WI_ID_SIZE];
    uint64_t before = fixture->budget.limit;
    assert_int_equal(store("", ECHO_REQUEST, id), 202);
    until(fixture->has_job);
    stop_server();
    close_database();
    open_database();
    fixture->budget.limit = 100;
    start_server();
    json_t *json = end_of(id);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "failed");
    json_t *problem = json_object_get(json, "error");
    assert_string_equal(json_string_value(json_object_get(problem, "code")), "memory_budget");
    json_decref(json);
    assert_int_equal(fixture->submitted, 1);
    fixture->budget.limit = before;
}
