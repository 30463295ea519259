/* Cross-checks: which answers of nodes that joined are computed again, and what waits to be. */
#include "cross_fixture.h"

FIXTURE(set_up, tear_down)

/* ---------------------------------------------------------------- which answers */

/* So many answers of one node; gives how many of them were computed again. */
static uint64_t checked_of(size_t answers)
{
    uint64_t before = counters().agreed;
    for (size_t i = 0; i < answers; i++)
        client();
    return counters().agreed - before;
}

TEST(the_first_three_of_each_node_are_computed_again)
{
    the.config.pool.recheck_strangers = 1e-12;
    assert_int_equal(checked_of(10), 3);
    snprintf(the.stranger.info.id, WI_ID_SIZE, "node-t");
    assert_int_equal(checked_of(10), 3);
    assert_int_equal(the.answered, 20);
}

/* Else whoever comes and goes would take memory for ever. */
TEST(of_nodes_that_are_gone_nothing_is_remembered)
{
    the.config.pool.recheck_strangers = 1e-12;
    assert_int_equal(checked_of(4), 3);
    for (int i = 0; i < 1100; i++) {
        snprintf(the.stranger.info.id, WI_ID_SIZE, "node-%d", i);
        client();
    }
    assert_int_equal(checked_of(4), 2); /* the last of them is there, and its first was one */
    snprintf(the.stranger.info.id, WI_ID_SIZE, "node-s");
    assert_int_equal(checked_of(4), 3);
}

/* Of 2,000 drawn by halves the deviation is 22: ten times that never comes. */
TEST(of_the_others_a_share_is)
{
    the.config.pool.recheck_strangers = 0.5;
    uint64_t checked = checked_of(2003) - 3;
    assert_in_range(checked, 1000 - 220, 1000 + 220);
}

TEST(of_all_or_none_each_is_or_none)
{
    assert_int_equal(checked_of(20), 20);
    the.config.pool.recheck_strangers = 0;
    snprintf(the.stranger.info.id, WI_ID_SIZE, "node-t");
    assert_int_equal(checked_of(20), 0);
}

TEST(a_browser_of_ours_is_the_guards_business)
{
    snprintf(the.stranger.info.session, WI_ID_SIZE, "session-s");
    assert_int_equal(checked_of(5), 0);
}

TEST(nor_is_what_has_no_right_answer)
{
    snprintf(the.model.facts.signature.random, sizeof the.model.facts.signature.random, "Dropout");
    assert_int_equal(checked_of(5), 0);
    the.model.facts.signature.random[0] = '\0';
    the.simulated = 1;
    assert_int_equal(checked_of(5), 0);
    the.simulated = 0;
    the.model.builtin = WI_BUILTIN_ECHO;
    assert_int_equal(checked_of(5), 0);
}

/* What such a platform computes may be wrong on every machine. */
TEST(a_platform_that_is_not_known_to_be_right_is_the_guards)
{
    the.answers_on = WI_WEBGPU;
    the.stranger.value = 3;
    client();
    assert_int_equal(the.condemned, 0);
    assert_int_equal(counters().agreed + counters().wrong, 0);
}

/* ---------------------------------------------------------------- under load */

TEST(what_waits_is_bounded_and_the_oldest_goes)
{
    the.busy = 1;
    the.count = MIB / sizeof(float);
    for (int i = 0; i < 100; i++) {
        client();
        assert_true(counters().bytes <= 64 * MIB);
    }
    struct wi_cross_counters held = counters();
    assert_int_equal(the.answered, 100);
    assert_in_range(held.waiting, 20, 64);
    assert_int_equal(held.dropped, 100 - held.waiting);
    /* A lie among the oldest has gone; one among the others is found. */
    the.stranger.value = 3;
    client();
    the.busy = 0;
    wi_jobs_pool_events(the.jobs)->on_capacity(the.jobs);
    settle();
    assert_int_equal(the.condemned, 1);
    assert_int_equal(counters().bytes, 0);
}

TEST(what_has_no_room_at_all_is_dropped)
{
    the.count = 33 * MIB / sizeof(float);
    client();
    assert_int_equal(counters().dropped, 1);
    assert_int_equal(counters().bytes, 0);
}

TEST(the_end_may_come_while_some_wait)
{
    the.busy = 1;
    client();
    client();
    the.busy = 0;
    the.count = 200000;
    submit(WI_TASK_NONE);
}

TEST(the_end_may_come_while_one_is_compared)
{
    the.count = 200000;
    submit(WI_TASK_NONE);
    uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[0]);
    while (the.sent_count < 2)
        uv_run(&the.loop, UV_RUN_NOWAIT);
    answer(&the.sent[1]); /* what follows is compared off the loop */
    assert_int_equal(counters().waiting, 1);
}
