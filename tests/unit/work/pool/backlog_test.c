/* How long waiting work is expected to wait. */
#include "../../test.h"

#include "work/pool/scale.h"

TEST(it_is_told_when_work_begins_to_wait)
{
    struct wi_backlog backlog = {0};

    assert_int_equal(wi_backlog_set(&backlog, 0, 10), 0);
    assert_int_equal(wi_backlog_set(&backlog, 3, 20), 1);
    assert_int_equal(wi_backlog_set(&backlog, 5, 30), 0);
    assert_true(backlog.since == 20);
    assert_int_equal(wi_backlog_set(&backlog, 0, 40), 0);
    assert_int_equal(wi_backlog_set(&backlog, 1, 50), 1);
    assert_true(backlog.since == 50);
}

TEST(the_wait_follows_from_the_interval_between_answers)
{
    struct wi_backlog backlog = {0};

    wi_backlog_set(&backlog, 4, 1000);
    assert_true(wi_backlog_expected_wait(&backlog, 1000) < 0); /* unknown */
    wi_backlog_answered(&backlog, 1100);                       /* the first has no interval */
    assert_true(wi_backlog_expected_wait(&backlog, 1100) < 0);
    wi_backlog_answered(&backlog, 1200);
    double first = wi_backlog_expected_wait(&backlog, 1200);
    assert_true(first > 0);
    wi_backlog_answered(&backlog, 1800); /* slower */
    assert_true(wi_backlog_expected_wait(&backlog, 1800) > first);
}

TEST(answers_count_only_while_work_waits)
{
    struct wi_backlog backlog = {0};

    wi_backlog_answered(&backlog, 10);
    wi_backlog_answered(&backlog, 20);
    wi_backlog_set(&backlog, 2, 100);
    assert_true(wi_backlog_expected_wait(&backlog, 100) < 0);
    wi_backlog_answered(&backlog, 110);
    wi_backlog_set(&backlog, 0, 120);
    wi_backlog_set(&backlog, 2, 5000);
    wi_backlog_answered(&backlog, 5100); /* the time without waiting work is no interval */
    assert_true(wi_backlog_expected_wait(&backlog, 5100) < 0);
}
