/* Measurements and their averages, against a database that this test plays. */
#include "../../../test.h"

#include "base/memory.h"
#include "work/pool/facts/estimates.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the database that we play ---------------------------------------------------------------- */

#define ROWS 8
static struct {
    char *key, *value;
} rows[ROWS];
static size_t row_count, put_count;
static int forgetful; /* it keeps nothing */

void wi_db_put(
    struct wi_db *db, enum wi_db_space space, int rules, const char *key, const char *value)
{
    size_t i = 0;

    assert_int_equal(space, WI_DB_ESTIMATES);
    if (forgetful)
        return;
    while (i < row_count && strcmp(rows[i].key, key) != 0)
        i++;
    if (i == row_count) {
        assert_in_range(row_count, 0, ROWS - 1);
        rows[row_count++].key = wi_strdup(key);
    }
    free(rows[i].value);
    rows[i].value = wi_strdup(value);
    put_count++;
}

void wi_db_forget(struct wi_db *db, enum wi_db_space space, const char *key)
{
}

void wi_db_each(
    struct wi_db *db, enum wi_db_space space, int rules, wi_db_each_fn *each, void *context)
{
    for (size_t i = 0; i < row_count; i++)
        each(context, rows[i].key, rows[i].value);
}

/* --------------------------------------------------------------------------------------------- */

static struct wi_estimates *estimates;
static struct wi_node_info node;
static struct wi_place place;
static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static int setup(void **state)
{
    memset(&node, 0, sizeof node);
    strcpy(node.kind, "chrome");
    strcpy(node.session, "session-1");
    strcpy(node.browser_version, "156.0");
    node.platforms[WI_WEBGPU].has_adapter = 1;
    strcpy(node.platforms[WI_WEBGPU].adapter.vendor, "google");
    place = wi_place_of(&node, WI_ENGINE_ORT, WI_WEBGPU);
    put_count = 0;
    forgetful = 0;
    estimates = wi_estimates_new(NULL);
    return 0;
}

static int teardown(void **state)
{
    wi_estimates_free(estimates);
    while (row_count > 0) {
        free(rows[--row_count].key);
        free(rows[row_count].value);
        rows[row_count].key = rows[row_count].value = NULL;
    }
    return 0;
}

static struct wi_estimate known(void)
{
    return wi_estimates_get(estimates, hash, &place);
}

static void ran(double run_ms)
{
    wi_estimates_ran(estimates, hash, &place, 0, run_ms, 1, 1e6);
}

/* The shortest run known on browsers of the kind; negative: none is. */
static double best_run(const char *kind)
{
    const struct wi_estimate *best = wi_estimates_best(estimates, hash, kind, NULL);

    return best && best->runs > 0 ? best->run_ms : -1;
}

FIXTURE(setup, teardown)

TEST(nothing_is_known_at_first)
{
    const struct wi_estimate zero = {0};
    struct wi_estimate e = known();

    assert_memory_equal(&e, &zero, sizeof e);
}

TEST(a_few_are_averaged_and_many_move)
{
    ran(10);
    ran(20);
    assert_true(known().run_ms > 14.9 && known().run_ms < 15.1);
    for (int i = 0; i < 20; i++)
        ran(100);
    assert_true(known().run_ms > 99);
    /* Slower by ten: the average has crossed twice the old value after one, nine times after ten.
     */
    ran(1000);
    assert_true(known().run_ms > 300);
    for (int i = 0; i < 9; i++)
        ran(1000);
    assert_true(known().run_ms > 950);
    assert_int_equal(known().runs, 32);
}

TEST(a_first_run_counts_as_loading_once_later_ones_are_known)
{
    wi_estimates_ran(estimates, hash, &place, 50, 2000, 0, 0);
    assert_true(known().cold);
    assert_int_equal(known().runs, 0);
    assert_true(known().run_ms == 2000 && known().load_ms == 50);
    ran(10);
    assert_false(known().cold);
    assert_true(known().run_ms == 10);
    wi_estimates_ran(estimates, hash, &place, 50, 2010, 0, 0);
    assert_true(known().run_ms == 10);
    assert_true(known().load_ms == (50 + 2050) / 2.0);
}

static double alone(double run_ms, unsigned requests)
{
    return wi_estimates_alone(estimates, hash, &place, run_ms, requests);
}

TEST(a_run_of_several_gives_bounds_for_one)
{
    assert_true(alone(40, 20) == 40); /* it is all that is known */
    ran(10);
    assert_true(alone(40, 20) == 10);
    assert_true(alone(400, 20) == 20); /* slower than was known */
    assert_true(alone(8, 20) == 8);    /* faster */
    assert_true(alone(40, 0) == 40 && alone(40, 1) == 40);
}

static void batched(int is_batch, size_t bytes, double run_ms)
{
    wi_estimates_batched(estimates, hash, &place, is_batch, bytes, run_ms, 1e6);
}

TEST(batches_and_single_runs_are_averaged_by_bytes)
{
    batched(0, 100, 10);
    batched(1, 400, 20);
    batched(1, 400, 60);
    assert_true(known().single_ms == 0.1 && known().singles == 1);
    assert_true(known().batch_ms > 0.099 && known().batch_ms < 0.101);
    assert_int_equal(known().batches, 2);
    assert_true(known().since_single_ms == 80 && known().since_batch_ms == 0);
    batched(0, 100, 0); /* a page's clock is coarse */
    assert_true(known().single_ms > 0.05 && known().single_ms < 0.06);
    assert_true(known().since_single_ms == 0 && known().since_batch_ms > 0);
    batched(0, 0, 1e6); /* not of tensors */
    assert_int_equal(known().singles, 2);
    assert_int_equal(known().runs, 0);
}

static uint64_t crowded(size_t bytes, int64_t wall_ms)
{
    return wi_estimates_crowded(estimates, hash, &place, bytes, wall_ms, 0);
}

TEST(a_batch_that_lacked_memory_halves_the_next)
{
    assert_int_equal(crowded(1000, 5), 500);
    assert_int_equal(crowded(2000, 5), 500);
    assert_int_equal(crowded(400, 5), 200);
    batched(1, 100, 5);
    assert_int_equal(known().batch_most, 200);
    assert_true(known().failure == 0);
    wi_estimates_save(estimates);
    wi_estimates_free(estimates);
    estimates = wi_estimates_new(NULL);
    assert_int_equal(known().batch_most, 200);
    assert_true(known().crowded_at == 5);
    assert_true(known().batch_ms == 0.05 && known().batches == 1);
    assert_int_equal(crowded(1, 5), 1);
}

TEST(a_batch_that_lacks_memory_again_a_day_later_halves_the_next_again)
{
    assert_int_equal(crowded(1000, 5), 500);
    assert_int_equal(crowded(1000, WI_BATCH_REGAIN_MS + 5), 500);
    assert_true(wi_estimate_batch_most(&(struct wi_estimate){0}, 5) == 0);
    struct wi_estimate e = known();
    assert_int_equal(wi_estimate_batch_most(&e, 2 * WI_BATCH_REGAIN_MS), 500);
    assert_int_equal(wi_estimate_batch_most(&e, 2 * WI_BATCH_REGAIN_MS + 5), 1000);
    assert_int_equal(crowded(4000, 2 * WI_BATCH_REGAIN_MS + 5), 1000);
}

TEST(failures_come_and_go)
{
    ran(10);
    wi_estimates_failed(estimates, hash, &place, 0);
    assert_true(known().failure == WI_ESTIMATE_FAILURE_WEIGHT);
    for (int i = 0; i < 20; i++)
        wi_estimates_failed(estimates, hash, &place, 0);
    assert_true(known().failure > 0.95);
    for (int i = 0; i < 40; i++)
        ran(10);
    assert_true(known().failure == 0);
    assert_true(known().run_ms == 10);
}

TEST(a_stream_tells_how_long_loading_takes_and_nothing_of_runs)
{
    wi_estimates_failed(estimates, hash, &place, 0);
    double failure = wi_estimates_get(estimates, hash, &place).failure;
    wi_estimates_spoke(estimates, hash, &place, 400, &(struct wi_timings){0}, 0, 0);
    wi_estimates_spoke(estimates, hash, &place, 0, &(struct wi_timings){0}, 1, 0);
    struct wi_estimate e = wi_estimates_get(estimates, hash, &place);
    assert_true(e.load_ms == 400);
    assert_int_equal(e.loads, 1);
    assert_true(e.run_ms == 0);
    assert_int_equal(e.runs, 0);
    assert_true(e.failure < failure);
    assert_true(e.measured_at > 0);
}

TEST(what_was_stopped_is_slower_than_that)
{
    wi_estimates_exceeded(estimates, hash, &place, 5, 0);
    assert_int_equal(known().runs, 0); /* a bound is no measurement */
    assert_true(known().run_ms == 5 && known().failure == 0);
    ran(100);
    wi_estimates_exceeded(estimates, hash, &place, 50, 0); /* a client in a hurry */
    assert_true(known().run_ms == 100 && known().failure == 0);
    wi_estimates_exceeded(estimates, hash, &place, 5000, 0);
    assert_true(known().run_ms == 5000 && known().failure > 0);
}

TEST(they_belong_to_a_place_and_a_joined_machine)
{
    struct wi_place other = wi_place_of(&node, WI_ENGINE_ORT, WI_WASM);

    ran(10);
    assert_int_equal(wi_estimates_get(estimates, hash, &other).runs, 0);
    strcpy(node.session, "session-2"); /* which of them it is does not matter */
    other = wi_place_of(&node, WI_ENGINE_ORT, WI_WEBGPU);
    assert_int_equal(wi_estimates_get(estimates, hash, &other).runs, 1);
    node.session[0] = '\0'; /* somebody else's machine */
    node.cores = 4;
    other = wi_place_of(&node, WI_ENGINE_ORT, WI_WEBGPU);
    assert_int_equal(wi_estimates_get(estimates, hash, &other).runs, 0);
    wi_estimates_ran(estimates, hash, &other, 0, 10, 1, 0);
    node.cores = 8;
    other = wi_place_of(&node, WI_ENGINE_ORT, WI_WEBGPU);
    assert_int_equal(wi_estimates_get(estimates, hash, &other).runs, 0);
}

/* So that another rate can stand beside it without another schema. */
TEST(what_was_measured_is_kept_by_name)
{
    ran(10);
    ran(30);
    json_t *value = json_loads(rows[0].value, 0, NULL);
    const json_t *run = json_object_get(json_object_get(value, "rates"), "run_ms");
    assert_true(json_number_value(json_object_get(run, "mean")) > 0);
    assert_true(json_integer_value(json_object_get(run, "count")) > 0);
    json_decref(value);
}

static void spoke(double prompt_ms, double token_ms, double tokens, int warm)
{
    const struct wi_timings timings = {tokens, tokens * prompt_ms, tokens, tokens * token_ms, 0};

    wi_estimates_spoke(estimates, hash, &place, 70, &timings, warm, 1e6);
}

TEST(text_tells_what_its_tokens_take_and_nothing_of_runs)
{
    struct wi_estimate e;

    spoke(2, 30, 16, 1);
    spoke(4, 50, 16, 1);
    e = known();
    assert_true(e.prompt_ms == 3 && e.token_ms == 40);
    assert_true(e.prompts == 2 && e.answers == 2);
    assert_true(e.run_ms == 0 && e.runs == 0 && e.loads == 0);
    wi_estimates_spoke(estimates, hash, &place, 70, &(struct wi_timings){0}, 0, 1e6);
    e = known();
    assert_true(e.prompt_ms == 3 && e.token_ms == 40); /* nothing was told of them */
    assert_true(e.load_ms == 70 && e.loads == 1);
    for (int i = 0; i < 20; i++)
        spoke(4, 400, 16, 1);
    assert_true(known().token_ms > 390); /* they move as the runs do */
}

TEST(text_that_was_tried_and_is_faster_counts_in_full)
{
    spoke(10, 100, 16, 1);
    wi_estimates_served(estimates, hash, 500);
    wi_estimates_tried(estimates, hash, &place, 1e6);
    assert_true(known().attempts == 1);
    spoke(2, 200, 16, 1);
    assert_true(known().prompt_ms == 2 && known().token_ms == 150);
    assert_true(known().attempts == 0 && known().elsewhere_ms == 0);
    spoke(1, 150, 16, 1); /* and no more than any other afterwards */
    assert_true(known().prompt_ms > 1.5);
}

TEST(what_was_computed_for_nobody_counts_where_nothing_better_is_known)
{
    wi_estimates_warmed(estimates, hash, &place, 3, 40, 1e6);
    assert_true(known().prompt_ms == 3 && known().token_ms == 40);
    assert_true(known().prompts == 0 && known().answers == 0 && known().loads == 0);
    wi_estimates_warmed(estimates, hash, &place, 1, 1, 1e6); /* the same page tells it again */
    assert_true(known().prompt_ms == 3 && known().token_ms == 40);
    spoke(2, 30, WI_ESTIMATE_FEW_TOKENS, 1);
    assert_true(known().prompt_ms == 2 && known().token_ms == 30);
    wi_estimates_warmed(estimates, hash, &place, 1, 1, 1e6);
    assert_true(known().prompt_ms == 2 && known().token_ms == 30);
}

TEST(first_runs_and_few_tokens_count_where_nothing_better_is_known)
{
    spoke(100, 900, 64, 0);
    assert_true(known().token_ms == 900 && known().answers == 0);
    spoke(50, 500, WI_ESTIMATE_FEW_TOKENS - 1, 1);
    assert_true(known().token_ms == 500 && known().answers == 0);
    spoke(2, 30, WI_ESTIMATE_FEW_TOKENS, 1);
    assert_true(known().token_ms == 30 && known().prompt_ms == 2); /* it takes their place */
    spoke(100, 900, 64, 0);
    spoke(50, 500, WI_ESTIMATE_FEW_TOKENS - 1, 1);
    assert_true(known().token_ms == 30 && known().prompt_ms == 2);
}

TEST_IN(text_is_expected_to_take_what_its_tokens_do, NULL, NULL)
{
    struct wi_estimate e = {.run_ms = 7, .runs = 1};

    assert_true(wi_estimate_run_ms(&e, 0, 0) == 7);
    assert_true(wi_estimate_run_ms(&e, 10, 0) < 0);
    e = (struct wi_estimate){.run_ms = 7, .cold = 1, .prompt_ms = 2};
    assert_true(wi_estimate_run_ms(&e, 0, 0) < 0);
    assert_true(wi_estimate_run_ms(&e, 10, 0) == 20);
    assert_true(wi_estimate_run_ms(&e, 10, 1) == 20); /* the first comes with the prompt */
    assert_true(wi_estimate_run_ms(&e, 10, 2) < 0);
    e.token_ms = 30;
    assert_true(wi_estimate_run_ms(&e, 10, 4) == 110);
    e.prompt_ms = 0;
    assert_true(wi_estimate_run_ms(&e, 10, 4) < 0);
}

TEST(the_rates_of_text_survive_a_restart)
{
    spoke(2, 30, 16, 1);
    spoke(4, 50, 16, 1);
    wi_estimates_free(estimates);
    json_t *value = json_loads(rows[0].value, 0, NULL);
    const json_t *rates = json_object_get(value, "rates");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(rates, "prompt_ms"), "count")), 2);
    assert_true(
        json_number_value(json_object_get(json_object_get(rates, "token_ms"), "mean")) == 40);
    json_decref(value);
    estimates = wi_estimates_new(NULL);
    struct wi_estimate e = known();
    assert_true(e.prompt_ms == 3 && e.prompts == 2);
    assert_true(e.token_ms == 40 && e.answers == 2);
    assert_true(best_run("chrome") < 0); /* it is in its group again, with no run */
    assert_true(wi_estimates_best(estimates, hash, "chrome", NULL)->token_ms == 40);
}

/* Good runs after a bad start, and after a restart, which forgets what the last runs were. */
TEST(whatever_was_measured_eight_good_runs_mend_it)
{
    for (int i = 0; i < 40; i++) {
        ran(1e6);
        wi_estimates_spoke(
            estimates, hash, &place, 1e6, &(struct wi_timings){100, 1e6, 100, 1e6, 0}, 0, 1e6);
        wi_estimates_spoke(
            estimates, hash, &place, 0, &(struct wi_timings){100, 1e6, 100, 1e6, 0}, 1, 1e6);
    }
    assert_true(known().run_ms > 9e5 && known().prompt_ms > 9e3 && known().token_ms > 9e3);
    wi_estimates_save(estimates);
    for (int restarted = 0; restarted < 2; restarted++) {
        for (int i = 0; i < 8; i++) {
            ran(10);
            wi_estimates_spoke(
                estimates, hash, &place, 50, &(struct wi_timings){100, 10, 100, 30, 0}, 0, 1e6);
            wi_estimates_spoke(
                estimates, hash, &place, 0, &(struct wi_timings){100, 10, 100, 30, 0}, 1, 1e6);
        }
        assert_true(known().run_ms < 11 && known().load_ms < 60);
        assert_true(known().prompt_ms < 0.11 && known().token_ms < 0.33);
        if (restarted)
            break;
        ran(1e6); /* one alone does not outweigh them */
        assert_true(known().run_ms < 50);
        for (int i = 0; i < WI_ESTIMATE_LATELY; i++)
            ran(1e6);
        wi_estimates_save(estimates);
        wi_estimates_free(estimates);
        estimates = wi_estimates_new(NULL);
        assert_true(known().run_ms > 9e5);
    }
}

/* A grammar, several answers: what their tokens take is their own. */
TEST(what_stands_in_gives_way_to_the_first_measurement)
{
    struct wi_timings slow = {100, 200, 100, 1e6, 1}, usual = {100, 200, 100, 3000, 0};

    wi_estimates_spoke(estimates, hash, &place, 0, &slow, 1, 0);
    assert_true(known().token_ms == 1e4 && known().answers == 0);
    assert_true(known().prompt_ms == 2 && known().prompts == 1);
    wi_estimates_spoke(estimates, hash, &place, 0, &usual, 1, 0);
    assert_true(known().token_ms == 30);
    wi_estimates_spoke(estimates, hash, &place, 0, &slow, 1, 0);
    assert_true(known().token_ms == 30 && known().answers == 1);
}

TEST(they_survive_a_restart)
{
    wi_estimates_ran(estimates, hash, &place, 70, 500, 0, 0);
    ran(10);
    ran(30);
    wi_estimates_failed(estimates, hash, &place, 1e6);
    struct wi_estimate before = known();
    wi_estimates_free(estimates);
    assert_int_equal(row_count, 1);
    estimates = wi_estimates_new(NULL);
    struct wi_estimate after = known();
    assert_true(after.run_ms == before.run_ms && after.load_ms == before.load_ms);
    assert_true(after.failure == before.failure && after.measured_at == before.measured_at);
    assert_int_equal(after.runs, 2);
    assert_int_equal(after.loads, 1);
    assert_int_equal(after.cold, 0);
}

TEST(saving_is_paced)
{
    for (int i = 0; i < 100; i++)
        wi_estimates_ran(estimates, hash, &place, 0, 10, 1, i * 10.0);
    assert_int_equal(put_count, 1);
    wi_estimates_ran(estimates, hash, &place, 0, 10, 1, WI_ESTIMATE_SAVE_MS);
    assert_int_equal(put_count, 2);
    wi_estimates_save(estimates);
    assert_int_equal(put_count, 2); /* nothing is new */
    wi_estimates_ran(estimates, hash, &place, 0, 10, 1, WI_ESTIMATE_SAVE_MS + 1);
    wi_estimates_save(estimates);
    assert_int_equal(put_count, 3);
}

TEST(rows_that_make_no_sense_are_left_out_or_bounded)
{
    char long_key[2000];

    memset(long_key, 'x', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    wi_db_put(NULL, WI_DB_ESTIMATES, 0, "a", "no JSON");
    wi_db_put(NULL, WI_DB_ESTIMATES, 0, "b", "[1]");
    wi_db_put(NULL, WI_DB_ESTIMATES, 0, long_key, "{}");
    wi_db_put(NULL, WI_DB_ESTIMATES, 0, "h\tc",
        "{\"failure\": 7, \"rates\": {\"run_ms\": {\"mean\": -5, \"count\": \"x\"}, "
        "\"prompt_ms\": {\"mean\": -1, \"count\": 3}, \"token_ms\": [1]}}");
    wi_estimates_free(estimates);
    estimates = wi_estimates_new(NULL);
    assert_int_equal(wi_estimates_count(estimates), 1);
    struct wi_estimate e = wi_estimates_get(estimates, "h", &(struct wi_place){.key = "c"});
    assert_true(e.run_ms == 0 && e.failure == 1);
    assert_int_equal(e.runs, 0);
    assert_true(e.prompt_ms == 0 && e.token_ms == 0 && e.prompts == 0);
}

TEST(what_clients_spend_elsewhere_is_counted)
{
    struct wi_place other = wi_place_of(&node, WI_ENGINE_ORT, WI_WASM);

    wi_estimates_served(estimates, hash, 1000); /* nothing is known of the model */
    ran(10);
    wi_estimates_served(estimates, hash, 30);
    wi_estimates_served(estimates, "another", 500);
    assert_true(known().elsewhere_ms == 30);
    assert_true(wi_estimates_get(estimates, hash, &other).elsewhere_ms == 30); /* never measured */
    wi_estimates_ran(estimates, hash, &other, 50, 10, 0, 0);
    wi_estimates_ran(estimates, hash, &other, 0, 10, 1, 0);
    wi_estimates_served(estimates, hash, 20);
    assert_true(known().elsewhere_ms == 50);
    assert_true(wi_estimates_get(estimates, hash, &other).elsewhere_ms == 20);
    ran(10);
    assert_true(known().elsewhere_ms == 0);
}

TEST(a_try_counts_until_it_told_something)
{
    ran(10);
    wi_estimates_served(estimates, hash, 40);
    wi_estimates_tried(estimates, hash, &place, 7000);
    wi_estimates_served(estimates, hash, 5);
    assert_true(known().elsewhere_ms == 5);
    assert_int_equal(known().attempts, 1);
    assert_true(known().tried_at == 7000);
    wi_estimates_ran(
        estimates, hash, &place, 50, 10, 0, 0); /* it was loaded: the next tells more */
    assert_true(known().elsewhere_ms == 45);
    assert_int_equal(known().attempts, 0);
    wi_estimates_tried(estimates, hash, &place, 7500);
    wi_estimates_ran(estimates, hash, &place, 50, 10, 0, 0); /* that cannot go on for ever */
    assert_true(known().elsewhere_ms == 0);
    assert_int_equal(known().attempts, 1);
    ran(10);
    wi_estimates_tried(estimates, hash, &place, 8000);
    wi_estimates_failed(estimates, hash, &place, 0);
    wi_estimates_tried(estimates, hash, &place, 9000);
    assert_int_equal(known().attempts, 2);
    ran(10);
    assert_true(known().elsewhere_ms == 0);
    assert_int_equal(known().attempts, 0);
}

TEST(what_was_not_carried_out_costs_nothing)
{
    wi_estimates_untried(estimates, hash, &place); /* nothing was tried */
    ran(10);
    wi_estimates_served(estimates, hash, 40);
    wi_estimates_tried(estimates, hash, &place, 7000);
    wi_estimates_untried(estimates, hash, &place);
    wi_estimates_untried(estimates, hash, &place);
    assert_true(known().elsewhere_ms == 40);
    assert_int_equal(known().attempts, 1); /* not again at once */
    wi_estimates_tried(estimates, hash, &place, 8000);
    wi_estimates_untried(estimates, hash, &place);
    assert_int_equal(known().attempts, 1);
}

TEST(a_try_that_was_faster_than_expected_counts_in_full)
{
    for (int i = 0; i < 5; i++)
        ran(1000);
    ran(500); /* a client's */
    assert_true(known().run_ms > 800);
    wi_estimates_tried(estimates, hash, &place, 0);
    ran(2000);
    assert_true(known().run_ms < 1500); /* slower is no luck */
    wi_estimates_tried(estimates, hash, &place, 0);
    wi_estimates_ran(estimates, hash, &place, 50, 20, 0, 0); /* cold says nothing of runs */
    assert_true(known().run_ms > 800);
    wi_estimates_tried(estimates, hash, &place, 0);
    ran(20);
    assert_true(known().run_ms == 20);
    ran(10);
    assert_true(known().run_ms > 10 && known().run_ms < 20);
}

TEST(the_best_of_a_kind_is_found)
{
    struct wi_place other;

    assert_true(best_run("chrome") < 0);
    ran(40);
    other = wi_place_of(&node, WI_ENGINE_ORT, WI_WASM);
    wi_estimates_ran(estimates, hash, &other, 0, 20, 1, 0);
    assert_true(best_run("chrome") == 20);
    assert_true(best_run("chrom") < 0);
    assert_null(wi_estimates_best(estimates, "other", "chrome", NULL));
}

static struct wi_place of_party(const char *party)
{
    struct wi_place joined;

    node.session[0] = '\0';
    strcpy(node.party, party);
    node.cores = 4;
    joined = wi_place_of(&node, WI_ENGINE_ORT, WI_WEBGPU);
    strcpy(node.session, "session-1");
    node.party[0] = '\0';
    return joined;
}

TEST(what_a_party_has_shown_is_no_other_partys)
{
    struct wi_place alice = of_party("alice"), bob = of_party("bob");

    wi_estimates_ran(estimates, hash, &alice, 0, 10, 1, 0);
    assert_int_equal(wi_estimates_get(estimates, hash, &alice).runs, 1);
    assert_int_equal(wi_estimates_get(estimates, hash, &bob).runs, 0);
    assert_int_equal(known().runs, 0);
    wi_estimates_free(estimates);
    estimates = wi_estimates_new(NULL);
    assert_int_equal(wi_estimates_get(estimates, hash, &alice).runs, 1);
    assert_int_equal(wi_estimates_get(estimates, hash, &bob).runs, 0);
}

/* By the best of a kind browsers of ours are started and models moved. */
TEST(a_joined_node_is_never_the_best_of_a_kind)
{
    struct wi_place alice = of_party("alice"), where;

    wi_estimates_ran(estimates, hash, &alice, 0, 1, 1, 0);
    assert_true(best_run("chrome") < 0);
    ran(40);
    assert_true(best_run("chrome") == 40);
    wi_estimates_ran(estimates, hash, &alice, 0, 1, 1, 0);
    wi_estimates_free(estimates);
    estimates = wi_estimates_new(NULL);
    assert_true(best_run("chrome") == 40);
    assert_non_null(wi_estimates_best(estimates, hash, "chrome", &where));
    assert_string_equal(where.key, place.key);
}

/* A place for each name that a node gives its adapter. */
static void flood(const char *party, int count)
{
    struct wi_adapter *adapter = &node.platforms[WI_WEBGPU].adapter;

    for (int i = 0; i < count; i++) {
        snprintf(adapter->description, sizeof adapter->description, "%d", i);
        struct wi_place one = of_party(party);
        wi_estimates_failed(estimates, hash, &one, 0);
    }
    adapter->description[0] = '\0';
}

static int is_known(const struct wi_place *its)
{
    return wi_estimates_get(estimates, hash, its).measured_at > 0;
}

TEST(who_floods_pushes_out_only_its_own)
{
    struct wi_place alice = of_party("alice"), mallory = of_party("mallory 192.0.2.1");

    forgetful = 1;
    ran(40);
    wi_estimates_failed(estimates, hash, &alice, 0);
    wi_estimates_failed(estimates, hash, &mallory, 0);
    flood("mallory 192.0.2.2", WI_ESTIMATE_TOKEN_MAX);
    assert_int_equal(wi_estimates_count(estimates), 2 + WI_ESTIMATE_TOKEN_MAX);
    assert_true(is_known(&alice));
    assert_true(is_known(&place));
    assert_false(is_known(&mallory)); /* another address is no other token */
    for (int i = 0; i <= WI_ESTIMATE_JOINED_MAX / WI_ESTIMATE_TOKEN_MAX; i++) {
        char token[16];
        snprintf(token, sizeof token, "mallory%d", i);
        flood(token, WI_ESTIMATE_TOKEN_MAX);
    }
    assert_int_equal(wi_estimates_count(estimates), 1 + WI_ESTIMATE_JOINED_MAX);
    assert_true(is_known(&alice));
    assert_true(is_known(&place));
}

TEST(the_best_for_text_makes_its_tokens_fastest)
{
    struct wi_place other = wi_place_of(&node, WI_ENGINE_ORT, WI_WASM);
    const struct wi_timings fast = {100, 900, 100, 2000, 0};

    spoke(2, 30, 16, 1);
    wi_estimates_spoke(estimates, hash, &other, 0, &fast, 1, 0);
    assert_true(wi_estimates_best(estimates, hash, "chrome", NULL)->token_ms == 20);
    assert_null(wi_estimates_best(estimates, hash, "edge", NULL));
}

enum { PLACES = 40 };

/* Of places of edge and chrome in turn, against a plain walk. */
static void check_best_of(const struct wi_place places[PLACES])
{
    for (int kind = 0; kind < 2; kind++) {
        double best = -1;
        for (int i = kind; i < PLACES; i += 2) {
            struct wi_estimate e = wi_estimates_get(estimates, hash, &places[i]);
            if (e.runs > 0 && (best < 0 || e.run_ms < best))
                best = e.run_ms;
        }
        assert_true(best_run(kind ? "edge" : "chrome") == best);
    }
}

/* Every change of a measurement, and what goes because there are too many. */
TEST(the_best_stays_the_best_whatever_changes)
{
    static struct wi_place places[PLACES], many;
    unsigned seed = 5;

    forgetful = 1;

#define RANDOM(n) ((seed = seed * 1103515245u + 12345u) / 65536u % (n))
    for (int i = 0; i < PLACES; i++)
        snprintf(places[i].key, sizeof places[i].key, "%s\t156.%d", i % 2 ? "edge" : "chrome", i);
    for (int step = 0; step < 3000; step++) {
        unsigned one = RANDOM(PLACES);
        double run_ms = 1 + RANDOM(1000);
        if (RANDOM(4) == 0)
            wi_estimates_exceeded(estimates, hash, &places[one], 1000, 0);
        else if (RANDOM(4) == 0)
            wi_estimates_failed(estimates, hash, &places[one], 0);
        else
            wi_estimates_ran(estimates, hash, &places[one], 0, run_ms, step % 3 > 0, 0);
        check_best_of(places);
    }
#undef RANDOM
    assert_true(best_run("edge") > 0);
    for (int i = 0; i < WI_ESTIMATE_MAX; i++) {
        snprintf(many.key, sizeof many.key, "firefox\t%d", i);
        wi_estimates_failed(estimates, hash, &many, 0);
        check_best_of(places);
    }
    assert_int_equal(wi_estimates_count(estimates), WI_ESTIMATE_MAX);
    assert_true(best_run("edge") < 0);
}
