/* Whether an earlier run foretells how long another one takes: a run is made by one command line,
 * and compared with what others choose. */
#include "../test.h"

#include "bench/alike.h"

static void choose(struct wi_bench_choice *choice, const char *const *options)
{
    char *words[16] = {"webinfer", "bench", "m"};
    struct wi_arguments arguments;
    struct wi_error error = {0};
    int count = 3;
    while (*options)
        words[count++] = (char *)*options++;
    assert_int_equal(wi_arguments_parse(&arguments, count, words, &error), WI_OK);
    assert_int_equal(wi_bench_choice_read(choice, &arguments, &error), WI_OK);
    wi_arguments_clear(&arguments);
}

/* A run in those browsers, which have no WebNN, with one sample less than was chosen. */
static json_t *make_run(const struct wi_bench_choice *choice, const struct wi_strings *browsers)
{
    static const char *const platforms[] = {"wasm", "webgpu", "webnn"};
    json_t *cells = json_array();
    struct wi_bench_plan plan = {0};
    for (size_t b = 0; b < browsers->count; b++) {
        for (size_t p = 0; p < 3; p++)
            if (choice->platforms.count == 0 ||
                wi_strings_contain(&choice->platforms, platforms[p]))
                wi_bench_plan_place(&plan, choice,
                    &(struct wi_bench_place){.model = "m",
                        .browser = browsers->items[b],
                        .platform = platforms[p],
                        .reason = p == 2 ? "it has none" : NULL,
                        .outcome = WI_LAB_ABSENT});
        wi_bench_plan_yardstick(&plan, browsers->items[b], WI_LAB_BEFORE);
    }
    wi_bench_plan_auto(&plan, choice, "m");
    for (size_t i = 0; i < plan.count; i++) {
        json_t *cell = json_copy(plan.cells[i].document), *samples = json_array();
        for (long n = 1; n < choice->runs && !plan.cells[i].over; n++)
            json_array_append_new(samples, json_real(1));
        if (!plan.cells[i].over)
            json_object_set_new(cell, "outcome", json_string("ok"));
        json_object_set_new(cell, "samples_ms", samples);
        json_array_append_new(cells, cell);
    }
    wi_bench_plan_clear(&plan);
    return json_pack("{s:o}", "cells", cells);
}

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define USUAL ((const char *const[]){NULL})

/* Whether a run with the first options, in the first browsers, foretells one with the others. */
static int is_alike(const char *const *before, const char *const *before_in, const char *const *now,
    const char *const *now_in)
{
    struct wi_bench_choice earlier, choice;
    struct wi_strings ran = {0}, browsers = {0};
    choose(&earlier, before);
    choose(&choice, now);
    while (*before_in)
        wi_strings_add(&ran, *before_in++);
    while (*now_in)
        wi_strings_add(&browsers, *now_in++);
    json_t *run = make_run(&earlier, &ran);
    int result = wi_bench_is_alike(run, &choice, &browsers);
    json_decref(run);
    wi_strings_clear(&ran);
    wi_strings_clear(&browsers);
    wi_bench_choice_clear(&earlier);
    wi_bench_choice_clear(&choice);
    return result;
}

#define BOTH OPTIONS("chrome", "firefox")

TEST(a_run_with_the_same_options_is_alike)
{
    assert_true(is_alike(USUAL, BOTH, USUAL, BOTH));
    assert_true(is_alike(USUAL, BOTH, OPTIONS("--seed", "7"), BOTH));
    const char *const *many = OPTIONS(
        "--platform", "both", "--batch", "1,2", "--concurrency", "1,4", "--optimization", "none");
    assert_true(is_alike(many, OPTIONS("chrome"), many, OPTIONS("chrome")));
}

/* Each way round: neither foretells the other. */
TEST(a_run_with_other_options_is_not)
{
    const char *const *others[] = {OPTIONS("--platform", "wasm"), OPTIONS("--platform", "both"),
        OPTIONS("--runs", "5"), OPTIONS("--runs", "100"), OPTIONS("--threads", "1"),
        OPTIONS("--test-type", "client"), OPTIONS("--batch", "1,2"),
        OPTIONS("--concurrency", "1,4"), OPTIONS("--optimization", "none,all"),
        OPTIONS("--precision", "fp32,fp16")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(is_alike(others[i], BOTH, USUAL, BOTH));
        assert_false(is_alike(USUAL, BOTH, others[i], BOTH));
    }
}

TEST(a_run_in_other_browsers_is_not)
{
    assert_false(is_alike(USUAL, OPTIONS("chrome"), USUAL, BOTH));
    assert_false(is_alike(USUAL, BOTH, USUAL, OPTIONS("chrome")));
}

TEST(a_run_that_is_gone_or_has_measured_nothing_foretells_nothing)
{
    struct wi_bench_choice choice;
    const struct wi_strings none = {0};
    choose(&choice, USUAL);
    json_t *empty = json_pack("{s:[]}", "cells");
    assert_false(wi_bench_is_alike(NULL, &choice, &none));
    assert_false(wi_bench_is_alike(empty, &choice, &none));
    json_decref(empty);
    wi_bench_choice_clear(&choice);
}
