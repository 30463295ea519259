/* The last hour: quantiles, steps by a clock that comes in, what is kept apart, and the document.
 */
#include "../../test.h"

#include "api/http/history.h"
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BEGAN 5000.0         /* of the monotonic clock */
#define WALL 1700000000000LL /* of the wall clock, at the same moment */
#define STEP ((double)WI_HISTORY_STEP_MS)
#define HOUR (WI_HISTORY_STEPS * STEP)

static struct wi_history *history;
static double now;
static int64_t ahead; /* how far the wall clock was set */
static json_t *told;  /* the last answer */

static int set_up(void **state)
{
    (void)state;
    now = BEGAN;
    ahead = 0;
    history = wi_history_new(now);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    wi_history_free(history);
    json_decref(told);
    told = NULL;
    return 0;
}

FIXTURE(set_up, tear_down)

static uint64_t add(const char *model, const char *browser)
{
    return wi_history_add(history, now,
        &(struct wi_history_request){.model = model,
            .browser = browser,
            .platform = "wasm",
            .total_s = 0.02,
            .queue_s = 0.0004,
            .prompt = 7,
            .generated = 3});
}

static void fail_one(const char *model, const char *browser)
{
    wi_history_add(history, now,
        &(struct wi_history_request){
            .model = model, .browser = browser, .platform = "wasm", .failed = 1});
}

/* The series, borrowed. */
static json_t *tell(const struct wi_history_query *query)
{
    const struct wi_history_load load = {2, 5};
    struct wi_buffer out = {0};
    json_error_t error;
    int64_t wall = WALL + (int64_t)(now - BEGAN) + ahead;
    wi_history_print(history, now, wall, query, &load, &out);
    json_decref(told);
    told = json_loads(out.text, JSON_REJECT_DUPLICATES, &error);
    if (!told)
        fail_msg("%s in %s", error.text, out.text);
    wi_buffer_clear(&out);
    return json_object_get(told, "series");
}

static json_t *tell_all(void)
{
    return tell(&(struct wi_history_query){.coarse = 1});
}

static size_t steps(void)
{
    return json_array_size(json_object_get(told, "times"));
}

/* Of the last answer; `i` below 0 counts from the end. -1: null. */
static double figure(size_t series, const char *name, int i)
{
    const json_t *one = json_array_get(json_object_get(told, "series"), series);
    const json_t *list = json_object_get(one, name);
    assert_int_equal(json_array_size(list), steps());
    const json_t *value = json_array_get(list, i < 0 ? steps() - (size_t)-i : (size_t)i);
    assert_true(json_is_number(value) || json_is_null(value));
    return json_is_null(value) ? -1 : json_number_value(value);
}

static double sum(size_t series, const char *name)
{
    double whole = 0;
    for (size_t i = 0; i < steps(); i++)
        whole += figure(series, name, (int)i);
    return whole;
}

static const char *text(size_t series, const char *name)
{
    const json_t *one = json_array_get(json_object_get(told, "series"), series);
    return json_string_value(json_object_get(one, name));
}

static json_int_t label(int i)
{
    const json_t *times = json_object_get(told, "times");
    return json_integer_value(json_array_get(times, i < 0 ? steps() - (size_t)-i : (size_t)i));
}

/* --- quantiles ------------------------------------------------------------------------------- */

static void check_quantile(const uint32_t *buckets, double quantile, double ms)
{
    double found = wi_history_quantile_ms(buckets, quantile);
    if (fabs(found - ms) > 1e-9)
        fail_msg("%g and not %g", found, ms);
}

TEST(quantiles_are_interpolated_within_a_bucket)
{
    /* 4 times of 10 to 25 ms and 6 of 25 to 50 ms. */
    const uint32_t buckets[WI_HISTORY_BUCKETS] = {[5] = 4, [6] = 6};
    check_quantile(buckets, 0.5, 25 + 25 * (5.0 - 4) / 6);
    check_quantile(buckets, 0.95, 25 + 25 * (9.5 - 4) / 6);
    check_quantile(buckets, 0.4, 25); /* the first bucket's end belongs to it */
    check_quantile(buckets, 0.2, 10 + 15 * 2.0 / 4);
    check_quantile(buckets, 1, 50);
}

TEST(quantiles_begin_at_0_and_end_with_the_last_bound)
{
    const uint32_t none[WI_HISTORY_BUCKETS] = {0}, lowest[WI_HISTORY_BUCKETS] = {2};
    const uint32_t beyond[WI_HISTORY_BUCKETS] = {[WI_HISTOGRAM_BUCKETS] = 3};
    const uint32_t both[WI_HISTORY_BUCKETS] = {[13] = 1, [WI_HISTOGRAM_BUCKETS] = 1};
    const uint32_t large[WI_HISTORY_BUCKETS] = {UINT32_MAX, UINT32_MAX};
    check_quantile(none, 0.5, -1);
    check_quantile(lowest, 0.5, 0.25);
    check_quantile(beyond, 0.5, 60000);
    check_quantile(both, 0.5, 60000);
    check_quantile(both, 0.95, 60000);
    check_quantile(large, 0.5, 0.5);
}

/* --- what is counted ------------------------------------------------------------------------- */

TEST(a_request_is_counted_once_among_all_and_at_its_place)
{
    uint64_t series = add("digits", "chrome");
    wi_history_add_bytes(history, now, series, 100, 2000);
    fail_one("digits", NULL);
    assert_int_equal(json_array_size(tell_all()), 3);
    assert_string_equal(text(0, "of"), "all");
    assert_null(text(0, "model"));
    assert_null(text(0, "place"));
    assert_int_equal(sum(0, "requests"), 2);
    assert_int_equal(sum(0, "failures"), 1);
    assert_int_equal(figure(0, "running", -1), 2);
    assert_int_equal(figure(0, "waiting", -1), 5);
    size_t ran = text(1, "place") ? 1 : 2;
    assert_string_equal(text(ran, "of"), "model");
    assert_string_equal(text(ran, "model"), "digits");
    assert_string_equal(text(ran, "place"), "chrome/wasm");
    assert_int_equal(sum(ran, "requests"), 1);
    assert_int_equal(sum(ran, "failures"), 0);
    assert_int_equal(sum(ran, "prompt_tokens"), 7);
    assert_int_equal(sum(ran, "generated_tokens"), 3);
    assert_int_equal(sum(ran, "bytes_in"), 100);
    assert_int_equal(sum(ran, "bytes_out"), 2000);
    assert_true(fabs(figure(ran, "p50_ms", 0) - 17.5) < 0.001);
    assert_true(fabs(figure(ran, "p95_ms", 0) - 24.25) < 0.001);
    assert_true(fabs(figure(ran, "queue_p95_ms", 0) - 0.475) < 0.001);
    assert_true(json_is_null(
        json_object_get(json_array_get(json_object_get(told, "series"), ran), "running")));
    assert_string_equal(text(3 - ran, "model"), "digits");
    assert_null(text(3 - ran, "place"));
    assert_int_equal(figure(3 - ran, "failures", 0), 1);
    assert_true(figure(3 - ran, "p50_ms", 0) == -1); /* null: nothing was answered */
}

TEST(tokens_that_are_no_number_are_none_and_too_many_are_the_most)
{
    struct wi_history_request request = {.model = "m", .browser = "chrome", .platform = "wasm"};
    request.prompt = NAN;
    request.generated = -4;
    wi_history_add(history, now, &request);
    tell_all();
    assert_int_equal(sum(1, "prompt_tokens"), 0);
    assert_int_equal(sum(1, "generated_tokens"), 0);
    request.prompt = INFINITY;
    request.generated = 4e9;
    wi_history_add(history, now, &request);
    wi_history_add(history, now, &request);
    tell_all();
    assert_true(sum(1, "prompt_tokens") == UINT32_MAX);
    assert_true(sum(1, "generated_tokens") == UINT32_MAX);
}

TEST(a_series_is_found_by_its_exact_model_and_place)
{
    add("digits", "chrome");
    add("digits", "firefox");
    add("digits", "firefox");
    add("dig\"its", "chrome");
    assert_int_equal(json_array_size(tell(&(struct wi_history_query){1, "digits", NULL})), 2);
    assert_string_equal(text(0, "place"), "firefox/wasm"); /* the most used first */
    assert_string_equal(text(1, "place"), "chrome/wasm");
    assert_int_equal(json_array_size(tell(&(struct wi_history_query){1, NULL, "chrome/wasm"})), 2);
    tell(&(struct wi_history_query){1, "dig\"its", "chrome/wasm"});
    assert_string_equal(text(0, "model"), "dig\"its");
    assert_int_equal(json_array_size(tell(&(struct wi_history_query){1, "dig", NULL})), 0);
    assert_int_equal(json_array_size(tell(&(struct wi_history_query){1, "digits", "chrome"})), 0);
    assert_int_equal(steps(), 1);
}

/* --- steps ----------------------------------------------------------------------------------- */

TEST(steps_begin_with_the_history_and_the_last_is_under_way)
{
    tell_all();
    assert_int_equal(steps(), 1);
    assert_int_equal(label(0), WALL);
    assert_int_equal(json_integer_value(json_object_get(told, "since")), WALL);
    now += STEP - 1;
    add("m", "chrome");
    tell_all();
    assert_int_equal(steps(), 1);
    now += 1;
    add("m", "chrome");
    add("m", "chrome");
    tell_all();
    assert_int_equal(steps(), 2);
    assert_int_equal(figure(1, "requests", 0), 1);
    assert_int_equal(figure(1, "requests", 1), 2);
    assert_int_equal(label(1), WALL + 10000);
}

TEST(after_an_hour_the_first_step_goes)
{
    add("m", "chrome");
    now += HOUR - STEP; /* the last step of the first hour */
    add("m", "chrome");
    tell_all();
    assert_int_equal(steps(), WI_HISTORY_STEPS);
    assert_int_equal(figure(1, "requests", 0), 1);
    assert_int_equal(sum(1, "requests"), 2);
    now += STEP;
    add("m", "chrome");
    tell_all();
    assert_int_equal(steps(), WI_HISTORY_STEPS);
    assert_int_equal(figure(1, "requests", 0), 0);
    assert_int_equal(figure(1, "requests", -1), 1);
    assert_int_equal(sum(1, "requests"), 2);
    assert_int_equal(sum(0, "requests"), 2);
    assert_int_equal(json_integer_value(json_object_get(told, "since")), WALL + 10000);
    assert_int_equal(label(-1), WALL + WI_HISTORY_STEPS * 10000);
}

TEST(nothing_is_left_after_an_hour_of_nothing_and_after_years)
{
    const double idle[] = {HOUR, HOUR + STEP, 2 * HOUR - STEP, 24 * 365 * 30 * HOUR};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        add("m", "chrome");
        now += idle[i];
        assert_int_equal(json_array_size(tell_all()), 1);
        assert_int_equal(steps(), WI_HISTORY_STEPS);
        assert_int_equal(sum(0, "requests"), 0);
        assert_true(figure(0, "p50_ms", -1) == -1);
        assert_true(figure(0, "running", 0) == -1);
        assert_int_equal(figure(0, "running", -1), 2);
    }
}

TEST(a_clock_that_is_set_moves_the_labels_and_no_step)
{
    const int64_t sets[] = {3600 * 1000, -7200 * 1000, 0, 1LL << 40};
    add("m", "chrome");
    now += 3 * STEP;
    add("m", "chrome");
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        ahead = sets[i];
        tell_all();
        assert_int_equal(steps(), 4);
        assert_int_equal(figure(1, "requests", 0), 1);
        assert_int_equal(figure(1, "requests", 3), 1);
        assert_int_equal(label(0), WALL + ahead);
        assert_int_equal(label(3), WALL + ahead + 30000);
    }
}

/* Two readings tell a step by the same label, though the clocks are read at two moments. */
TEST(labels_stay_while_the_clock_only_drifts)
{
    tell_all();
    ahead = 900;
    tell_all();
    assert_int_equal(label(0), WALL);
    ahead = 1100;
    tell_all();
    assert_int_equal(label(0), WALL + 1100);
}

/* The monotonic clock does not; a caller that has an older moment does no harm. */
TEST(a_moment_of_before_counts_in_the_present_step)
{
    now += 5 * STEP;
    add("m", "chrome");
    now -= 2 * STEP;
    add("m", "chrome");
    now = BEGAN - 3 * STEP;
    add("m", "chrome");
    now = BEGAN + 5 * STEP;
    tell_all();
    assert_int_equal(steps(), 6);
    assert_int_equal(figure(1, "requests", -1), 3);
}

TEST(long_steps_are_six_short_ones_and_always_the_same)
{
    const struct wi_history_query query = {.coarse = 6};
    for (int i = 0; i < 20; i++, now += STEP) {
        add("m", "chrome");
        fail_one("m", "chrome");
    }
    tell(&query); /* in step 20 */
    assert_int_equal(json_integer_value(json_object_get(told, "step_ms")), 60000);
    assert_int_equal(steps(), 4);
    assert_int_equal(figure(1, "requests", 0), 12);
    assert_int_equal(figure(1, "failures", 2), 6);
    assert_int_equal(figure(1, "requests", 3), 4); /* steps 18 and 19 */
    assert_true(fabs(figure(1, "p50_ms", 0) - 17.5) < 0.001);
    assert_int_equal(label(3), WALL + 180000);
    now = BEGAN + HOUR + 2 * STEP; /* step 362: 3 to 362 are there, 6 to 362 are told */
    tell(&query);
    assert_int_equal(steps(), 60);
    assert_int_equal(label(0), WALL + 60000);
    assert_int_equal(figure(1, "requests", 0), 12);
    assert_int_equal(figure(1, "requests", 2), 4);
    now = BEGAN + HOUR - 1; /* the present step is never before */
    tell(&query);
    assert_int_equal(steps(), 60);
}

/* --- the load -------------------------------------------------------------------------------- */

TEST(a_step_has_the_load_of_its_end)
{
    const struct wi_history_query long_ones = {.coarse = 6};
    wi_history_end_step(history, now, &(struct wi_history_load){9, 9}); /* none has ended */
    now += STEP;
    wi_history_end_step(history, now, &(struct wi_history_load){1, 4});
    wi_history_end_step(history, now + 1, &(struct wi_history_load){8, 8}); /* it is known */
    now += 3 * STEP; /* nobody saw the ends of two */
    wi_history_end_step(history, now, &(struct wi_history_load){3, 0});
    tell_all();
    assert_int_equal(steps(), 5);
    assert_int_equal(figure(0, "running", 0), 1);
    assert_int_equal(figure(0, "waiting", 0), 4);
    assert_true(figure(0, "running", 1) == -1);
    assert_true(figure(0, "waiting", 2) == -1);
    assert_int_equal(figure(0, "running", 3), 3);
    assert_int_equal(figure(0, "running", 4), 2); /* now */
    tell(&long_ones);
    assert_int_equal(steps(), 1);
    assert_int_equal(figure(0, "running", 0), 3);
    assert_int_equal(figure(0, "waiting", 0), 5);
}

TEST(it_says_how_long_a_step_is_still)
{
    assert_true(wi_history_left_ms(history, now) == STEP);
    assert_true(wi_history_left_ms(history, now + 1) == STEP - 1);
    assert_true(wi_history_left_ms(history, now + STEP - 0.25) == 0.25);
    assert_true(wi_history_left_ms(history, now + STEP) == STEP);
}

/* --- more than are kept apart ---------------------------------------------------------------- */

static const char *model_name(int i)
{
    static char name[16];
    snprintf(name, sizeof name, "m%d", i);
    return name;
}

/* 32 of them, the i-th asked i + 2 times, each in a step of its own. */
static void fill(void)
{
    for (int i = 0; i < WI_HISTORY_SERIES; i++, now += STEP)
        for (int times = 0; times < i + 2; times++)
            add(model_name(i), "chrome");
}

TEST(the_least_used_gives_way_with_all_it_had)
{
    fill();
    uint64_t gone = add("m0", "chrome");
    uint64_t known = add("m1", "chrome"); /* m0 has 3 now, m1 4 */
    assert_int_equal(json_array_size(tell_all()), 1 + WI_HISTORY_SERIES);
    add("new", "chrome");
    assert_int_equal(json_array_size(tell_all()), 2 + WI_HISTORY_SERIES);
    size_t others = 1 + WI_HISTORY_SERIES;
    assert_string_equal(text(others, "of"), "others");
    assert_null(text(others, "model"));
    assert_null(text(others, "place"));
    assert_int_equal(sum(others, "requests"), 3);
    assert_int_equal(figure(others, "requests", 0), 2);
    assert_int_equal(figure(others, "requests", -1), 1);
    assert_int_equal(sum(others, "generated_tokens"), 9);
    assert_true(fabs(figure(others, "p50_ms", 0) - 17.5) < 0.001);
    assert_string_equal(text(others - 1, "model"), "new");
    assert_int_equal(json_array_size(tell(&(struct wi_history_query){1, "m0", NULL})), 0);
    /* What comes for it later is among the others; for who is known it is not. */
    wi_history_add_bytes(history, now, gone, 10, 20);
    wi_history_add_bytes(history, now, known, 1, 2);
    tell_all();
    assert_int_equal(sum(others, "bytes_in"), 10);
    assert_int_equal(sum(others, "bytes_out"), 20);
    assert_int_equal(sum(0, "bytes_in"), 11);
}

TEST(of_those_that_are_used_as_little_the_one_that_waits_longest_gives_way)
{
    fill();
    add("m0", "chrome"); /* 3, as m1 has */
    add("new", "chrome");
    assert_int_equal(json_array_size(tell(&(struct wi_history_query){1, "m1", NULL})), 0);
    assert_int_equal(json_array_size(tell(&(struct wi_history_query){1, "m0", NULL})), 1);
}

TEST(what_had_nothing_for_an_hour_is_forgotten_first)
{
    fill();
    now = BEGAN + 31 * STEP + HOUR; /* the last one's step has just gone */
    assert_int_equal(json_array_size(tell_all()), 1);
    for (int i = 0; i < WI_HISTORY_SERIES; i++)
        add(model_name(100 + i), "firefox");
    tell_all();
    assert_int_equal(json_array_size(json_object_get(told, "series")), 1 + WI_HISTORY_SERIES);
    assert_int_equal(sum(0, "requests"), WI_HISTORY_SERIES);
}

TEST(all_is_the_sum_whatever_gives_way)
{
    for (int i = 0; i < 5000; i++, now += STEP / 8) {
        int at = i * 7919 % 50;
        if (at % 3)
            add(model_name(at), at % 2 ? "chrome" : "firefox");
        else
            fail_one(model_name(at), at % 2 ? "chrome" : NULL);
        if (i % 500)
            continue;
        static const char *const names[] = {"requests", "failures", "prompt_tokens"};
        size_t count = json_array_size(tell_all());
        for (size_t name = 0; name < 3; name++) {
            double whole = 0;
            for (size_t series = 1; series < count; series++)
                whole += sum(series, names[name]);
            assert_int_equal(whole, sum(0, names[name]));
        }
    }
}

TEST(long_names_are_cut_and_do_no_harm)
{
    char name[1000] = "";
    memset(name, 'x', sizeof name - 1);
    for (int i = 0; i < 2; i++)
        wi_history_add(history, now,
            &(struct wi_history_request){.model = name, .browser = name, .platform = name});
    assert_int_equal(json_array_size(tell_all()), 2);
    assert_int_equal(sum(1, "requests"), 2);
    assert_true(strlen(text(1, "model")) < 400);
    assert_true(strlen(text(1, "place")) < 64);
}
