/* Which cells there are for what is asked, in which order they are measured, and how often. */
#include "../../../test.h"

#include "cli/cli.h"
#include "cli/commands/bench/plan.h"

#define CHOOSE(choice, ...) choose(choice, (char *[]){"webinfer", "bench", __VA_ARGS__, NULL})

static struct wi_error error;

static enum wi_code choose(struct wi_bench_choice *choice, char **words)
{
    struct wi_arguments arguments;
    int count = 0;
    while (words[count])
        count++;
    error = (struct wi_error){0};
    assert_int_equal(wi_arguments_parse(&arguments, count, words, NULL), WI_OK);
    enum wi_code code = wi_bench_choice_read(choice, &arguments, &error);
    wi_arguments_clear(&arguments);
    return code;
}

/* The names of all cells, a line each. */
static char *list(const struct wi_bench_plan *plan)
{
    struct wi_buffer text = {0};
    for (size_t i = 0; i < plan->count; i++) {
        wi_bench_put_name(&text, &plan->cells[i]);
        wi_buffer_puts(&text, plan->cells[i].over ? " over\n" : "\n");
    }
    return wi_buffer_take(&text);
}

static void expect_cells(const struct wi_bench_choice *choice, const char *platform,
    const char *reason, const char *cells)
{
    struct wi_bench_plan plan = {0};
    wi_bench_plan_place(&plan, choice,
        &(struct wi_bench_place){.model = "m",
            .browser = "chrome",
            .platform = platform,
            .reason = reason,
            .outcome = WI_LAB_ABSENT});
    char *text = list(&plan);
    assert_string_equal(text, cells);
    free(text);
    wi_bench_plan_clear(&plan);
}

TEST(a_place_has_a_cell_for_each_clock_number_of_threads_batch_and_concurrency)
{
    struct wi_bench_choice choice;
    assert_int_equal(CHOOSE(&choice, "m"), WI_OK);
    expect_cells(&choice, "wasm", NULL,
        "m chrome/wasm threads=1 page\nm chrome/wasm threads=all page\nm chrome/wasm client\n");
    expect_cells(&choice, "webgpu", NULL, "m chrome/webgpu page\nm chrome/webgpu client\n");
    expect_cells(&choice, "webnn", "there is none", "m chrome/webnn page over\n");
    wi_bench_choice_clear(&choice);
    assert_int_equal(CHOOSE(&choice, "m", "--batch", "1,4", "--concurrency", "1,2", "--threads",
                         "1", "--precision", "fp32"),
        WI_OK);
    expect_cells(&choice, "wasm", NULL,
        "m chrome/wasm threads=1 page\nm chrome/wasm client\nm chrome/wasm concurrency=2 client\n"
        "m chrome/wasm threads=1 batch=4 page\nm chrome/wasm batch=4 client\n"
        "m chrome/wasm batch=4 concurrency=2 client\n");
    wi_bench_choice_clear(&choice);
    assert_int_equal(CHOOSE(&choice, "m", "--test-type", "client"), WI_OK);
    expect_cells(&choice, "wasm", NULL, "m chrome/wasm client\n");
    wi_bench_choice_clear(&choice);
}

TEST(what_the_service_chooses_is_a_cell_where_there_is_a_choice)
{
    static const struct {
        char *option, *value;
        size_t cells;
    } cases[] = {{"--runs", "20", 1}, {"--browser", "chrome", 0}, {"--platform", "wasm", 0},
        {"--platform", "both", 1}, {"--test-type", "page", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_bench_choice choice;
        struct wi_bench_plan plan = {0};
        assert_int_equal(CHOOSE(&choice, "m", cases[i].option, cases[i].value), WI_OK);
        wi_bench_plan_auto(&plan, &choice, "m");
        assert_int_equal(plan.count, cases[i].cells);
        wi_bench_plan_clear(&plan);
        wi_bench_choice_clear(&choice);
    }
}

TEST(what_cannot_be_meant_is_refused)
{
    static char *const wrong[][2] = {{"--runs", "0"}, {"--runs", "1001"}, {"--runs", "-1"},
        {"--runs", ""}, {"--batch", "1,"}, {"--batch", "1025"}, {"--concurrency", "65"},
        {"--concurrency", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}, {"--threads", "2"},
        {"--test-type", "gpu"}, {"--platform", "cuda"}, {"--platform", "wasm,,webgpu"},
        {"--cell-time", "0s"}, {"--time", "25h"}, {"--seed", "4294967296"}, {"--seed", "-1"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wi_bench_choice choice;
        assert_int_equal(CHOOSE(&choice, "m", wrong[i][0], wrong[i][1]), WI_BAD_REQUEST);
        assert_true(error.detail[0] != '\0');
        wi_bench_choice_clear(&choice);
    }
}

TEST(the_order_follows_from_seed_and_round)
{
    enum { COUNT = 50 };
    unsigned first[COUNT], again[COUNT], other[COUNT], next[COUNT], seen[COUNT] = {0};
    for (unsigned i = 0; i < COUNT; i++)
        first[i] = again[i] = other[i] = next[i] = i;
    wi_bench_shuffle(first, COUNT, 7, 0);
    wi_bench_shuffle(again, COUNT, 7, 0);
    wi_bench_shuffle(other, COUNT, 8, 0);
    wi_bench_shuffle(next, COUNT, 7, 1);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
    assert_memory_not_equal(first, next, sizeof first);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(seen[first[i]]++, 0);
}

TEST(samples_are_spread_over_the_rounds_and_end_with_the_time)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    assert_int_equal(CHOOSE(&choice, "m", "--runs", "10", "--cell-time", "100ms"), WI_OK);
    wi_bench_plan_place(&plan, &choice,
        &(struct wi_bench_place){.model = "m", .browser = "chrome", .platform = "webgpu"});
    struct wi_bench_cell *cell = &plan.cells[0];
    assert_int_equal(wi_bench_share(&choice, cell, 0), 1); /* nobody knows how long it takes */
    cell->run_ms = 1;
    for (unsigned round = 0; round < WI_BENCH_ROUNDS; round++) {
        static const unsigned shares[WI_BENCH_ROUNDS] = {3, 2, 3, 2};
        assert_int_equal(wi_bench_share(&choice, cell, round), shares[round]);
        cell->count += shares[round];
    }
    cell->count = 0;
    cell->run_ms = 30;
    assert_int_equal(wi_bench_share(&choice, cell, 3), 3);
    cell->spent_ms = 80;
    assert_int_equal(wi_bench_share(&choice, cell, 3), 0);
    wi_bench_plan_yardstick(&plan, "chrome", WI_LAB_BEFORE);
    plan.cells[2].run_ms = 1;
    assert_int_equal(wi_bench_share(&choice, &plan.cells[2], 3), 20);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}

TEST(a_cell_that_ended_says_what_was_measured)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    char reason[2000];
    assert_int_equal(CHOOSE(&choice, "m"), WI_OK);
    wi_bench_plan_place(
        &plan, &choice, &(struct wi_bench_place){.model = "m", .platform = "simulated"});
    struct wi_bench_cell *cell = &plan.cells[0];
    wi_bench_cold_add(&cell->loads, 5);
    wi_bench_cold_add(&cell->loads, 1);
    wi_bench_cold_add(&cell->loads, 3);
    wi_bench_cold_add(&cell->loads, 1000);
    memset(reason, 'x', sizeof reason - 1);
    reason[sizeof reason - 1] = '\0';
    wi_bench_cell_end(cell, WI_LAB_FAILED, reason);
    assert_true(cell->over && wi_bench_has(cell, WI_LAB_FAILED) && !wi_bench_is_ok(cell));
    assert_true(json_real_value(json_object_get(cell->document, "load_ms")) == 3);
    assert_null(json_object_get(cell->document, "first_ms"));
    assert_true(json_string_length(json_object_get(cell->document, "reason")) < 512);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}
