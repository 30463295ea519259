/* Lines that are limited: how many of a kind are written, and that none is left out in silence. */
#include "../test.h"

#include "base/log_limit.h"

TEST(limits_a_kind_of_line)
{
    struct wi_log_limit limit = {.about = "tests"};
    unsigned left_out = 99;
    for (int i = 0; i < WI_LOG_LIMIT_LINES; i++) {
        assert_true(wi_log_limit_take(&limit, 1000 + i, &left_out));
        assert_int_equal(left_out, 0);
    }
    for (int i = 0; i < 7; i++) {
        assert_false(wi_log_limit_take(&limit, 2000 + i, &left_out));
        assert_int_equal(left_out, 0);
    }
    /* The next window, however late it begins, says what the last one hid. */
    assert_true(wi_log_limit_take(&limit, 1000 + WI_LOG_LIMIT_MS, &left_out));
    assert_int_equal(left_out, 7);
    assert_true(wi_log_limit_take(&limit, 1001 + WI_LOG_LIMIT_MS, &left_out));
    assert_int_equal(left_out, 0);
}

TEST(lets_rare_lines_pass)
{
    struct wi_log_limit limit = {0};
    unsigned left_out;
    for (int i = 0; i < 3 * WI_LOG_LIMIT_LINES; i++) {
        assert_true(wi_log_limit_take(&limit, i * (double)WI_LOG_LIMIT_MS, &left_out));
        assert_int_equal(left_out, 0);
    }
}
