/* The history of a cell over runs of which it is known what became of it. */
#include "fixture.h"

#include "terms/lab/lab_history.h"

#define SAMPLES 20
#define RUNS_MAX 6

/* A run to make: 0 and NULL are what is usual. */
struct planned {
    double ms;           /* of the cell, in the middle */
    double mark;         /* of the yardstick in Chrome; below 0: there is none; usually 2 */
    double firefox_mark; /* 0: there is none */
    const char *outcome, *hash, *commit;
    int samples;
    int simulated;
    int is_auto;    /* the cell has no browser */
    int is_unknown; /* its precision is, because it never ran */
};

/* Samples from `ms` on, each a thousandth of it longer than the one before: their median is 1.0095
 * times the first, python3 -c 'import numpy; print(numpy.median([1+i/1000 for i in range(20)]))'.
 */
#define MEDIAN 1.0095
static void add_times(json_t *cell, double ms, int count)
{
    for (int i = 0; i < count; i++)
        add_sample(cell, ms * (1 + i / 1000.0));
}

static void add_mark(json_t *document, const char *browser, double ms)
{
    json_t *cell = cell_of("builtin/mlp", browser, "wasm");
    json_object_set_new(cell, "yardstick", json_string("before"));
    add_times(cell, ms, SAMPLES);
    add_cell(document, cell);
}

static void run_make(struct wi_lab_run *run, int number, const struct planned *planned)
{
    char id[16];
    snprintf(id, sizeof id, "run-%d", number);
    json_t *document = document_of(id), *cell = cell_of("digits", "chrome", "webgpu");
    if (planned->simulated)
        json_object_set_new(document, "simulated", json_true());
    if (planned->commit)
        json_object_set_new(document, "webinfer", json_pack("{s:s}", "commit", planned->commit));
    if (planned->is_auto) {
        json_object_set_new(cell, "platform", json_string("auto"));
        json_object_del(cell, "browser");
    }
    if (planned->is_unknown)
        json_object_del(cell, "precision");
    if (planned->hash)
        json_object_set_new(cell, "hash", json_string(planned->hash));
    if (planned->outcome)
        json_object_set_new(cell, "outcome", json_string(planned->outcome));
    else
        add_times(cell, planned->ms, planned->samples ? planned->samples : SAMPLES);
    add_cell(document, cell);
    if (planned->mark >= 0)
        add_mark(document, "chrome", planned->mark > 0 ? planned->mark : 2);
    if (planned->firefox_mark > 0)
        add_mark(document, "firefox", planned->firefox_mark);
    take_document(run, document);
}

struct told {
    struct wi_lab_run runs[RUNS_MAX];
    size_t count;
    struct wi_lab_history history;
};

/* The history of these runs; told_clear. */
static void tell(struct told *told, size_t count, const struct planned *planned)
{
    *told = (struct told){.count = count};
    for (size_t i = 0; i < count; i++)
        run_make(&told->runs[i], (int)i, &planned[i]);
    wi_lab_history_make(&told->history, told->runs, count, WI_LAB_THRESHOLD);
}

static void told_clear(struct told *told)
{
    wi_lab_history_clear(&told->history);
    for (size_t i = 0; i < told->count; i++)
        wi_lab_run_clear(&told->runs[i]);
}

static const struct wi_lab_point *point_of(const struct told *told, size_t place)
{
    assert_int_equal(told->history.count, 1);
    assert_true(place < told->history.series[0].count);
    return &told->history.series[0].points[place];
}

static void check_change(
    const struct told *told, size_t place, enum wi_lab_change change, size_t against)
{
    const struct wi_lab_point *point = point_of(told, place);
    if (point->change != change || point->against != against)
        fail_msg("run %zu is %s against %zu: %s", point->run, wi_lab_change_names[point->change],
            point->against, point->reason);
}

/* --- with which run it became slower -----------------------------------------------------------
 */

TEST(of_three_runs_the_planted_slow_one_is_named)
{
    struct told told;
    tell(&told, 3,
        (struct planned[]){
            {.ms = 10, .commit = "a"}, {.ms = 10.1, .commit = "a"}, {.ms = 13, .commit = "b"}});
    check_change(&told, 0, WI_LAB_NEW, WI_LAB_NO_RUN);
    check_change(&told, 1, WI_LAB_ALIKE, 0);
    check_change(&told, 2, WI_LAB_SLOWER, 0);
    const struct wi_lab_point *slow = point_of(&told, 2);
    assert_string_equal(told.history.series[0].name,
        "digits chrome/webgpu fp32 threads=1 batch=1 concurrency=1 page");
    assert_string_equal(told.runs[slow->run].id, "run-2");
    assert_float_equal(slow->summary.median, 13 * MEDIAN, 1e-9);
    assert_float_equal(slow->ratio.value, 1.3, 1e-9);
    assert_true(slow->ratio.low > 1.28 && slow->ratio.high < 1.32);
    /* No sample of one is among those of the other:
     * python3 -c 'from math import comb; print(2 / comb(40, 20))'. */
    assert_float_equal(slow->p, 1.4508889103849688e-11, 1e-16);
    assert_int_equal(point_of(&told, 1)->changed_count, 0);
    assert_int_equal(slow->changed_count, 1);
    assert_string_equal(slow->changed[0].what, "commit");
    assert_string_equal(slow->changed[0].before, "a");
    assert_string_equal(slow->changed[0].now, "b");
    assert_int_equal(told.history.shift_count, 0);
    told_clear(&told);
}

TEST(small_steps_are_found_when_they_add_up)
{
    struct told told;
    tell(&told, 4, (struct planned[]){{.ms = 10}, {.ms = 10.8}, {.ms = 11.6}, {.ms = 12.4}});
    check_change(&told, 1, WI_LAB_ALIKE, 0);
    check_change(&told, 2, WI_LAB_SLOWER, 0);
    check_change(&told, 3, WI_LAB_ALIKE, 2);
    told_clear(&told);
}

TEST(what_became_faster_is_slower_again_only_against_that)
{
    struct told told;
    tell(&told, 3, (struct planned[]){{.ms = 13}, {.ms = 10}, {.ms = 13}});
    check_change(&told, 1, WI_LAB_FASTER, 0);
    check_change(&told, 2, WI_LAB_SLOWER, 1);
    told_clear(&told);
}

/* --- the machine -------------------------------------------------------------------------------
 */

static void check_shift(const struct told *told, size_t place, size_t run, size_t against,
    double ratio, enum wi_lab_blame blame)
{
    assert_true(place < told->history.shift_count);
    const struct wi_lab_shift *shift = &told->history.shifts[place];
    assert_int_equal(shift->run, run);
    assert_int_equal(shift->against, against);
    assert_float_equal(shift->ratio, ratio, 1e-9);
    assert_string_equal(wi_lab_blame_names[shift->blame], wi_lab_blame_names[blame]);
}

/* While the machine is slow nothing is said of the model, and afterwards everything. */
TEST(a_slow_machine_is_no_slow_model_and_hides_none)
{
    struct told told;
    tell(&told, 4, (struct planned[]){{.ms = 10}, {.ms = 13, .mark = 2.6}, {.ms = 10}, {.ms = 13}});
    check_change(&told, 1, WI_LAB_UNCLEAR, 0);
    assert_string_equal(point_of(&told, 1)->reason, "the yardstick takes 1.3 times as long");
    assert_false(point_of(&told, 1)->is_timed);
    check_change(&told, 2, WI_LAB_ALIKE, 0);
    assert_string_equal(point_of(&told, 2)->reason, "");
    check_change(&told, 3, WI_LAB_SLOWER, 0);
    assert_int_equal(told.history.shift_count, 2);
    check_shift(&told, 0, 1, 0, 1.3, WI_LAB_EITHER);
    check_shift(&told, 1, 2, 1, 1 / 1.3, WI_LAB_EITHER);
    told_clear(&told);
}

/* 7 % are too much to compare times that differ by 10 %, but no news. */
TEST(a_little_slower_machine_is_not_worth_a_sentence)
{
    struct told told;
    tell(&told, 2, (struct planned[]){{.ms = 10}, {.ms = 10, .mark = 2.14}});
    check_change(&told, 1, WI_LAB_UNCLEAR, 0);
    assert_int_equal(told.history.shift_count, 0);
    told_clear(&told);
}

TEST(two_browsers_tell_the_machine_from_a_browser)
{
    struct told told;
    tell(&told, 3,
        (struct planned[]){{.ms = 10, .firefox_mark = 3},
            {.ms = 10, .mark = 2.4, .firefox_mark = 3},
            {.ms = 10, .mark = 3, .firefox_mark = 3.75}});
    assert_int_equal(told.history.browsers.count, 2);
    assert_int_equal(told.history.shift_count, 3);
    check_shift(&told, 0, 1, 0, 1.2, WI_LAB_BROWSER);
    check_shift(&told, 1, 2, 1, 1.25, WI_LAB_MACHINE); /* of Chrome, and then of Firefox */
    check_shift(&told, 2, 2, 0, 1.25, WI_LAB_MACHINE);
    told_clear(&told);
}

TEST(without_a_yardstick_nothing_is_told)
{
    struct told told;
    tell(&told, 3, (struct planned[]){{.ms = 10, .mark = -1}, {.ms = 20}, {.ms = 20}});
    check_change(&told, 1, WI_LAB_UNCLEAR, 0);
    assert_string_equal(point_of(&told, 1)->reason, "the runs have no yardstick in common");
    check_change(&told, 2, WI_LAB_ALIKE, 1);
    told_clear(&told);
}

/* The browser whose yardstick differs most counts: here Firefox, by 4 / 3. */
TEST(a_cell_without_a_browser_has_the_yardsticks_of_all)
{
    struct told told;
    tell(&told, 4,
        (struct planned[]){{.ms = 10, .firefox_mark = 3, .is_auto = 1},
            {.ms = 13, .firefox_mark = 3, .is_auto = 1},
            {.ms = 13, .firefox_mark = 4, .is_auto = 1}, {.ms = 13, .mark = -1, .is_auto = 1}});
    check_change(&told, 1, WI_LAB_SLOWER, 0);
    check_change(&told, 2, WI_LAB_UNCLEAR, 1);
    assert_string_equal(point_of(&told, 2)->reason, "the yardstick takes 1.33 times as long");
    check_change(&told, 3, WI_LAB_UNCLEAR, 2);
    assert_string_equal(point_of(&told, 3)->reason, "the runs have no yardstick in common");
    told_clear(&told);
}

TEST(simulated_runs_need_no_yardstick_and_are_apart)
{
    struct told told;
    tell(&told, 3,
        (struct planned[]){{.ms = 10, .mark = -1, .simulated = 1}, {.ms = 10},
            {.ms = 20, .mark = -1, .simulated = 1}});
    assert_int_equal(told.history.count, 2);
    const struct wi_lab_series *simulated = &told.history.series[0];
    assert_true(simulated->simulated);
    assert_int_equal(simulated->count, 2);
    assert_int_equal(simulated->points[1].change, WI_LAB_SLOWER);
    assert_false(told.history.series[1].simulated);
    told_clear(&told);
}

/* --- what else became of it ---------------------------------------------------------------------
 */

TEST(what_broke_and_was_mended_is_said)
{
    struct told told;
    tell(&told, 6,
        (struct planned[]){{.outcome = "failed"}, {.ms = 10}, {.outcome = "crashed"},
            {.outcome = "inexact"}, {.outcome = "not run"}, {.ms = 10}});
    check_change(&told, 0, WI_LAB_NEW, WI_LAB_NO_RUN);
    check_change(&told, 1, WI_LAB_MENDED, WI_LAB_NO_RUN);
    check_change(&told, 2, WI_LAB_BROKEN, 1);
    check_change(&told, 3, WI_LAB_NEITHER, WI_LAB_NO_RUN);
    check_change(&told, 4, WI_LAB_MENDED, 1);
    assert_int_equal(point_of(&told, 4)->run, 5); /* what was not run is no point */
    assert_int_equal(told.history.series[0].count, 5);
    told_clear(&told);
}

TEST(a_cell_that_never_ran_is_in_the_series_of_the_one_that_did)
{
    struct told told;
    tell(&told, 4,
        (struct planned[]){{.outcome = "absent", .is_unknown = 1}, {.ms = 10},
            {.outcome = "crashed", .is_unknown = 1}, {.ms = 10}});
    check_change(&told, 0, WI_LAB_NEW, WI_LAB_NO_RUN);
    check_change(&told, 1, WI_LAB_MENDED, WI_LAB_NO_RUN);
    check_change(&told, 2, WI_LAB_BROKEN, 1);
    check_change(&told, 3, WI_LAB_MENDED, 1);
    assert_string_equal(told.history.series[0].name,
        "digits chrome/webgpu fp32 threads=1 batch=1 concurrency=1 page");
    told_clear(&told);
}

TEST(another_model_of_the_name_begins_anew)
{
    struct told told;
    tell(&told, 3,
        (struct planned[]){
            {.ms = 10, .hash = "x"}, {.ms = 20, .hash = "y"}, {.ms = 20, .hash = "y"}});
    check_change(&told, 1, WI_LAB_UNCLEAR, 0);
    assert_string_equal(point_of(&told, 1)->reason, "the model is another one");
    assert_string_equal(point_of(&told, 1)->changed[0].what, "model");
    check_change(&told, 2, WI_LAB_ALIKE, 1);
    told_clear(&told);
}

TEST(a_run_of_few_samples_is_compared_with_but_no_measure)
{
    struct told told;
    tell(&told, 4,
        (struct planned[]){
            {.ms = 10, .samples = 5}, {.ms = 10}, {.ms = 13, .samples = 19}, {.ms = 13}});
    check_change(&told, 1, WI_LAB_UNCLEAR, 0);
    assert_string_equal(point_of(&told, 1)->reason, "fewer than 20 samples");
    check_change(&told, 2, WI_LAB_UNCLEAR, 1);
    check_change(&told, 3, WI_LAB_SLOWER, 1);
    told_clear(&told);
}

TEST(no_runs_have_no_history)
{
    struct wi_lab_history history;
    wi_lab_history_make(&history, NULL, 0, WI_LAB_THRESHOLD);
    assert_int_equal(history.count, 0);
    assert_int_equal(history.shift_count, 0);
    wi_lab_history_clear(&history);
}
