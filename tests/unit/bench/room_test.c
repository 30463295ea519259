/* How many cells of webinfer bench are timed at a time, and which disturb each other. */
#include "../test.h"
#include "cli/arguments.h"

#include "bench/room.h"
#include "cli/cli.h"

#define GIB ((uint64_t)1 << 30)

TEST(as_many_browsers_work_as_run_and_fit_into_memory_once_more)
{
    static const struct {
        struct wi_bench_room room;
        size_t browsers, cells;
    } cases[] = {
        {{.kinds = 0, .cores = 0, .free_bytes = UINT64_MAX}, 1, 1}, /* nobody says anything */
        {{.kinds = 4, .cores = 64, .free_bytes = UINT64_MAX}, 4, 4},
        {{.kinds = 40, .cores = 640, .free_bytes = UINT64_MAX}, WI_BENCH_TOGETHER_MAX,
            WI_BENCH_TOGETHER_MAX},
        {{.kinds = 1, .cores = 64, .free_bytes = UINT64_MAX, .browser_bytes = GIB}, 1, 1},
        /* Cores: two of them for each. */
        {{.kinds = 4, .cores = 2, .free_bytes = UINT64_MAX}, 4, 1},
        {{.kinds = 4, .cores = 3, .free_bytes = UINT64_MAX}, 4, 1},
        {{.kinds = 4, .cores = 4, .free_bytes = UINT64_MAX}, 4, 2},
        {{.kinds = 4, .cores = 7, .free_bytes = UINT64_MAX}, 4, 3},
        /* Memory. */
        {{.kinds = 4, .cores = 64, .free_bytes = 3 * GIB, .browser_bytes = GIB}, 3, 3},
        {{.kinds = 4, .cores = 64, .free_bytes = 3 * GIB - 1, .browser_bytes = GIB}, 2, 2},
        {{.kinds = 4, .cores = 64, .free_bytes = 4 * GIB, .browser_bytes = GIB}, 4, 4},
        {{.kinds = 4, .cores = 64, .free_bytes = 0, .browser_bytes = GIB}, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(wi_bench_room_browsers(&cases[i].room), cases[i].browsers);
        assert_int_equal(wi_bench_room_cells(&cases[i].room), cases[i].cells);
    }
}

/* The plan of what is asked for in chrome, edge and firefox, on WASM and WebGPU, by both clocks. */
static void make_plan(struct wi_bench_plan *plan, struct wi_bench_choice *choice)
{
    static const char *const browsers[] = {"chrome", "edge", "firefox"};
    static const char *const platforms[] = {"wasm", "webgpu"};
    char *words[] = {"webinfer", "bench", "m", NULL};
    struct wi_arguments arguments;
    struct wi_error error = {0};
    assert_int_equal(wi_arguments_parse(&arguments, 3, words, NULL), WI_OK);
    assert_int_equal(wi_bench_choice_read(choice, &arguments, &error), WI_OK);
    wi_arguments_clear(&arguments);
    for (size_t b = 0; b < 3; b++)
        for (size_t p = 0; p < 2; p++)
            wi_bench_plan_place(plan, choice,
                &(struct wi_bench_place){
                    .model = "m", .browser = browsers[b], .platform = platforms[p]});
    wi_bench_plan_auto(plan, choice, "m");
    wi_bench_plan_yardstick(plan, "chrome", WI_LAB_BEFORE);
    wi_bench_plan_yardstick(plan, "edge", WI_LAB_BEFORE);
}

/* The first of `count` numbers, which are 0 to count - 1 from `first` on, round about. */
static size_t gather(
    const struct wi_bench_plan *plan, size_t cells, unsigned first, unsigned numbers[static 32])
{
    struct wi_bench_room room = {
        .kinds = cells, .cores = 2 * (long)cells, .free_bytes = UINT64_MAX};
    for (unsigned i = 0; i < plan->count; i++)
        numbers[i] = (first + i) % (unsigned)plan->count;
    return wi_bench_room_gather(&room, plan, numbers, plan->count);
}

TEST(cells_with_one_thread_in_different_browsers_are_timed_at_a_time)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    unsigned numbers[32];
    make_plan(&plan, &choice);
    /* Of each browser: threads=1, threads=all and the client's clock on WASM; both on WebGPU. */
    assert_int_equal(plan.count, 18);
    assert_int_equal(gather(&plan, 4, 0, numbers), 3);
    for (unsigned i = 0; i < 18; i++)
        assert_int_equal(numbers[i],
            ((unsigned[]){0, 5, 10, 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17})[i]);
    assert_int_equal(gather(&plan, 2, 0, numbers), 2);
    assert_int_equal(numbers[1], 5);
    assert_int_equal(gather(&plan, 1, 0, numbers), 1);
    /* From another of them on, those behind it come first. */
    assert_int_equal(gather(&plan, 2, 5, numbers), 2);
    assert_int_equal(numbers[1], 10);
    /* What is over takes nobody's place. */
    wi_bench_cell_end(&plan.cells[5], WI_LAB_ABSENT, "there is none");
    assert_int_equal(gather(&plan, 2, 0, numbers), 2);
    assert_int_equal(numbers[1], 10);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}

TEST(what_takes_the_whole_machine_is_timed_alone)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    unsigned numbers[32];
    make_plan(&plan, &choice);
    for (unsigned first = 0; first < plan.count; first++) {
        int alone = first >= 15 || first % 5 != 0; /* auto and the yardsticks; all but threads=1 */
        assert_int_equal(gather(&plan, 4, first, numbers), alone ? 1 : 3);
        for (size_t i = 0; i < plan.count && alone; i++)
            assert_int_equal(numbers[i], (first + i) % plan.count);
    }
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}

TEST(cells_of_different_batches_are_not_timed_at_a_time)
{
    struct wi_bench_choice choice = {
        .one_thread = 1, .by_page = 1, .batches = {{1, 4}, 2}, .runs = 5};
    struct wi_bench_plan plan = {0};
    unsigned numbers[32];
    for (size_t b = 0; b < 2; b++)
        wi_bench_plan_place(&plan, &choice,
            &(struct wi_bench_place){
                .model = "m", .browser = b ? "edge" : "chrome", .platform = "wasm"});
    assert_int_equal(plan.count, 4);
    assert_int_equal(gather(&plan, 4, 1, numbers), 2);
    assert_int_equal(numbers[1], 3);
    wi_bench_plan_clear(&plan);
}
