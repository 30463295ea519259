/* Which of batches and single requests are preferred, and when the other way is tried again. */
#include "../../../test.h"

#include "work/pool/facts/batching.h"

#define EXPLORATION 0.02

static int pays(const struct wi_estimate *e, size_t bytes)
{
    return wi_batching_pays(e, EXPLORATION, bytes);
}

TEST(each_way_is_tried_first)
{
    struct wi_estimate e = {0};

    assert_true(pays(&e, 100));
    e.batch_ms = 1;
    assert_false(pays(&e, 100));
    e.single_ms = 2;
    assert_true(pays(&e, 100));
    assert_true(wi_batching_gain(&e) == 2);
    e.batch_ms = 0;
    assert_true(pays(&e, 100));
    assert_true(wi_batching_gain(&e) == 0);
}

TEST(what_is_not_faster_is_measured_again_for_its_share_of_time)
{
    struct wi_estimate e = {.single_ms = 1, .batch_ms = 1};

    assert_false(pays(&e, 100));
    e.since_batch_ms = 100 / EXPLORATION - 1;
    assert_false(pays(&e, 100));
    e.since_batch_ms = 100 / EXPLORATION + 1;
    assert_true(pays(&e, 100));
    assert_false(pays(&e, 200)); /* which takes twice as long */
    assert_false(wi_batching_pays(&e, 0, 100));
    e.single_ms = 1.5;
    assert_true(pays(&e, 100));
    e.since_single_ms = 1.5 * 100 / EXPLORATION + 1;
    assert_false(pays(&e, 100));
    assert_true(wi_batching_pays(&e, 0, 100));
}

TEST(a_batch_has_at_most_its_share_of_memory)
{
    struct wi_estimate e = {0};

    assert_true(wi_batching_most(&e, 0, 0) > (uint64_t)1 << 30); /* that is not known */
    assert_true(wi_batching_most(&e, 4, 0) == (uint64_t)(4 * WI_BATCH_MEMORY_SHARE * (1 << 30)));
    e.batch_most = 1000;
    assert_true(wi_batching_most(&e, 0, 0) == 1000);
    assert_true(wi_batching_most(&e, 4, 0) == 1000);
}

TEST(a_limit_that_a_batch_has_found_doubles_each_day)
{
    const int64_t found_at = 1700000000000, day = WI_BATCH_REGAIN_MS;
    struct wi_estimate e = {.batch_most = 1000, .crowded_at = found_at};
    const struct {
        int64_t later;
        uint64_t most;
    } rows[] = {{0, 1000}, {day - 1, 1000}, {day, 2000}, {3 * day, 8000}, {-9 * day, 1000}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(wi_batching_most(&e, 0, found_at + rows[i].later) == rows[i].most);
    assert_true(wi_batching_most(&e, 0, found_at + 99 * day) > (uint64_t)1 << 30);
    e.batch_most = 0;
    assert_true(wi_estimate_batch_most(&e, found_at) == 0);
}

TEST(a_batch_takes_only_so_long)
{
    struct wi_estimate e = {.single_ms = 40};

    assert_true(wi_batching_most(&e, 0, 0) == WI_BATCH_RUN_MS / 40);
    e.batch_ms = 20;
    assert_true(wi_batching_most(&e, 0, 0) == WI_BATCH_RUN_MS / 20);
}
