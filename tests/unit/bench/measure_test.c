/* What an answer says of a cell: where it was computed, and how it ends. */
#include "../test.h"

#include "bench/measure.h"
#include "nodes/bridge/bridge.h"

static struct wi_bench_cell *new_cell(
    struct wi_bench_plan *plan, const char *browser, const char *platform)
{
    return wi_bench_plan_add(
        plan, json_pack("{s:s, s:s?, s:s, s:s, s:i, s:s}", "model", "m", "browser", browser,
                  "platform", platform, "clock", "client", "batch", 1, "outcome", "not run"));
}

static void expect(const struct wi_bench_cell *cell, const char *outcome, const char *reason)
{
    const json_t *document = cell->document;
    const char *said = json_string_value(json_object_get(document, "reason"));
    assert_string_equal(json_string_value(json_object_get(document, "outcome")), outcome);
    assert_string_equal(said ? said : "", reason);
}

TEST(an_answer_from_elsewhere_is_an_error_and_no_figure)
{
    static const struct {
        const char *browser, *platform, *reason;
    } cases[] = {
        {"chrome", "wasm", "answered_elsewhere: chrome computed it on wasm"},
        {"edge", "webgpu", "answered_elsewhere: edge computed it on webgpu"},
        {NULL, "webgpu", "answered_elsewhere: something computed it on webgpu"},
        {"chrome", NULL, "answered_elsewhere: chrome computed it on something"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_bench_plan plan = {0};
        struct wi_bench_cell *cell = new_cell(&plan, "chrome", "webgpu");
        json_t *answer = json_pack("{s:{s:s?, s:s?, s:s}}", "executed_on", "browser",
            cases[i].browser, "platform", cases[i].platform, "engine", "other");
        assert_int_equal(wi_bench_cell_take_place(cell, answer), -1);
        assert_true(cell->over);
        expect(cell, "failed", cases[i].reason);
        assert_null(json_object_get(cell->document, "engine"));
        json_decref(answer);
        wi_bench_plan_clear(&plan);
    }
}

TEST(an_answer_from_its_place_tells_of_it_and_what_the_service_chose_is_named)
{
    struct wi_bench_plan plan = {0};
    json_t *answer = json_pack("{s:{s:s, s:s, s:s, s:{s:b}}}", "executed_on", "browser", "chrome",
        "platform", "webgpu", "precision", "fp16", "adapter", "is_fallback", 1);
    struct wi_bench_cell *cell = new_cell(&plan, "chrome", "webgpu");
    assert_int_equal(wi_bench_cell_take_place(cell, answer), 0);
    assert_false(cell->over);
    assert_string_equal(json_string_value(json_object_get(cell->document, "precision")), "fp16");
    assert_true(json_is_object(json_object_get(cell->document, "adapter")));
    cell = new_cell(&plan, NULL, "auto");
    for (int i = 0; i < 2; i++)
        assert_int_equal(wi_bench_cell_take_place(cell, answer), 0);
    expect(cell, "not run", "chose chrome/webgpu");
    json_decref(answer);
    wi_bench_plan_clear(&plan);
}

TEST(a_problem_ends_a_cell_and_one_whose_nodes_answered_wrong_has_not_crashed)
{
    static const struct {
        const char *code, *detail, *outcome, *reason;
    } cases[] = {
        {"operator_unsupported", "no Loop", "unsupported", "operator_unsupported: no Loop"},
        {"unavailable", "no chrome", "absent", "unavailable: no chrome"},
        {"deadline_exceeded", "late", "too slow", "deadline_exceeded: late"},
        {"inference_failed", "odd", "failed", "inference_failed: odd"},
        {"attempts_exhausted", "2 nodes broke; last: it went away", "crashed",
            "attempts_exhausted: 2 nodes broke; last: it went away"},
        {"attempts_exhausted", "last: the answer of node n " WI_BRIDGE_UNUSABLE ": on \"wasm\"",
            "failed", "attempts_exhausted: last: the answer of node n cannot be used: on \"wasm\""},
        {NULL, "", "failed", "the answer is 502, and no problem document"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_bench_plan plan = {0};
        struct wi_bench_cell *cell = new_cell(&plan, "chrome", "wasm");
        json_t *problem = cases[i].code ? json_pack("{s:s, s:s}", "code", cases[i].code, "detail",
                                              cases[i].detail)
                                        : NULL;
        wi_bench_cell_problem(cell, problem, 502);
        expect(cell, cases[i].outcome, cases[i].reason);
        json_decref(problem);
        wi_bench_plan_clear(&plan);
    }
}
