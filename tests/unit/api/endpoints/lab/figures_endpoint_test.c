/* /v1/results/ID/figures and comparison over a database: what follows from the samples. */
#include "lab_fixture.h"

FIXTURE(set_up_db, tear_down_db)

/* Sends a run of a cell of digits on WASM and one on WebGPU, that takes `ms`, and the yardstick. */
static void send_run(const char *id, double ms)
{
    struct wi_buffer text = {0};
    static const char *const platforms[] = {"wasm", "webgpu", "wasm"};
    wi_buffer_printf(
        &text, "{\"id\":\"%s\",\"name\":\"mine\",\"began_at\":5,\"ended_at\":6,\"cells\":[", id);
    for (int i = 0; i < 3; i++) {
        double base = i == 0 ? 20 : i == 1 ? ms : 2;
        wi_buffer_printf(&text,
            "%s{\"index\":%d,\"model\":\"digits\",\"browser\":\"chrome\",\"platform\":\"%s\","
            "\"precision\":\"fp32\",\"threads\":1,\"outcome\":\"ok\"%s,\"samples_ms\":[",
            i ? "," : "", i, platforms[i], i == 2 ? ",\"yardstick\":\"before\"" : "");
        for (int k = 0; k < 20; k++)
            wi_buffer_printf(&text, "%s%.6f", k ? "," : "", base * (1 + k / 1000.0));
        wi_buffer_puts(&text, "]}");
    }
    wi_buffer_puts(&text, "]}");
    json_decref(send_part(text.text, 201));
    wi_buffer_clear(&text);
}

static const char *text_at(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static double number_at(const json_t *object, const char *outer, const char *inner)
{
    return json_number_value(json_object_get(json_object_get(object, outer), inner));
}

/* Medians as by python3 -c 'import numpy; print(numpy.median([1 + k / 1000 for k in range(20)]))':
 * 1.0095 times the first sample. */
TEST(a_run_has_figures)
{
    send_run("run-1", 10);
    json_t *json = get("/v1/results/run-1/figures", 200);
    const json_t *cell = json_array_get(json_object_get(json, "cells"), 1);
    assert_string_equal(text_at(json, "id"), "run-1");
    assert_true(json_is_false(json_object_get(json, "noisy")));
    assert_float_equal(number_at(cell, "summary", "median"), 10.095, 1e-6);
    assert_float_equal(number_at(cell, "speedup", "value"), 2, 1e-6);
    assert_int_equal(json_array_size(json_object_get(cell, "samples_ms")), 20);
    const json_t *answer = json_array_get(json_object_get(json, "answers"), 0);
    assert_string_equal(text_at(answer, "model"), "digits");
    assert_non_null(strstr(text_at(answer, "sentence"), "digits runs in "));
    const json_t *first = json_array_get(json_object_get(answer, "rows"), 0);
    assert_float_equal(json_number_value(json_object_get(first, "median_ms")), 10.095, 1e-6);
    json_decref(json);
}

TEST(two_runs_are_compared)
{
    send_run("run-1", 10);
    send_run("run-2", 13);
    json_t *json = get("/v1/results/run-2/comparison?before=run-1", 200);
    const json_t *cell = json_array_get(json_object_get(json, "cells"), 0);
    assert_string_equal(text_at(json, "judgement"), "regression");
    assert_string_equal(text_at(json, "reason"), "a cell is slower");
    assert_string_equal(text_at(json_object_get(json, "before"), "id"), "run-1");
    assert_string_equal(text_at(json_object_get(json, "now"), "id"), "run-2");
    assert_float_equal(json_number_value(json_object_get(json, "yardstick")), 1, 1e-9);
    assert_string_equal(text_at(cell, "change"), "slower");
    assert_string_equal(text_at(cell, "cell"), "digits chrome/webgpu fp32 threads=1");
    assert_float_equal(number_at(cell, "ratio", "value"), 1.3, 1e-6);
    assert_float_equal(json_number_value(json_object_get(cell, "before_ms")), 10.095, 1e-6);
    assert_float_equal(json_number_value(json_object_get(cell, "now_ms")), 13.1235, 1e-6);
    json_decref(json);
    json = get("/v1/results/run-2/comparison?before=run-1&percent=50", 200);
    assert_string_equal(text_at(json, "judgement"), "good");
    json_decref(json);
}

TEST(what_is_not_there_is_named)
{
    static const struct {
        const char *path, *code, *field;
        int status;
    } cases[] = {{"/v1/results/run-9/figures", "not_found", "id", 404},
        {"/v1/results/run-0123456789012345678901234567890123456789/figures", "not_found", "id",
            404},
        {"/v1/results/run-9/comparison?before=run-1", "not_found", "id", 404},
        {"/v1/results/run-1/comparison?before=run-9", "not_found", "before", 404},
        {"/v1/results/run-1/comparison", "missing_field", "before", 400},
        {"/v1/results/run-1/comparison?before=", "invalid_field", "before", 400},
        {"/v1/results/run-1/comparison?before=run-1&percent=0", "invalid_field", "percent", 400},
        {"/v1/results/run-1/comparison?before=run-1&mood=1", "unknown_field", "mood", 400}};
    send_run("run-1", 10);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *json = get(cases[i].path, cases[i].status);
        assert_string_equal(text_at(json, "code"), cases[i].code);
        assert_string_equal(text_at(json, "field"), cases[i].field);
        json_decref(json);
    }
}

TEST(a_run_of_too_many_cells_has_no_figures_here)
{
    struct wi_buffer text = {0};
    json_decref(send_part("{\"id\":\"run-1\",\"name\":\"mine\",\"began_at\":5}", 201));
    for (int first = 0; first < 2100; first += 700) {
        wi_buffer_puts(&text, "{\"id\":\"run-1\",\"cells\":[");
        for (int i = first; i < first + 700; i++)
            wi_buffer_printf(&text,
                "%s{\"index\":%d,\"model\":\"m\",\"platform\":\"wasm\",\"outcome\":\"absent\"}",
                i > first ? "," : "", i);
        wi_buffer_puts(&text, "]}");
        json_decref(send_part(text.text, 200));
        wi_buffer_clear(&text);
    }
    json_t *json = get("/v1/results/run-1/figures", 400);
    assert_string_equal(text_at(json, "code"), "invalid_field");
    assert_non_null(strstr(text_at(json, "expected"), "at most 2000 cells"));
    json_decref(json);
}

TEST_IN(without_a_database_there_are_no_figures, set_up, tear_down)
{
    json_decref(get("/v1/results/run-1/figures", 404));
    json_decref(get("/v1/results/run-1/comparison?before=run-2", 404));
}
