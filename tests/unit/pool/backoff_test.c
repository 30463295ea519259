/* Backoff and breaker: the contract's numbers. */
#include "../test.h"

#include "pool/backoff.h"

TEST(first_restart_is_at_once_then_doubles_to_thirty_seconds)
{
    const double expected[] = {0, 250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000};
    struct wi_backoff backoff = {0};

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        wi_backoff_broken(&backoff, 1000, 1, 10);
        assert_true(backoff.next_start == 1000 + expected[i]);
    }
    assert_false(backoff.open); /* all of them were ready */
}

TEST(a_session_that_served_well_starts_the_backoff_afresh)
{
    struct wi_backoff backoff = {0};

    for (int i = 0; i < 6; i++)
        wi_backoff_broken(&backoff, 0, 1, 10);
    wi_backoff_broken(&backoff, 5000, 1, 3999); /* less than the 4 s before it */
    assert_true(backoff.next_start == 5000 + 8000);
    wi_backoff_broken(&backoff, 5000, 1, 8000);
    assert_true(backoff.next_start == 5000);
    wi_backoff_broken(&backoff, 5000, 1, WI_BACKOFF_SOUND_MS - 1);
    assert_true(backoff.next_start == 5000 + WI_BACKOFF_FIRST_MS);
}

TEST(five_failures_to_become_ready_open_the_breaker)
{
    struct wi_backoff backoff = {0};

    for (int i = 0; i < 4; i++)
        wi_backoff_broken(&backoff, 0, 0, 0);
    assert_false(backoff.open);
    wi_backoff_broken(&backoff, 0, 0, 0);
    assert_true(backoff.open);
    assert_false(wi_backoff_may_start(&backoff, backoff.next_start - 1, 0));
    assert_true(wi_backoff_may_start(&backoff, backoff.next_start, 0));
    assert_false(wi_backoff_may_start(&backoff, backoff.next_start, 1)); /* one probe */
    wi_backoff_ready(&backoff);
    assert_false(backoff.open);
    assert_int_equal(backoff.failures, 0);
    assert_true(wi_backoff_may_start(&backoff, backoff.next_start, 3));
}

TEST(a_ready_session_between_failures_keeps_it_closed)
{
    struct wi_backoff backoff = {0};

    for (int i = 0; i < 20; i++) {
        wi_backoff_broken(&backoff, 0, i % 4 == 3, 1);
        assert_false(backoff.open);
    }
}
