/* A limit in bytes a second, by a clock that is played here. */
#include "../../test.h"

#include "base/net/limit.h"

TEST(without_a_rate_there_is_no_limit)
{
    struct wi_limit limit = {0};
    wi_limit_spend(&limit, UINT64_MAX);
    assert_true(wi_limit_wait(&limit, 1000) == 0);
    assert_true(wi_limit_wait(NULL, 1000) == 0);
    wi_limit_spend(NULL, 1);
}

TEST(what_came_too_much_is_waited_for)
{
    struct wi_limit limit = {0};
    wi_limit_set(&limit, 1000000);
    assert_true(wi_limit_wait(&limit, 5000) == 0);
    wi_limit_spend(&limit, 750000); /* 250,000 were left */
    double wait = wi_limit_wait(&limit, 5000);
    assert_true(wait >= 500 && wait < 502);
    assert_true(wi_limit_wait(&limit, 5400) > 0);
    assert_true(wi_limit_wait(&limit, 5502) == 0);
}

/* Who rests gains a quarter of a second, and no more. */
TEST(the_rate_holds_over_time)
{
    struct wi_limit limit = {0};
    uint64_t came = 0;
    wi_limit_set(&limit, 1000000);
    for (double now = 1000; now < 11000; now += 7) {
        if (now > 3000 && now < 5000)
            continue;
        while (wi_limit_wait(&limit, now) == 0) {
            wi_limit_spend(&limit, 30000);
            came += 30000;
        }
    }
    assert_in_range(came, 8000000, 8600000);
}

TEST(another_rate_begins_anew)
{
    struct wi_limit limit = {0};
    wi_limit_set(&limit, 1000);
    assert_true(wi_limit_wait(&limit, 1000) == 0);
    wi_limit_spend(&limit, 1000000);
    wi_limit_set(&limit, 1000); /* the same is no other */
    assert_true(wi_limit_wait(&limit, 1000) > 100000);
    wi_limit_set(&limit, 2000);
    assert_true(wi_limit_wait(&limit, 1000) == 0);
    wi_limit_spend(&limit, 1000000);
    wi_limit_set(&limit, 0);
    assert_true(wi_limit_wait(&limit, 1000) == 0);
}
