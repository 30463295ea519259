/* What an answer says of a cell's exactness: its error, and what else differs from the answer of
 * WASM in FP32. */
#include "../test.h"

#include "bench/subject.h"

#include "cli/text_table.h"

/* A subject whose expected answer has these members. */
struct expected {
    struct wi_bench_subject subject;
    struct wi_bench_plan plan;
    struct wi_bench_cell *cell;
};

/* An array of one output "y" of a row of values; takes these over. */
static json_t *outputs_of(json_t *values)
{
    return json_pack("[{s:s, s:s, s:[i,i], s:o}]", "name", "y", "datatype", "FP32", "shape", 1,
        (int)json_array_size(values), "data", values);
}

/* Takes `values` (may be NULL) and `result` (may be NULL) over. */
static void expected_make(struct expected *expected, json_t *values, json_t *result,
    const char *platform, const char *clock)
{
    struct wi_error error = {0};
    *expected = (struct expected){.subject = {.name = wi_strdup("m"), .count = 1}};
    expected->subject.asks = wi_alloc(sizeof *expected->subject.asks);
    struct wi_bench_ask *ask = &expected->subject.asks[0];
    *ask = (struct wi_bench_ask){.batch = 1, .result = result};
    if (values) {
        json_t *outputs = outputs_of(values);
        assert_int_equal(
            wi_tensors_from_json(&ask->reference, outputs, NULL, 0, NULL, "outputs", &error),
            WI_OK);
        json_decref(outputs);
    }
    expected->cell = wi_bench_plan_add(
        &expected->plan, json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "model", "m", "browser",
                             "chrome", "platform", platform, "clock", clock, "batch", 1, "outcome",
                             "not run", "precision", "fp32"));
}

/* What the judge says of an answer with these members, which are taken over. */
static int judge(struct expected *expected, json_t *values, json_t *result)
{
    json_t *answer = json_object();
    if (values)
        json_object_set_new(answer, "outputs", outputs_of(values));
    if (result)
        json_object_set_new(answer, "result", result);
    int judged = wi_bench_judge(&expected->subject, expected->cell, answer);
    json_decref(answer);
    return judged;
}

static const char *text_of(const struct expected *expected, const char *member)
{
    const char *text = wi_json_text(expected->cell->document, member);
    return text ? text : "";
}

static void expected_clear(struct expected *expected)
{
    wi_bench_subject_clear(&expected->subject);
    wi_bench_plan_clear(&expected->plan);
}

/* 0.0011 over 1e-3 of 2 and 1e-4 of the largest, which is 2, too; then 0. */
TEST(the_largest_error_of_all_answers_counts)
{
    struct expected expected;
    expected_make(&expected, json_pack("[f,f]", 1.0, 2.0), NULL, "webgpu", "page");
    assert_int_equal(judge(&expected, json_pack("[f,f]", 1.0, 2.0011), NULL), 0);
    assert_int_equal(judge(&expected, json_pack("[f,f]", 1.0, 2.0), NULL), 0);
    assert_float_equal(
        wi_json_number(expected.cell->document, "error_ratio"), 0.0011 / 0.0022, 1e-3);
    assert_false(expected.cell->over);
    assert_string_equal(text_of(&expected, "changed"), "");
    expected_clear(&expected);
}

/* As if a kernel were wrong on that platform. */
TEST(a_wrong_answer_ends_the_cell_and_says_what_it_changes)
{
    struct expected expected;
    expected_make(&expected, json_pack("[f,f,f]", 1.0, 2.0, 4.0), NULL, "webgpu", "page");
    assert_int_equal(judge(&expected, json_pack("[f,f,f]", 1.0, 5.0, 4.0), NULL), -1);
    assert_true(expected.cell->over);
    assert_string_equal(text_of(&expected, "outcome"), "inexact");
    assert_string_equal(text_of(&expected, "reason"), "y at 1: 5 where WASM gives 2");
    assert_string_equal(text_of(&expected, "changed"), "y: 1 is the largest, not 2");
    /* 3 over 1e-3 of 2 and 1e-4 of 4. */
    assert_float_equal(wi_json_number(expected.cell->document, "error_ratio"), 3 / 0.0024, 1e-3);
    expected_clear(&expected);
}

static json_t *label(const char *text)
{
    return json_pack("{s:[{s:s, s:f}]}", "labels", "label", text, "probability", 0.9);
}

TEST(another_label_or_text_is_told_by_the_clients_clock)
{
    struct expected expected;
    expected_make(&expected, NULL, label("three"), "webgpu", "client");
    assert_int_equal(judge(&expected, NULL, label("three")), 0);
    assert_string_equal(text_of(&expected, "changed"), "");
    assert_int_equal(judge(&expected, NULL, label("five")), 0);
    assert_string_equal(text_of(&expected, "changed"), "the label is \"five\", not \"three\"");
    expected_clear(&expected);
    expected_make(&expected, NULL, json_pack("{s:s}", "text", "a b"), "webgpu", "client");
    assert_int_equal(judge(&expected, NULL, json_pack("{s:s}", "text", "a c")), 0);
    assert_string_equal(text_of(&expected, "changed"), "the text is \"a c\", not \"a b\"");
    expected_clear(&expected);
}

/* The first text tells; later prompts are numbered, and so are their answers others. */
TEST(the_same_text_has_no_error)
{
    struct expected expected;
    expected_make(&expected, NULL, json_pack("{s:s}", "text", "a b"), "webgpu", "client");
    assert_null(json_object_get(expected.cell->document, "error_ratio"));
    assert_int_equal(judge(&expected, NULL, json_pack("{s:s}", "text", "a b")), 0);
    assert_true(json_is_real(json_object_get(expected.cell->document, "error_ratio")));
    assert_float_equal(wi_json_number(expected.cell->document, "error_ratio"), 0, 0);
    assert_string_equal(text_of(&expected, "changed"), "");
    expected_clear(&expected);
}

/* The error of the tensors from which the text came is the cell's, whatever the text is. */
TEST(the_same_text_does_not_hide_an_error)
{
    struct expected expected;
    expected_make(&expected, json_pack("[f,f]", 1.0, 2.0), json_pack("{s:s}", "text", "a"),
        "webgpu", "client");
    for (int i = 0; i < 2; i++)
        assert_int_equal(judge(&expected, json_pack("[f,f]", 1.0, i ? 2.0 : 2.0011),
                             json_pack("{s:s}", "text", "a")),
            0);
    assert_float_equal(wi_json_number(expected.cell->document, "error_ratio"), 0.5, 1e-3);
    expected_clear(&expected);
}

/* The prompts of a model that writes are numbered once this is known. The result of a benchmark is
 * another one. Simulated nodes make everything up. */
TEST(what_was_asked_differently_is_not_compared)
{
    static const struct {
        const char *platform, *clock;
        int writes;
    } cases[] = {{"webgpu", "client", 1}, {"webgpu", "page", 0}, {"simulated", "client", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct expected expected;
        expected_make(
            &expected, NULL, json_pack("{s:s}", "text", "a"), cases[i].platform, cases[i].clock);
        expected.cell->writes = cases[i].writes;
        assert_int_equal(judge(&expected, NULL, json_pack("{s:s}", "text", "b")), 0);
        assert_string_equal(text_of(&expected, "changed"), "");
        expected_clear(&expected);
    }
}

TEST(a_long_text_is_cut)
{
    struct expected expected;
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    expected_make(&expected, NULL, json_pack("{s:s}", "text", "a"), "webgpu", "client");
    assert_int_equal(judge(&expected, NULL, json_pack("{s:s}", "text", text)), 0);
    assert_true(strlen(text_of(&expected, "changed")) < 256);
    expected_clear(&expected);
}
