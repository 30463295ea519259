/* How long the rest of a run takes: the estimate, against the requests of the rounds counted one by
 * one, each with times that are given. No clock is read. */
#include "../test.h"

#include "bench/estimate.h"

#define OFF 1.5 /* the estimate may be off by this factor */

/* What the parts of a cell's requests take. */
struct costs {
    const char *model, *browser, *platform, *clock;
    long concurrency;
    double beside, start, load, first, run; /* start: of the engine, with the first load alone */
};

static const struct costs usual[] = {
    {"m", "chrome", "wasm", "page", 1, 40, 600, 30, 1, 0.25},
    {"m", "chrome", "wasm", "client", 1, 60, 0, 0, 0, 1.5},
    {"m", "chrome", "wasm", "client", 4, 60, 0, 0, 0, 6},
    {"m", "chrome", "webgpu", "page", 1, 60, 1470, 30, 900, 36},
    {"m", "chrome", "webgpu", "client", 1, 60, 0, 0, 0, 38},
    {"m", "firefox", "wasm", "page", 1, 55, 0, 40, 2, 0.4},
    {"m", "firefox", "webgpu", "page", 1, 80, 1850, 50, 700, 30},
    {"slow", "chrome", "wasm", "page", 1, 50, 700, 9000, 5000, 4000},
};
#define USUAL (sizeof usual / sizeof *usual)

static void choice_make(struct wi_bench_choice *choice)
{
    char *words[] = {"webinfer", "bench", "m", NULL};
    struct wi_arguments arguments;
    struct wi_error error = {0};
    assert_int_equal(wi_arguments_parse(&arguments, 3, words, NULL), WI_OK);
    assert_int_equal(wi_bench_choice_read(choice, &arguments, &error), WI_OK);
    wi_arguments_clear(&arguments);
}

static void add_cell(struct wi_bench_plan *plan, const struct costs *costs)
{
    wi_bench_plan_add(
        plan, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "model", costs->model, "browser",
                  costs->browser, "platform", costs->platform, "clock", costs->clock, "batch", 1,
                  "concurrency", (int)costs->concurrency, "outcome", "not run"));
}

/* A yardstick; `took_ms` of one that has ended, 0 of one that is to come. */
static void add_yardstick(
    struct wi_bench_plan *plan, const char *browser, enum wi_lab_yardstick when, double took_ms)
{
    wi_bench_plan_yardstick(plan, browser, when);
    plan->cells[plan->count - 1].took_ms = took_ms;
    plan->cells[plan->count - 1].over = took_ms > 0;
}

/* Runs `count` times after a load; what this takes. */
static double cell_ask(
    struct wi_bench_cell *cell, const struct costs *costs, unsigned count, int is_cold)
{
    int is_warmed = cell->run_ms > 0 && cell->clock == WI_LAB_PAGE && costs->run < WI_BENCH_SLOW_MS;
    double load = costs->load + (cell->took_ms > 0 ? 0 : costs->start);
    double took = costs->beside + (is_cold ? load + costs->first : 0) +
                  count * costs->run / (double)costs->concurrency + (is_warmed ? costs->run : 0);
    if (is_cold && costs->load > 0) {
        wi_bench_cold_add(&cell->loads, load);
        wi_bench_cold_add(&cell->firsts, costs->first);
    }
    cell->count += count;
    cell->spent_ms += count * costs->run / (double)costs->concurrency;
    cell->run_ms = costs->run;
    cell->took_ms += took;
    return took;
}

/* The rest of the cells, in rounds. */
static double ask_rest(struct wi_bench_plan *plan, const struct wi_bench_choice *choice,
    const struct costs *costs, size_t count)
{
    double took = 0;
    for (unsigned round = 0; round < WI_BENCH_ROUNDS; round++)
        for (size_t i = 0; i < count; i++) {
            unsigned share = wi_bench_share(choice, &plan->cells[i], round);
            if (share > 0)
                took += cell_ask(&plan->cells[i], &costs[i], share, round + 1 < WI_BENCH_COLD);
        }
    return took;
}

static void assert_near(double estimate, double took)
{
    print_message("estimate %.0f ms, took %.0f ms\n", estimate, took);
    if (!(estimate < took * OFF && took < estimate * OFF))
        fail_msg("%.0f ms instead of %.0f", estimate, took);
}

TEST(the_rest_takes_what_it_was_said_to_take)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    choice_make(&choice);
    for (size_t i = 0; i < USUAL; i++) {
        add_cell(&plan, &usual[i]);
        cell_ask(&plan.cells[i], &usual[i], 1, 1);
    }
    add_yardstick(&plan, "chrome", WI_LAB_BEFORE, 400);
    add_yardstick(&plan, "chrome", WI_LAB_BETWEEN, 0);
    add_yardstick(&plan, "firefox", WI_LAB_BEFORE, 600);
    add_yardstick(&plan, "firefox", WI_LAB_AFTER, 0);
    double estimate = wi_bench_estimate(&plan, &(struct wi_bench_outlook){.choice = &choice});
    assert_near(estimate, ask_rest(&plan, &choice, usual, USUAL) + 400 + 600);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}

/* Each cell by itself, too, so that no error hides behind a large one. Without other cells, nothing
 * tells the start of the engine from the load. */
TEST(it_is_right_of_each_cell)
{
    for (size_t i = 0; i < USUAL; i++) {
        struct costs costs = usual[i];
        costs.start = 0;
        struct wi_bench_choice choice;
        struct wi_bench_plan plan = {0};
        choice_make(&choice);
        add_cell(&plan, &costs);
        cell_ask(&plan.cells[0], &costs, 1, 1);
        double estimate = wi_bench_estimate(&plan, &(struct wi_bench_outlook){.choice = &choice});
        assert_near(estimate, ask_rest(&plan, &choice, &costs, 1));
        wi_bench_plan_clear(&plan);
        wi_bench_choice_clear(&choice);
    }
}

/* Only chrome runs yet; firefox is like it, and takes its start besides. */
TEST(browsers_that_are_still_to_start_are_taken_to_be_alike)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    choice_make(&choice);
    for (size_t i = 0; i < USUAL - 1; i++) {
        add_cell(&plan, &usual[i]);
        if (strcmp(usual[i].browser, "chrome") == 0)
            cell_ask(&plan.cells[i], &usual[i], 1, 1);
    }
    add_yardstick(&plan, "chrome", WI_LAB_BEFORE, 400);
    add_yardstick(&plan, "firefox", WI_LAB_BEFORE, 0);
    double estimate = wi_bench_estimate(
        &plan, &(struct wi_bench_outlook){.choice = &choice, .starts = 1, .start_ms = 8000});
    double took = 8000 + 600;
    for (size_t i = 0; i < USUAL - 1; i++)
        if (strcmp(usual[i].browser, "firefox") == 0)
            took += cell_ask(&plan.cells[i], &usual[i], 1, 1);
    assert_near(estimate, took + ask_rest(&plan, &choice, usual, USUAL - 1));
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}

TEST(cells_that_are_timed_together_take_the_time_of_one)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    choice_make(&choice);
    for (size_t i = 0; i < 2; i++) {
        add_cell(&plan, &usual[i ? 5 : 0]);
        json_object_set_new(plan.cells[i].document, "threads", json_integer(1));
        cell_ask(&plan.cells[i], &usual[i ? 5 : 0], 1, 1);
    }
    struct wi_bench_outlook outlook = {.choice = &choice, .together = 1};
    double alone = wi_bench_estimate(&plan, &outlook);
    outlook.together = 2;
    assert_float_equal(wi_bench_estimate(&plan, &outlook), alone / 2, 1e-9);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}

TEST(what_has_ended_takes_no_time_and_what_nothing_is_known_of_a_guess)
{
    struct wi_bench_choice choice;
    struct wi_bench_plan plan = {0};
    const struct wi_bench_outlook outlook = {.choice = &choice};
    choice_make(&choice);
    assert_float_equal(wi_bench_estimate(&plan, &outlook), 0, 0);
    add_cell(&plan, &usual[0]);
    assert_true(wi_bench_estimate(&plan, &outlook) > 0);
    plan.cells[0].over = 1;
    assert_float_equal(wi_bench_estimate(&plan, &outlook), 0, 0);
    wi_bench_plan_clear(&plan);
    wi_bench_choice_clear(&choice);
}
