/* The figures of a node: counts of tasks, and the median time of the latest ones. */
#include "nodes/node/tally.h"

#include "../../test.h"

TEST(a_node_without_answers_has_no_median)
{
    struct wi_tally tally = {0};
    assert_true(wi_tally_median(&tally) < 0);
    wi_tally_end(&tally, 0, 5);
    assert_true(wi_tally_median(&tally) < 0);
    assert_int_equal(tally.answered, 0);
    assert_int_equal(tally.failed, 1);
}

TEST(the_median_is_of_answered_tasks)
{
    struct wi_tally tally = {0};
    wi_tally_end(&tally, 1, 30);
    assert_true(wi_tally_median(&tally) == 30);
    wi_tally_end(&tally, 0, 1000);
    wi_tally_end(&tally, 1, 10);
    assert_true(wi_tally_median(&tally) == 20);
    wi_tally_end(&tally, 1, 500);
    assert_true(wi_tally_median(&tally) == 30);
    assert_int_equal(tally.answered, 3);
    assert_int_equal(tally.failed, 1);
}

TEST(only_the_latest_times_count)
{
    struct wi_tally tally = {0};
    for (int i = 0; i < 3 * WI_TALLY_TIMES; i++)
        wi_tally_end(&tally, 1, i < 2 * WI_TALLY_TIMES + 5 ? 1e6 : 2);
    assert_true(wi_tally_median(&tally) == 2);
    assert_int_equal(tally.answered, 3 * WI_TALLY_TIMES);
}
