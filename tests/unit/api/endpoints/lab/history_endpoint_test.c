/* /v1/history/results over a database: of the runs that were sent, the slow one is named. */
#include "lab_fixture.h"

FIXTURE(set_up_db, tear_down_db)

#define SAMPLES 20

/* Appends a cell whose samples are `ms` and a little more each. */
static void put_cell(struct wi_buffer *out, int index, const char *members, double ms)
{
    wi_buffer_printf(out,
        "%s{\"index\":%d,\"browser\":\"chrome\",\"platform\":\"wasm\",\"outcome\":\"ok\",%s,"
        "\"samples_ms\":[",
        index ? "," : "", index, members);
    for (int i = 0; i < SAMPLES; i++)
        wi_buffer_printf(out, "%s%.6f", i ? "," : "", ms * (1 + i / 1000.0));
    wi_buffer_puts(out, "]}");
}

/* Sends a whole run: a cell of digits, and the yardstick. */
static void send_run(int number, const char *head, double ms, double mark)
{
    struct wi_buffer text = {0};
    wi_buffer_printf(&text,
        "{\"id\":\"run-%d\",\"name\":\"mine\",\"began_at\":%d,\"ended_at\":9000%s,\"cells\":[",
        number, 1000 + number, head);
    put_cell(&text, 0, "\"model\":\"digits\",\"browser_version\":\"156\"", ms);
    put_cell(&text, 1, "\"model\":\"builtin/mlp\",\"yardstick\":\"before\"", mark);
    wi_buffer_puts(&text, "]}");
    json_decref(send_part(text.text, 201));
    wi_buffer_clear(&text);
}

#define COMMIT(name) ",\"webinfer\":{\"commit\":\"" name "\"}"

static const char *text_at(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static const json_t *points_of(const json_t *history)
{
    const json_t *series = json_object_get(history, "series");
    assert_int_equal(json_array_size(series), 1);
    return json_object_get(json_array_get(series, 0), "points");
}

TEST(the_run_with_which_it_became_slower_is_named)
{
    send_run(1, COMMIT("a"), 10, 2);
    send_run(2, COMMIT("b"), 10, 2);
    send_run(3, COMMIT("c"), 13, 2);
    json_t *json = get("/v1/history/results?model=digits", 200);
    assert_string_equal(text_at(json, "model"), "digits");
    assert_int_equal(json_array_size(json_object_get(json, "runs")), 3);
    assert_string_equal(text_at(json_array_get(json_object_get(json, "runs"), 0), "id"), "run-1");
    assert_true(json_is_false(json_object_get(json, "has_more")));
    const json_t *points = points_of(json);
    assert_int_equal(json_array_size(points), 3);
    static const char *const changes[] = {"new", "alike", "slower"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(text_at(json_array_get(points, i), "change"), changes[i]);
    const json_t *slow = json_array_get(points, 2);
    assert_string_equal(text_at(slow, "run"), "run-3");
    assert_string_equal(text_at(slow, "against"), "run-1");
    assert_string_equal(text_at(slow, "browser_version"), "156");
    assert_float_equal(
        json_number_value(json_object_get(json_object_get(slow, "ratio"), "value")), 1.3, 1e-6);
    assert_float_equal(json_number_value(json_object_get(slow, "median_ms")), 13.1235, 1e-6);
    const json_t *changed = json_array_get(json_object_get(slow, "changed"), 0);
    assert_string_equal(text_at(changed, "what"), "commit");
    assert_string_equal(text_at(changed, "before"), "b");
    assert_string_equal(text_at(changed, "now"), "c");
    assert_int_equal(json_array_size(json_object_get(json, "shifts")), 0);
    json_decref(json);
    json = get("/v1/history/results?model=digits&percent=50", 200);
    assert_string_equal(text_at(json_array_get(points_of(json), 2), "change"), "alike");
    json_decref(json);
}

TEST(a_machine_that_became_slower_is_said)
{
    send_run(1, "", 10, 2);
    send_run(2, "", 13, 2.6);
    json_t *json = get("/v1/history/results?model=digits", 200);
    const json_t *shift = json_array_get(json_object_get(json, "shifts"), 0);
    assert_string_equal(text_at(shift, "run"), "run-2");
    assert_string_equal(text_at(shift, "against"), "run-1");
    assert_string_equal(text_at(shift, "browser"), "chrome");
    assert_string_equal(text_at(shift, "blame"), "either");
    const json_t *point = json_array_get(points_of(json), 1);
    assert_string_equal(text_at(point, "change"), "unclear");
    assert_string_equal(text_at(point, "reason"), "the yardstick takes 1.3 times as long");
    assert_true(json_is_null(json_object_get(point, "ratio")));
    json_decref(json);
}

TEST(a_history_has_the_newest_runs_and_what_is_asked_for)
{
    send_run(1, "", 10, 2);
    send_run(2, ",\"imported\":true", 10, 2);
    send_run(3, "", 10, 2);
    json_t *json = get("/v1/history/results?model=digits&limit=1", 200);
    assert_true(json_is_true(json_object_get(json, "has_more")));
    assert_string_equal(text_at(json_array_get(points_of(json), 0), "run"), "run-3");
    json_decref(json);
    json = get("/v1/history/results?model=digits&browser=chrome&platform=wasm", 200);
    assert_int_equal(json_array_size(points_of(json)), 2); /* the imported one is not */
    json_decref(json);
    json = get("/v1/history/results?model=digits&browser=firefox", 200);
    assert_int_equal(json_array_size(json_object_get(json, "series")), 0);
    json_decref(json);
}

TEST(a_run_of_too_many_cells_is_refused)
{
    struct wi_buffer text = {0};
    json_decref(send_part("{\"id\":\"run-1\",\"name\":\"mine\",\"began_at\":5}", 201));
    for (int first = 0; first < 2100; first += 700) {
        wi_buffer_puts(&text, "{\"id\":\"run-1\",\"cells\":[");
        for (int i = first; i < first + 700; i++)
            wi_buffer_printf(&text,
                "%s{\"index\":%d,\"model\":\"digits\",\"browser\":\"%s\",\"platform\":\"wasm\","
                "\"outcome\":\"absent\"}",
                i > first ? "," : "", i, i < 5 ? "chrome" : "firefox");
        wi_buffer_puts(&text, "]}");
        json_decref(send_part(text.text, 200));
        wi_buffer_clear(&text);
    }
    json_t *json = get("/v1/history/results?model=digits", 400);
    assert_string_equal(text_at(json, "code"), "invalid_field");
    assert_string_equal(text_at(json, "field"), "model");
    assert_non_null(strstr(text_at(json, "expected"), "browser and platform"));
    json_decref(json);
    json = get("/v1/history/results?model=digits&browser=chrome", 200);
    assert_int_equal(json_array_size(points_of(json)), 1); /* of one name, the first */
    json_decref(json);
}

TEST(what_cannot_be_asked_is_named)
{
    static const struct {
        const char *query, *code, *field;
    } cases[] = {{"", "missing_field", "model"}, {"?model=", "invalid_field", "model"},
        {"?model=a&platform=cuda", "invalid_field", "platform"},
        {"?model=a&limit=0", "invalid_field", "limit"},
        {"?model=a&limit=201", "invalid_field", "limit"},
        {"?model=a&percent=x", "invalid_field", "percent"},
        {"?model=a&mood=1", "unknown_field", "mood"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[96];
        snprintf(path, sizeof path, "/v1/history/results%s", cases[i].query);
        json_t *json = get(path, 400);
        assert_string_equal(text_at(json, "code"), cases[i].code);
        assert_string_equal(text_at(json, "field"), cases[i].field);
        json_decref(json);
    }
}

TEST_IN(without_a_database_the_history_is_empty, set_up, tear_down)
{
    json_t *json = get("/v1/history/results?model=digits", 200);
    assert_int_equal(json_array_size(json_object_get(json, "series")), 0);
    assert_string_equal(text_at(json, "model"), "digits");
    json_decref(json);
}
