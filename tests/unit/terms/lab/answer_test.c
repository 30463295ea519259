/* The answer: which rows there are, what counts in them, their order, and the sentences. */
#include "fixture.h"

#include "terms/lab/report.h"

static json_t *with(json_t *cell, const char *name, json_t *value)
{
    json_object_set_new(cell, name, value);
    return cell;
}

/* A cell of digits with nine equal samples. */
static json_t *timed(const char *browser, const char *platform, double ms)
{
    json_t *cell = with(cell_of("digits", browser, platform), "browser_version",
        json_string(strcmp(browser, "chrome") == 0 ? "156.0.1" : "153.2"));
    for (int i = 0; i < 9; i++)
        add_sample(cell, ms);
    return cell;
}

static json_t *untimed(
    const char *browser, const char *platform, const char *outcome, const char *reason)
{
    json_t *cell = with(cell_of("digits", browser, platform), "outcome", json_string(outcome));
    json_object_del(cell, "precision"); /* it never ran */
    return with(cell, "reason", json_string(reason));
}

static json_t *on_software(json_t *cell)
{
    return with(cell, "adapter", json_pack("{s:s, s:b}", "vendor", "google", "is_fallback", 1));
}

/* A run with its answer. */
struct answered {
    struct wi_lab_run run;
    struct wi_lab_figures figures;
    struct wi_lab_answer answer;
};

/* Takes the document over. */
static void answered_make(struct answered *answered, json_t *document)
{
    take_document(&answered->run, document);
    wi_lab_figures_make(&answered->figures, &answered->run);
    wi_lab_answer_make(&answered->answer, &answered->figures);
}

static void answered_clear(struct answered *answered)
{
    wi_lab_answer_clear(&answered->answer);
    wi_lab_figures_clear(&answered->figures);
    wi_lab_run_clear(&answered->run);
}

/* "chrome/wasm ok, firefox/webgpu absent": the rows in their order. */
static void assert_rows(const struct answered *answered, const char *expected)
{
    struct wi_buffer text = {0};
    for (size_t i = 0; i < answered->answer.count; i++) {
        const struct wi_lab_cell *cell = answered->answer.rows[i].cell;
        wi_buffer_puts(&text, i ? ", " : "");
        wi_lab_put_place(&text, cell);
        wi_buffer_strings(&text, " ", wi_lab_outcome_names[cell->outcome], NULL);
    }
    assert_string_equal(text.text, expected);
    wi_buffer_clear(&text);
}

static void assert_sentence(const struct answered *answered, size_t from, const char *expected)
{
    struct wi_buffer text = {0};
    wi_lab_put_sentence(&text, &answered->answer, from);
    assert_string_equal(text.text, expected);
    wi_buffer_clear(&text);
}

/* The one of the issue: two browsers, a third that lacks two platforms, software that is slow. */
static json_t *usual_document(void)
{
    json_t *document = document_of("run-1");
    add_cell(document, untimed("safari", "webnn", "absent", "navigator.ml is missing"));
    add_cell(document, untimed("safari", "webgpu", "absent", "navigator.gpu is missing"));
    add_cell(document, on_software(timed("chrome", "webgpu", 12)));
    add_cell(document, timed("chrome", "wasm", 0.24));
    add_cell(document, timed("firefox", "wasm", 0.48));
    return document;
}

TEST(what_one_would_choose_is_first_and_what_could_not_be_tried_last)
{
    struct answered answered;
    json_t *document = usual_document();
    add_cell(document, untimed("edge", "webgpu", "crashed", "attempts_exhausted: it died"));
    add_cell(document, untimed("edge", "wasm", "failed", "internal: no"));
    add_cell(document, untimed("edge", "webnn", "too slow", "late"));
    add_cell(document, untimed("edge", "webgl", "inexact", "y at 3: 5 where WASM gives 4"));
    add_cell(document, untimed("safari", "wasm", "not run", "the time of --time was up"));
    add_cell(document, untimed("firefox", "webgpu", "unsupported", "operator_unsupported: no Foo"));
    answered_make(&answered, document);
    assert_rows(&answered,
        "chrome/wasm ok, firefox/wasm ok, chrome/webgpu ok, edge/webgl inexact, edge/webnn too "
        "slow, edge/wasm failed, edge/webgpu crashed, firefox/webgpu unsupported, safari/webnn "
        "absent, safari/webgpu absent, safari/wasm not run");
    answered_clear(&answered);
}

TEST(a_sentence_says_where_how_fast_why_and_what_is_missing)
{
    struct answered answered;
    answered_make(&answered, usual_document());
    assert_sentence(&answered, 0,
        "digits runs in Chromium 156 and Firefox 153; fastest: chrome/wasm, 0.24 ms; WebGPU is 50 "
        "× slower than WASM here because the adapter is software; WebKit: no WebNN, no WebGPU.");
    answered_clear(&answered);
}

TEST(what_goes_wrong_is_in_the_sentence)
{
    struct answered answered;
    json_t *document = document_of("run-1");
    add_cell(document, timed("chrome", "wasm", 10));
    add_cell(document, timed("chrome", "webgpu", 5.2));
    add_cell(document, untimed("chrome", "webgl", "unsupported", "no kernel of it"));
    add_cell(document, untimed("firefox", "webgl", "unsupported", "no kernel of it"));
    add_cell(document, timed("firefox", "wasm", 11));
    add_cell(document, with(with(untimed("firefox", "webgpu", "inexact", "y at 0"), "error_ratio",
                                json_real(10.04)),
                           "changed", json_string("y: 5 is the largest, not 3")));
    answered_make(&answered, document);
    assert_sentence(&answered, 0,
        "digits runs in Chromium 156 and Firefox 153; fastest: chrome/webgpu, 5.2 ms; WebGPU is "
        "1.9 × faster than WASM in Chromium; firefox/webgpu answers wrongly by 10 times the "
        "allowed error (y: 5 is the largest, not 3); Chromium and Firefox: not on WebGL.");
    answered_clear(&answered);
}

TEST(nothing_that_ran_is_said_too)
{
    struct answered answered;
    json_t *document = document_of("run-1");
    add_cell(document, untimed("chrome", "wasm", "absent", "it does not start"));
    add_cell(document, untimed("chrome", "webgpu", "absent", "it does not start"));
    add_cell(document, untimed("firefox", "wasm", "not run", "the time of --time was up"));
    answered_make(&answered, document);
    assert_sentence(&answered, 0,
        "digits runs nowhere here; Chromium: not available; Firefox: not tried on WASM.");
    answered_clear(&answered);
}

/* However fast it is: a GPU was asked for, and there is none. */
TEST(a_software_adapter_never_wins)
{
    struct answered answered;
    json_t *document = document_of("run-1");
    add_cell(document, on_software(timed("chrome", "webgpu", 1)));
    add_cell(document, timed("chrome", "wasm", 2));
    answered_make(&answered, document);
    assert_rows(&answered, "chrome/wasm ok, chrome/webgpu ok");
    assert_true(answered.answer.rows[1].is_software);
    assert_sentence(&answered, 0,
        "digits runs in Chromium 156; fastest: chrome/wasm, 2 ms; WebGPU is 2.0 × faster than WASM "
        "here although the adapter is software.");
    answered_clear(&answered);
}

TEST(simulated_times_are_neither_compared_nor_the_fastest)
{
    struct answered answered;
    json_t *document = document_of("run-1");
    json_t *cell = timed("chrome", "simulated", 1);
    json_object_del(cell, "browser");
    add_cell(document, cell);
    answered_make(&answered, document);
    assert_true(answered.answer.rows[0].is_simulated);
    assert_sentence(&answered, 0, "digits runs in other nodes; simulated times are made up.");
    answered_clear(&answered);
}

/* By the page's clock, a single one at a time; the faster of both numbers of threads. What is known
 * of any of its cells is the row's. */
TEST(a_row_has_the_best_time_and_the_worst_outcome_of_its_cells)
{
    struct answered answered;
    json_t *document = document_of("run-1");
    json_t *client = with(timed("chrome", "wasm", 1), "clock", json_string("client"));
    add_cell(document, with(client, "error_ratio", json_real(0.5)));
    add_cell(document, with(timed("chrome", "wasm", 8), "load_ms", json_real(30)));
    add_cell(document, with(timed("chrome", "wasm", 4), "threads", json_string("all")));
    add_cell(document, with(timed("chrome", "wasm", 2), "batch", json_integer(4)));
    json_t *lost = untimed("chrome", "wasm", "not run", "the time of --time was up");
    add_cell(document, with(lost, "concurrency", json_integer(4)));
    add_cell(document, with(timed("chrome", "wasm", 3), "precision", json_string("int8")));
    json_t *many = with(timed("chrome", "wasm", 9), "concurrency", json_integer(2));
    add_cell(document, with(many, "rss_bytes", json_integer(77)));
    json_t *yardstick = with(timed("chrome", "wasm", 1), "yardstick", json_string("before"));
    add_cell(document, yardstick);
    add_cell(document, with(timed("chrome", "auto", 1), "clock", json_string("client")));
    answered_make(&answered, document);
    assert_rows(&answered, "chrome/wasm ok, chrome/wasm ok");
    const struct wi_lab_answer_row *quantised = &answered.answer.rows[0];
    const struct wi_lab_answer_row *row = &answered.answer.rows[1];
    assert_string_equal(quantised->precision, "int8");
    assert_int_equal(row->best->cell->index, 2);
    assert_float_equal(row->best->summary.median, 4, 1e-12);
    assert_float_equal(row->error_ratio, 0.5, 1e-12);
    assert_float_equal(row->load_ms, 30, 1e-12);
    assert_int_equal(row->memory_bytes, 77);
    assert_true(row->first_ms < 0);
    assert_null(row->wasm);
    answered_clear(&answered);
}

/* A model that writes has no numbers to compare, but its text. */
TEST(how_exact_a_text_is_is_said_in_words)
{
    static const struct {
        int writes;
        double error_ratio;
        const char *changed, *text;
    } cases[] = {{1, 0, NULL, "same text"}, {1, -1, "the text is \"b\"", "another text"},
        {1, -1, NULL, ""}, {0, 0, NULL, "0"}, {0, 0.434, "the label is \"b\"", "0.43"},
        {0, -1, NULL, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_buffer text = {0};
        wi_lab_put_exactness(&text, &(struct wi_lab_answer_row){.writes = cases[i].writes,
                                        .error_ratio = cases[i].error_ratio,
                                        .changed = cases[i].changed});
        assert_string_equal(text.text ? text.text : "", cases[i].text);
        wi_buffer_clear(&text);
    }
}

TEST(a_failure_of_one_cell_is_the_rows_but_its_times_stay)
{
    struct answered answered;
    json_t *document = document_of("run-1");
    json_t *failed = untimed("chrome", "wasm", "failed", "internal: no");
    add_cell(document, timed("chrome", "wasm", 2));
    add_cell(document, with(failed, "clock", json_string("client")));
    answered_make(&answered, document);
    assert_rows(&answered, "chrome/wasm failed");
    assert_non_null(answered.answer.rows[0].best);
    assert_sentence(
        &answered, 0, "digits runs in Chromium 156; chrome/wasm fp32 fails in some cells.");
    answered_clear(&answered);
}

/* The ratios are those of numpy.median over numpy.median. */
TEST(the_other_platforms_are_compared_with_wasm_of_the_same_browser_and_precision)
{
    static const double wasm[] = {10.2, 9.7, 10.4, 10.1, 9.9, 10.0, 10.3},
                        webgpu[] = {5.3, 5.1, 5.6, 5.2, 5.4, 5.0, 5.5};
    json_t *document = document_of("run-1"), *cells[2];
    struct answered answered;
    for (int i = 0; i < 2; i++) {
        cells[i] = cell_of("digits", "chrome", i ? "webgpu" : "wasm");
        for (size_t k = 0; k < sizeof wasm / sizeof *wasm; k++)
            add_sample(cells[i], i ? webgpu[k] : wasm[k]);
        add_cell(document, cells[i]);
    }
    add_cell(document, with(timed("chrome", "wasm", 4), "precision", json_string("int8")));
    add_cell(document, with(timed("chrome", "webgpu", 8), "precision", json_string("int8")));
    add_cell(document, with(timed("chrome", "webgpu", 10.1), "precision", json_string("fp16")));
    add_cell(document, timed("firefox", "webgpu", 1));
    answered_make(&answered, document);
    static const struct {
        const char *browser, *precision, *words;
        double value;
    } expected[] = {{"firefox", "fp32", NULL, 0}, {"chrome", "int8", NULL, 0},
        {"chrome", "fp32", "1.9 × faster", 1.9056603773584904},
        {"chrome", "int8", "2.0 × slower", 0.5}, {"chrome", "fp32", NULL, 0},
        {"chrome", "fp16", "as fast", 1.0}};
    assert_int_equal(answered.answer.count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct wi_lab_answer_row *row = &answered.answer.rows[i];
        struct wi_buffer words = {0};
        assert_string_equal(row->cell->browser, expected[i].browser);
        assert_string_equal(row->precision, expected[i].precision);
        assert_int_equal(row->wasm != NULL, expected[i].words != NULL);
        if (row->wasm) {
            assert_float_equal(row->than_wasm.value, expected[i].value, 1e-12);
            assert_true(row->than_wasm.low <= row->than_wasm.value);
            assert_true(row->than_wasm.high >= row->than_wasm.value);
            wi_lab_put_words(&words, &row->than_wasm);
            assert_string_equal(words.text, expected[i].words);
        }
        wi_buffer_clear(&words);
    }
    answered_clear(&answered);
}

TEST(words_and_times_have_few_digits)
{
    static const struct {
        struct wi_lab_interval times;
        const char *words;
    } cases[] = {{{1.94, 1.9, 2.1}, "1.9 × faster"}, {{1.04, 1.02, 1.06}, "1.04 × faster"},
        {{0.02, 0.019, 0.021}, "50 × slower"}, {{0.96, 0.95, 0.97}, "1.04 × slower"},
        {{1.2, 0.9, 1.4}, "as fast"}, {{12.6, 12, 13}, "13 × faster"}};
    static const struct {
        double ms;
        const char *text;
    } times[] = {{0.02412, "0.024"}, {0.24123, "0.241"}, {12.345, "12.3"}, {99.94, "99.9"},
        {1349.6, "1350"}, {0, "0"}};
    static const struct {
        double ratio;
        const char *text;
    } errors[] = {
        {0, "0"}, {0.0004, "<0.01"}, {0.434, "0.43"}, {10.4, "10"}, {454.5, "454"}, {3e9, "3e+09"}};
    struct wi_buffer text = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        wi_lab_put_words(&text, &cases[i].times);
        assert_string_equal(text.text, cases[i].words);
        text.size = 0;
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        wi_lab_put_ms(&text, times[i].ms);
        assert_string_equal(text.text, times[i].text);
        text.size = 0;
    }
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        wi_lab_put_error(&text, errors[i].ratio);
        assert_string_equal(text.text, errors[i].text);
        text.size = 0;
    }
    wi_buffer_clear(&text);
}

TEST(each_outcome_but_ok_has_a_remedy)
{
    for (int outcome = 0; outcome < WI_LAB_OUTCOMES; outcome++) {
        const struct wi_lab_cell cell = {.outcome = outcome, .reason = "why"};
        assert_int_equal(wi_lab_remedy(&cell) != NULL, outcome != WI_LAB_OK);
    }
    const struct wi_lab_cell large = {
        .outcome = WI_LAB_UNSUPPORTED, .reason = "model_too_large: 5 GB"};
    assert_non_null(strstr(wi_lab_remedy(&large), "webinfer quantize"));
}

TEST(each_model_has_its_rows_and_its_sentence)
{
    struct answered answered;
    struct wi_buffer json = {0};
    json_t *document = usual_document();
    add_cell(document, with(timed("chrome", "wasm", 3), "model", json_string("other")));
    answered_make(&answered, document);
    assert_int_equal(answered.answer.count, 6);
    assert_int_equal(wi_lab_answer_span(&answered.answer, 0), 5);
    assert_int_equal(wi_lab_answer_span(&answered.answer, 5), 1);
    assert_sentence(&answered, 5, "other runs in Chromium 156; fastest: chrome/wasm, 3 ms.");
    wi_lab_put_answer_json(&json, &answered.answer);
    json_t *models = json_loads(json.text, 0, NULL);
    assert_int_equal(json_array_size(models), 2);
    const json_t *rows = json_object_get(json_array_get(models, 0), "rows");
    const json_t *row = json_array_get(rows, 2), *last = json_array_get(rows, 4);
    assert_string_equal(json_string_value(json_object_get(row, "platform")), "webgpu");
    assert_true(json_is_true(json_object_get(row, "software")));
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(row, "than_wasm"), "words")),
        "50 × slower");
    assert_float_equal(json_number_value(json_object_get(row, "median_ms")), 12, 1e-12);
    assert_string_equal(json_string_value(json_object_get(last, "outcome")), "absent");
    assert_non_null(json_object_get(last, "remedy"));
    assert_null(json_object_get(last, "median_ms"));
    json_decref(models);
    wi_buffer_clear(&json);
    answered_clear(&answered);
}

/* What somebody would call things who wants to be more than text. */
TEST(the_html_takes_texts_as_texts)
{
    static const char hostile[] = "</td><script>alert(1)</script>\"'&\xe2\x80\xae";
    struct answered answered;
    struct wi_buffer html = {0};
    json_t *document = document_of("run-1");
    json_object_set_new(document, "name", json_string(hostile));
    add_cell(document,
        with(untimed("chrome", "webgpu", "crashed", hostile), "model", json_string(hostile)));
    answered_make(&answered, document);
    wi_lab_put_answer_html(&html, &answered.answer);
    assert_null(strstr(html.text, "<script"));
    assert_null(strstr(html.text, "\xe2\x80\xae"));
    assert_null(strstr(html.text, "=\"Where </"));
    assert_non_null(strstr(html.text,
        "<h1>&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;&apos;&amp;⟨U+202E⟩</h1>"));
    wi_buffer_clear(&html);
    answered_clear(&answered);
}

TEST(the_html_has_the_figures_and_the_sentence)
{
    struct answered answered;
    struct wi_buffer html = {0};
    answered_make(&answered, usual_document());
    wi_lab_put_answer_html(&html, &answered.answer);
    assert_non_null(strstr(html.text, "<h2>digits</h2><p>digits runs in Chromium 156"));
    assert_non_null(strstr(html.text, "<td class=\"figure\">0.24</td>"));
    assert_non_null(strstr(html.text, "50 × slower than WASM"));
    assert_non_null(strstr(html.text, "<span class=\"badge wait\">software adapter</span>"));
    assert_non_null(
        strstr(html.text, "navigator.gpu is missing; webinfer doctor says what is installed"));
    wi_buffer_clear(&html);
    answered_clear(&answered);
}

TEST(a_run_without_cells_has_no_rows)
{
    struct answered answered;
    struct wi_buffer json = {0};
    answered_make(&answered, document_of("run-1"));
    assert_int_equal(answered.answer.count, 0);
    wi_lab_put_answer_json(&json, &answered.answer);
    assert_string_equal(json.text, "[]");
    wi_buffer_clear(&json);
    answered_clear(&answered);
}
