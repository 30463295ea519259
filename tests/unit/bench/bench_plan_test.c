/* Which cells there are for what is asked, in which order they are measured, and how often. */
#include "../test.h"
#include "cli/arguments.h"

#include "bench/bench_plan.h"
#include "cli/cli.h"

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

TEST(graphs_are_measured_as_they_are_where_onnxruntime_computes)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    json_t *ort = json_pack("{s:s}", "engine", "ort"),
           *llama = json_pack("{s:s}", "engine", "llama");
    struct wi_bench_place place = {
        .model = "m", .browser = "chrome", .platform = "wasm", .facts = ort};
    assert_int_equal(CHOOSE(&choice, "m", "--optimization", "none,all"), WI_OK);
    wi_bench_plan_place(&plan, &choice, &place);
    place.facts = llama;
    wi_bench_plan_place(&plan, &choice, &place);
    char *text = list(&plan);
    assert_string_equal(text,
        "m chrome/wasm threads=1 optimization=none page\n"
        "m chrome/wasm threads=1 optimization=all page\n"
        "m chrome/wasm threads=all optimization=none page\n"
        "m chrome/wasm threads=all optimization=all page\nm chrome/wasm client\n"
        "m chrome/wasm page\nm chrome/wasm client\n");
    free(text);
    wi_bench_plan_fusion(&plan);
    for (size_t i = 0; i < plan.count; i++) {
        const json_t *baseline = json_object_get(plan.cells[i].document, "baseline");
        assert_int_equal(json_integer_value(baseline), i == 0 ? 1 : i == 2 ? 3 : 0);
    }
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
    json_decref(llama);
    json_decref(ort);
}

TEST(figures_of_a_text_are_those_of_its_requests)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    static const struct wi_bench_writing both[] = {{.ms = 100,
                                                       .first_ms = 20,
                                                       .token_ms = 4,
                                                       .prompt_tokens = 8,
                                                       .tokens = 10,
                                                       .read_tokens = 8,
                                                       .read_ms = 10},
        {.ms = 300,
            .first_ms = 40,
            .token_ms = 12,
            .prompt_tokens = 8,
            .tokens = 30,
            .read_tokens = 8,
            .read_ms = 30}};
    static const struct {
        const char *member;
        double value;
    } figures[] = {{"prompt_tokens", 8}, {"tokens", 20}, {"prompt_per_s", 400},
        {"generated_per_s", 125}, {"first_p50_ms", 30}, {"first_p90_ms", 38}, {"token_ms", 8},
        {"all_per_s", 200}};
    assert_int_equal(CHOOSE(&choice, "m", "--test-type", "client", "--concurrency", "2"), WI_OK);
    wi_bench_plan_place(&plan, &choice,
        &(struct wi_bench_place){.model = "m", .browser = "chrome", .platform = "webgpu"});
    for (size_t i = 0; i < 2; i++) {
        plan.cells[0].writings =
            wi_grow_array(plan.cells[0].writings, i, sizeof *plan.cells[0].writings);
        plan.cells[0].writings[plan.cells[0].writing_count++] = both[i];
    }
    wi_bench_cell_end(&plan.cells[0], WI_LAB_OK, NULL);
    const json_t *text = json_object_get(plan.cells[0].document, "text");
    assert_int_equal(json_object_size(text), sizeof figures / sizeof *figures);
    for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
        assert_float_equal(
            json_number_value(json_object_get(text, figures[i].member)), figures[i].value, 1e-9);
    wi_bench_plan_clear(&plan);
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
        {"--test-type", "gpu"}, {"--optimization", "some"}, {"--platform", "cuda"},
        {"--platform", "wasm,,webgpu"}, {"--browser", "chrome,,edge"},
        {"--browser", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"}, {"--cell-time", "0s"},
        {"--time", "25h"}, {"--seed", "4294967296"}, {"--seed", "-1"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wi_bench_choice choice;
        assert_int_equal(CHOOSE(&choice, "m", wrong[i][0], wrong[i][1]), WI_BAD_REQUEST);
        assert_true(error.detail[0] != '\0');
        wi_bench_choice_clear(&choice);
    }
}

/* The options of a choice, as the head of a run has them. */
static char *print(const struct wi_bench_choice *choice, const char *const *browsers)
{
    struct wi_strings names = {0};
    struct wi_buffer text = {0};
    while (*browsers)
        wi_strings_add(&names, *browsers++);
    wi_bench_choice_print(&text, choice, &names);
    wi_strings_clear(&names);
    return wi_buffer_take(&text);
}

#define IN(...) ((const char *const[]){__VA_ARGS__, NULL})
#define PRINT(browsers, ...)                                                                       \
    print_chosen(browsers, (char *[]){"webinfer", "bench", __VA_ARGS__, NULL})

static char *print_chosen(const char *const *browsers, char **words)
{
    struct wi_bench_choice choice;
    assert_int_equal(choose(&choice, words), WI_OK);
    char *text = print(&choice, browsers);
    wi_bench_choice_clear(&choice);
    return text;
}

/* Takes them over. */
static void expect_same(char *one, char *other, int is_same)
{
    assert_int_equal(strcmp(one, other) == 0, is_same);
    free(one);
    free(other);
}

#define USUAL PRINT(IN("chrome", "firefox"), "m")
#define WITH(...) PRINT(IN("chrome", "firefox"), "m", __VA_ARGS__)

TEST(a_choice_is_printed_with_all_that_it_leaves_open)
{
    char *usual = USUAL;
    assert_string_equal(usual,
        " --browser chrome,firefox --threads 1,all --test-type client,page --batch 1"
        " --concurrency 1 --runs 20 --cell-time 20000ms --time 600000ms");
    free(usual);
    char *much = WITH("--platform", "both", "--precision", "fp32,fp16", "--optimization", "none",
        "--native", "--threads", "1", "--time", "1h");
    assert_string_equal(much,
        " --browser chrome,firefox --platform wasm,webgpu --precision fp16,fp32 --threads 1"
        " --test-type client,page --optimization none --batch 1 --concurrency 1 --runs 20"
        " --cell-time 20000ms --time 3600000ms --native");
    free(much);
}

TEST(choices_by_which_the_same_is_measured_are_printed_alike)
{
    expect_same(USUAL, WITH("--seed", "7", "--runs", "20", "--platform", "all"), 1);
    expect_same(USUAL, WITH("--browser", "chrome,firefox", "--time", "10m"), 1);
    expect_same(USUAL, PRINT(IN("firefox", "chrome"), "m"), 1);
    expect_same(WITH("--platform", "both"), WITH("--platform", "webgpu,wasm"), 1);
    expect_same(USUAL, PRINT(IN("chrome"), "m"), 0);
    char *words[][2] = {{"--platform", "wasm"}, {"--platform", "both"}, {"--runs", "5"},
        {"--threads", "1"}, {"--test-type", "client"}, {"--batch", "1,2"}, {"--concurrency", "1,4"},
        {"--optimization", "none,all"}, {"--precision", "fp32,fp16"}, {"--cell-time", "1s"},
        {"--time", "1m"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_same(USUAL, WITH(words[i][0], words[i][1]), 0);
    expect_same(USUAL, WITH("--native"), 0);
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
    assert_true(cell->over && wi_bench_has(cell, WI_LAB_FAILED) && !wi_bench_has(cell, WI_LAB_OK));
    assert_true(json_real_value(json_object_get(cell->document, "load_ms")) == 3);
    assert_null(json_object_get(cell->document, "first_ms"));
    assert_true(json_string_length(json_object_get(cell->document, "reason")) < 512);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}

/* What a cell is compared with, by its index; -1: by the rule. */
static long baseline_of(const struct wi_bench_cell *cell)
{
    const json_t *baseline = json_object_get(cell->document, "baseline");
    return baseline ? (long)json_integer_value(baseline) : -1;
}

TEST(with_native_each_cell_is_compared_with_the_one_there_that_is_otherwise_the_same)
{
    static const char *const platforms[] = {"wasm", "webgpu", "native"};
    /* wasm: 1, all, client; webgpu: page, client; native: 1, all, client; the yardstick. */
    static const long expected[] = {5, 6, 7, 5, 7, -1, -1, -1, -1};
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    assert_int_equal(CHOOSE(&choice, "m", "--native"), WI_OK);
    assert_true(choice.native);
    for (size_t i = 0; i < 3; i++)
        wi_bench_plan_place(&plan, &choice,
            &(struct wi_bench_place){
                .model = "m", .browser = i < 2 ? "chrome" : NULL, .platform = platforms[i]});
    wi_bench_plan_yardstick(&plan, "chrome", WI_LAB_BEFORE);
    wi_bench_plan_native(&plan);
    assert_int_equal(plan.count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < plan.count; i++)
        assert_int_equal(baseline_of(&plan.cells[i]), expected[i]);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}
