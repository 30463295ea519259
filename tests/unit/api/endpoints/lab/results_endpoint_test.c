/* /v1/results over a database: runs that come in parts, pages of them, and what is removed. */
#include "lab_fixture.h"

FIXTURE(set_up_db, tear_down_db)

static void check_integer(const json_t *json, const char *member, json_int_t value)
{
    if (json_integer_value(json_object_get(json, member)) != value)
        fail_msg(
            "%s is %lld", member, (long long)json_integer_value(json_object_get(json, member)));
}

TEST(a_run_comes_in_parts_and_is_given_whole)
{
    json_t *json = send_part(HEAD("run-1") CELL(0, "1.5,2") "]}", 201);
    assert_true(json_is_true(json_object_get(json, "created")));
    check_integer(json, "added", 1);
    check_integer(json, "cells", 1);
    json_decref(json);
    json = send_part("{\"id\":\"run-1\",\"cells\":[" CELL(0, "1.5,2") "," CELL(1, "3") "]}", 200);
    assert_true(json_is_false(json_object_get(json, "created")));
    check_integer(json, "added", 1);
    check_integer(json, "cells", 2);
    json_decref(json);
    json_decref(send_part("{\"id\":\"run-1\",\"ended_at\":9,\"cells\":[]}", 200));
    json = get("/v1/results/run-1", 200);
    const json_t *cells = json_object_get(json, "cells");
    assert_int_equal(json_array_size(cells), 2);
    assert_string_equal(json_string_value(json_object_get(json, "name")), "mine");
    check_integer(json, "ended_at", 9);
    check_integer(json_array_get(cells, 1), "index", 1);
    json_t *samples = json_object_get(json_array_get(cells, 0), "samples_ms");
    assert_int_equal(json_array_size(samples), 2);
    assert_float_equal(json_number_value(json_array_get(samples, 0)), 1.5, 1e-9);
    json_decref(json);
}

TEST(a_run_without_an_id_gets_one)
{
    json_t *json = send_part("{\"version\":1,\"name\":\"mine\",\"began_at\":5,\"cells\":[]}", 201);
    const char *id = json_string_value(json_object_get(json, "id"));
    char path[128];
    assert_memory_equal(id, "run-", 4);
    snprintf(path, sizeof path, "/v1/results/%s", id);
    json_t *run = get(path, 200);
    assert_string_equal(json_string_value(json_object_get(run, "id")), id);
    json_decref(run);
    json_decref(json);
}

/* The ids on a page, a line each; the caller frees it, and `next`. */
static char *page(const char *path, json_t **next)
{
    json_t *json = get(path, 200), *row;
    struct wi_buffer ids = {0};
    size_t i;
    json_array_foreach(json_object_get(json, "results"), i, row)
    {
        wi_buffer_strings(&ids, json_string_value(json_object_get(row, "id")), "\n", NULL);
        check_integer(row, "cell_count", 0);
    }
    wi_buffer_puts(&ids, "");
    *next = json_incref(json_object_get(json, "next"));
    json_decref(json);
    return wi_buffer_take(&ids);
}

static void check_page(const char *path, const char *ids, json_t **next)
{
    char *got = page(path, next);
    assert_string_equal(got ? got : "", ids);
    free(got);
}

TEST(a_list_goes_on_behind_its_last_page)
{
    json_t *next;
    char path[128];
    check_page("/v1/results", "", &next);
    assert_true(json_is_null(next));
    json_decref(send_part(HEAD("run-1") "]}", 201));
    json_decref(send_part(HEAD("run-2") "]}", 201));
    json_decref(send_part(HEAD("run-3") "]}", 201));
    check_page("/v1/results", "run-3\nrun-2\nrun-1\n", &next);
    assert_true(json_is_null(next));
    check_page("/v1/results?limit=3", "run-3\nrun-2\nrun-1\n", &next);
    assert_true(json_is_null(next));
    check_page("/v1/results?limit=2", "run-3\nrun-2\n", &next);
    snprintf(path, sizeof path, "/v1/results?limit=2&after=%s", json_string_value(next));
    json_decref(next);
    check_page(path, "run-1\n", &next);
    assert_true(json_is_null(next));
    snprintf(path, sizeof path, "/v1/results?after=%s", "3");
    check_page(path, "run-2\nrun-1\n", &next);
    assert_true(json_is_null(next));
    json_decref(get("/v1/results?after=3x", 400));
    json_decref(get("/v1/results?after=", 400));
}

TEST(a_list_is_of_a_model)
{
    json_t *next;
    json_decref(send_part(HEAD("run-1") CELL(0, "1") "]}", 201));
    json_decref(send_part(HEAD("run-2") "]}", 201));
    json_t *json = get("/v1/results?model=digits", 200);
    const json_t *rows = json_object_get(json, "results");
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "id")), "run-1");
    json_decref(json);
    check_page("/v1/results?model=other", "", &next);
    json_decref(get("/v1/results?model=", 400));
}

TEST(more_runs_than_are_kept_let_the_oldest_go)
{
    json_t *next;
    fixture->config.store.results_keep = 2;
    json_decref(send_part(HEAD("run-1") "],\"ended_at\":6}", 201));
    json_decref(send_part(HEAD("run-2") "],\"ended_at\":6}", 201));
    json_decref(send_part(HEAD("run-3") "],\"ended_at\":6}", 201));
    check_page("/v1/results", "run-3\nrun-2\n", &next);
    assert_true(json_is_null(next));
}

TEST(what_was_removed_is_not_there)
{
    json_t *json;
    json_decref(send_part(HEAD("run-1") CELL(0, "1") "]}", 201));
    assert_int_equal(ask("DELETE", "/v1/results/run-1", "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "state")), "removed");
    json_decref(json);
    json_decref(get("/v1/results/run-1", 404));
    assert_int_equal(ask("DELETE", "/v1/results/run-1", "", &json), 404);
    assert_string_equal(json_string_value(json_object_get(json, "field")), "id");
    json_decref(json);
    json_decref(get("/v1/results/run-0123456789012345678901234567890123456789", 404));
}

TEST(what_is_no_run_is_refused_and_leaves_none)
{
    static const struct {
        const char *text, *field;
        int status;
    } cases[] = {{"{\"id\":\"run-9\",\"cells\":[]}", "id", 404},
        {"{\"version\":2,\"id\":\"run-9\",\"name\":\"x\",\"began_at\":5,\"cells\":[]}", "version",
            400},
        {HEAD("run-9") "7]}", "cells[0]", 400},
        {HEAD("run-9") CELL(0, "-1") "]}", "cells[0].samples_ms[0]", 400},
        {HEAD("run-9") CELL(0, "1") "," CELL(0, "1") "]}", "cells", 400},
        {HEAD("run-9") "],\"mood\":1}", "mood", 400}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = send_part(cases[i].text, cases[i].status);
        const char *field = json_string_value(json_object_get(json, "field"));
        if (!field || strcmp(field, cases[i].field) != 0)
            fail_msg("%s: %s", cases[i].text, field ? field : "no field");
        json_decref(json);
        json_decref(get("/v1/results/run-9", 404));
    }
}

/* A daemon without a database has no runs, and says why it keeps none. */
TEST_IN(without_a_database_there_are_none, set_up, tear_down)
{
    json_t *next;
    check_page("/v1/results", "", &next);
    assert_true(json_is_null(next));
    json_decref(get("/v1/results/run-1", 404));
    json_t *json = send_part(HEAD("run-1") "]}", 503);
    assert_string_equal(json_string_value(json_object_get(json, "code")), "unavailable");
    json_decref(json);
}
