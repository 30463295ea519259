/* How often something may happen in a window of time. */
#include "../test.h"

#include "base/rate_limit.h"
#include <string.h>

static const struct wi_rate_rule three = {.most = 3, .window_ms = 1000};

static int takes(struct wi_rate_limit *limit, double now_ms)
{
    return wi_rate_limit_take(limit, &three, now_ms, NULL);
}

TEST(as_many_as_the_rule_says_happen_in_a_window)
{
    struct wi_rate_limit limit = {0};
    for (int i = 0; i < 3; i++)
        assert_true(takes(&limit, 5000 + i));
    assert_false(takes(&limit, 5003));
    assert_false(takes(&limit, 5999.9));
    assert_true(takes(&limit, 6000));
}

TEST(a_window_begins_with_its_first_event)
{
    struct wi_rate_limit limit = {0};
    assert_true(takes(&limit, 0)); /* also at the time 0 */
    assert_true(takes(&limit, 990));
    assert_true(takes(&limit, 1700)); /* of the next, which would otherwise end at 2000 */
    assert_true(takes(&limit, 2100));
    assert_true(takes(&limit, 2200));
    assert_false(takes(&limit, 2699));
    assert_true(takes(&limit, 2700));
}

TEST(the_first_of_a_window_learns_how_many_were_refused)
{
    struct wi_rate_limit limit = {0};
    unsigned left_out = 99;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(wi_rate_limit_take(&limit, &three, i, &left_out), i < 3);
        assert_int_equal(left_out, 0);
    }
    assert_true(wi_rate_limit_take(&limit, &three, 60000, &left_out)); /* however late it begins */
    assert_int_equal(left_out, 7);
    assert_true(wi_rate_limit_take(&limit, &three, 60001, &left_out));
    assert_int_equal(left_out, 0);
    assert_true(wi_rate_limit_take(&limit, &three, 61000, &left_out));
    assert_int_equal(left_out, 0); /* none in the one before */
}

TEST(a_limit_that_is_zeroed_begins_again)
{
    struct wi_rate_limit limit = {0};
    for (int i = 0; i < 3; i++)
        assert_true(takes(&limit, 5000));
    assert_false(takes(&limit, 5000));
    memset(&limit, 0, sizeof limit);
    assert_true(takes(&limit, 5000));
}
