/* Exports and reports: what is in them, how large they become, and that texts from outside stay
 * texts. */
#include "fixture.h"

#include "base/clock.h"
#include "terms/lab/report.h"

/* What somebody would call a model who wants to be more than text. */
#define HOSTILE "</script><img src=x onerror=alert(1)>|`@all`\n=1+1\"'&"

/* A run with an ok cell, its baseline, a hostile one that crashed, one that is absent. */
static void make(struct wi_lab_run *run)
{
    json_t *document = document_of("run-1"), *cell;
    json_object_set_new(document, "name", json_string(HOSTILE));
    for (int i = 0; i < 2; i++) {
        cell = cell_of("digits", "chrome", i ? "webgpu" : "wasm");
        for (int j = 0; j < 20; j++)
            add_sample(cell, (i ? 2 : 10) + 0.001 * j);
        add_cell(document, cell);
    }
    cell = cell_of(HOSTILE, "firefox", "webgpu");
    json_object_set_new(cell, "outcome", json_string("crashed"));
    json_object_set_new(cell, "reason", json_string("=" HOSTILE));
    add_cell(document, cell);
    cell = cell_of("digits", "safari", "webgpu");
    json_object_set_new(cell, "outcome", json_string("absent"));
    json_object_set_new(cell, "reason", json_string("no such platform"));
    add_cell(document, cell);
    take_document(run, document);
}

/* What `put` appends for that run; the caller frees. */
static char *put(void (*print)(struct wi_buffer *out, const struct wi_lab_figures *figures))
{
    struct wi_buffer out = {0};
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    make(&run);
    wi_lab_figures_make(&figures, &run);
    print(&out, &figures);
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
    return wi_buffer_take(&out);
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s is not in\n%s", part, text);
}

TEST(json_is_read_again_and_has_the_figures)
{
    char *text = put(wi_lab_put_json);
    json_t *document = json_loads(text, 0, NULL);
    struct wi_lab_run run;
    take_document(&run, json_incref(document));
    assert_int_equal(run.count, 4);
    const json_t *cell = json_array_get(json_object_get(document, "cells"), 1);
    const json_t *speedup = json_object_get(cell, "speedup");
    assert_float_equal(
        json_number_value(json_object_get(speedup, "value")), 10.0095 / 2.0095, 1e-9);
    assert_int_equal(json_integer_value(json_object_get(cell, "baseline")), 0);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(cell, "summary"), "n")), 20);
    assert_null(json_object_get(json_array_get(json_object_get(document, "cells"), 3), "summary"));
    wi_lab_run_clear(&run);
    json_decref(document);
    free(text);
}

TEST(an_earlier_run_has_the_cells_of_the_same_model)
{
    struct wi_lab_run run, earlier;
    struct wi_buffer out = {0};
    make(&run);
    read_run(&earlier,
        "{'version':1,'id':'run-0','name':'a','began_at':7,'webinfer':{'commit':'c'},'cells':["
        "{'index':5,'model':'digits','browser':'chrome','platform':'webgpu','precision':'fp32',"
        "'threads':1,'batch':1,'concurrency':1,'clock':'page','outcome':'ok','samples_ms':[4,9,5]},"
        "{'index':6,'model':'digits','hash':'ab','browser':'chrome','platform':'wasm',"
        "'precision':'fp32','threads':1,'batch':1,'concurrency':1,'clock':'page','outcome':'ok',"
        "'samples_ms':[8]}]}");
    wi_lab_put_earlier(&out, &run, &earlier);
    assert_string_equal(out.text, "{\"id\":\"run-0\",\"began_at\":7,\"commit\":\"c\",\"noisy\":"
                                  "false,\"medians\":{\"1\":5.0}}");
    wi_buffer_clear(&out);
    wi_lab_run_clear(&earlier);
    wi_lab_run_clear(&run);
}

TEST(lines_of_json_are_one_for_each_cell)
{
    char *text = put(wi_lab_put_ndjson), *rest = text;
    for (int i = 0; i < 4; i++) {
        char *end = strchr(rest, '\n');
        json_t *line = json_loadb(rest, (size_t)(end - rest), 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(line, "index")), i);
        assert_string_equal(
            json_string_value(json_object_get(json_object_get(line, "run"), "id")), "run-1");
        json_decref(line);
        rest = end + 1;
    }
    assert_string_equal(rest, "");
    free(text);
}

TEST(a_field_is_no_formula)
{
    char *text = put(wi_lab_put_csv);
    assert_true(strncmp(text, "run,name,began_at,", 18) == 0);
    has(text, ",\"'=</script><img src=x onerror=alert(1)>|`@all`\n=1+1\"\"'&\",");
    has(text, "\r\n\"run-1\",");
    has(text, ",2.0095,");
    free(text);
}

TEST(bencher_gets_what_is_ok_in_nanoseconds)
{
    char *text = put(wi_lab_put_bmf);
    json_t *document = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_int_equal(json_object_size(document), 2);
    const json_t *metric = json_object_get(
        json_object_get(document, "digits chrome/webgpu fp32 threads=1 batch=1 concurrency=1 page"),
        "latency");
    assert_float_equal(json_number_value(json_object_get(metric, "value")), 2009500, 1e-3);
    assert_true(json_number_value(json_object_get(metric, "lower_value")) < 2009500);
    json_decref(document);
    free(text);
}

TEST(markdown_has_texts_in_code_spans)
{
    char *text = put(wi_lab_put_markdown);
    has(text, "| `</script><img src=x onerror=alert(1)>\\|'@all' =1+1\"'& firefox/webgpu");
    assert_null(strstr(text, "`@all`"));
    assert_null(strstr(text, "&\n=1"));
    assert_true(strstr(text, "**crashed**") < strstr(text, "| ok |"));
    has(text, "| 20 | 2.01 | ");
    has(text, " of 0 | ");
    free(text);
}

TEST(junit_fails_and_skips)
{
    char *text = put(wi_lab_put_junit);
    has(text, "tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\"");
    has(text, "<failure message=\"crashed: =&lt;/script&gt;");
    has(text, "<skipped message=\"absent: no such platform\"/>");
    has(text, "classname=\"digits\" name=\"digits chrome/webgpu fp32 threads=1 batch=1 "
              "concurrency=1 page\" time=\"0.002009500\"/>");
    assert_null(strstr(text, "<img"));
    free(text);
}

TEST(html_takes_the_run_as_text_and_each_mark_once)
{
    struct wi_buffer out = {0}, json = {0};
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    make(&run);
    wi_lab_figures_make(&figures, &run);
    wi_lab_put_json(&json, &figures);
    assert_int_equal(wi_lab_put_html(&out, "%ANSWER%<script>%RUN%</script>", "", json.text), 0);
    has(out.text, "\\u003c/script>\\u003cimg");
    assert_ptr_equal(strstr(out.text, "</"), out.text + out.size - strlen("</script>"));
    wi_buffer_clear(&out);
    static const char *const wrong[] = {"nothing", "%ANSWER% %RUN% %RUN%",
        "%ANSWER% %ANSWER% %RUN%", "%RUN% %ANSWER%", "%RUN%", "%ANSWER%"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(wi_lab_put_html(&out, wrong[i], "", json.text), -1);
    /* A mark in what is put in is text. */
    assert_int_equal(wi_lab_put_html(&out, "a%ANSWER%b%RUN%c", "%RUN%", "%ANSWER%"), 0);
    assert_string_equal(out.text, "a%RUN%b%ANSWER%c");
    wi_buffer_clear(&out);
    wi_buffer_clear(&json);
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
}

TEST(a_large_report_has_an_end_and_says_so)
{
    json_t *document = document_of("run-1");
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    struct wi_buffer out = {0}, json = {0}, html = {0};
    for (int i = 0; i < 500; i++) {
        char model[40];
        snprintf(model, sizeof model, "a-model-%d", i);
        json_t *cell = cell_of(model, "chrome", "wasm");
        for (int j = 0; j < 20; j++)
            add_sample(cell, 1 + 0.001 * j);
        add_cell(document, cell);
    }
    take_document(&run, document);
    double began = wi_now_ms();
    wi_lab_figures_make(&figures, &run);
    wi_lab_put_markdown(&out, &figures);
    wi_lab_put_json(&json, &figures);
    assert_int_equal(wi_lab_put_html(&html, "%ANSWER%%RUN%", "", json.text), 0);
    print_message("reports of 10,000 samples: %.0f ms\n", wi_now_ms() - began);
    assert_true(out.size <= WI_LAB_MARKDOWN_MAX && out.size > WI_LAB_MARKDOWN_MAX - 1000);
    has(out.text, " more cells, for which there is no room here");
    wi_buffer_clear(&out);
    wi_buffer_clear(&json);
    wi_buffer_clear(&html);
    wi_lab_figures_clear(&figures);
    wi_lab_run_clear(&run);
}

/* --- comparisons ----------------------------------------------------------------------------- */

static void read_side(struct wi_lab_run *run, double ms, const char *outcome)
{
    json_t *document = document_of("run-1");
    for (int i = 0; i < 3; i++) {
        json_t *cell = cell_of(i == 1 ? HOSTILE : "digits", "chrome", i ? "webgpu" : "wasm");
        for (int j = 0; j < 20; j++)
            add_sample(cell, (i == 2 ? ms : 10) + 0.001 * j);
        if (i == 0)
            json_object_set_new(cell, "yardstick", json_string("before"));
        if (i == 1)
            json_object_set_new(cell, "outcome", json_string(outcome));
        add_cell(document, cell);
    }
    take_document(run, document);
}

TEST(a_comparison_is_reported)
{
    struct wi_lab_run before, now;
    struct wi_lab_comparison comparison;
    struct wi_buffer markdown = {0}, junit = {0};
    read_side(&before, 10, "ok");
    read_side(&now, 13, "crashed");
    wi_lab_compare(&comparison, &before, &now, WI_LAB_THRESHOLD);
    assert_int_equal(comparison.judgement, WI_LAB_REGRESSION);
    wi_lab_put_markdown_comparison(&markdown, &comparison);
    wi_lab_put_junit_comparison(&junit, &comparison);
    has(markdown.text, "## Regression: a cell that was ok is ok no more");
    has(markdown.text, "- 1 broken\n- 1 slower\n");
    assert_true(strstr(markdown.text, "| **broken** |") < strstr(markdown.text, "| **slower** |"));
    has(markdown.text, "**slower** | ok | ok | 1.3 (1.3 to 1.3) | ");
    has(junit.text, "tests=\"2\" failures=\"2\"");
    has(junit.text, "<failure message=\"slower, 1.3 times the time before");
    assert_null(strstr(junit.text, "<img"));
    wi_buffer_clear(&markdown);
    wi_buffer_clear(&junit);
    wi_lab_comparison_clear(&comparison);
    wi_lab_run_clear(&before);
    wi_lab_run_clear(&now);
}
