/* A limit in bytes a second, by a clock that is played here. */
#include "../test.h"

#include "base/pace.h"

TEST(without_a_rate_there_is_no_limit)
{
    struct wi_pace pace = {0};
    wi_pace_spend(&pace, UINT64_MAX);
    assert_true(wi_pace_wait(&pace, 1000) == 0);
    assert_true(wi_pace_wait(NULL, 1000) == 0);
    wi_pace_spend(NULL, 1);
}

TEST(what_came_too_much_is_waited_for)
{
    struct wi_pace pace = {0};
    wi_pace_set(&pace, 1000000);
    assert_true(wi_pace_wait(&pace, 5000) == 0);
    wi_pace_spend(&pace, 600000); /* 100,000 were left */
    double wait = wi_pace_wait(&pace, 5000);
    assert_true(wait >= 500 && wait < 502);
    assert_true(wi_pace_wait(&pace, 5400) > 0);
    assert_true(wi_pace_wait(&pace, 5502) == 0);
}

/* Who rests gains a tenth of a second, and no more. */
TEST(the_rate_holds_over_time)
{
    struct wi_pace pace = {0};
    uint64_t came = 0;
    wi_pace_set(&pace, 1000000);
    for (double now = 1000; now < 11000; now += 7) {
        if (now > 3000 && now < 5000)
            continue;
        while (wi_pace_wait(&pace, now) == 0) {
            wi_pace_spend(&pace, 30000);
            came += 30000;
        }
    }
    assert_in_range(came, 8000000, 8300000);
}

TEST(another_rate_begins_anew)
{
    struct wi_pace pace = {0};
    wi_pace_set(&pace, 1000);
    assert_true(wi_pace_wait(&pace, 1000) == 0);
    wi_pace_spend(&pace, 1000000);
    wi_pace_set(&pace, 1000); /* the same is no other */
    assert_true(wi_pace_wait(&pace, 1000) > 100000);
    wi_pace_set(&pace, 2000);
    assert_true(wi_pace_wait(&pace, 1000) == 0);
    wi_pace_spend(&pace, 1000000);
    wi_pace_set(&pace, 0);
    assert_true(wi_pace_wait(&pace, 1000) == 0);
}
