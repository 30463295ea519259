/* What ended badly at one node and well at another, and for which of them that counts. */
#include "one_stream.h"

static void check_found(int count)
{
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->found.count, count);
    if (count == 0)
        return;
    assert_int_equal(fixture->found.kind, WI_EVIDENCE_DISPUTED);
    assert_string_equal(fixture->found.node, "node-1");
}

static void tell_late(void)
{
    events()->on_late(events()->context, fixture->attempt, "it has had half of the time");
}

FIXTURE(set_up, tear_down)

TEST(a_loss_counts_once_another_has_answered)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    lose(WI_BLAME_NONE);
    assert_int_equal(fixture->found.count, 0);
    answer_ok(fixture->attempt);
    check_found(1);
}

TEST(it_is_certain_where_a_browser_of_ours_has_answered)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    lose(WI_BLAME_NONE);
    fixture->ours = 1;
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->found.count, 1);
    assert_int_equal(fixture->found.kind, WI_EVIDENCE_ENDING);
    assert_string_equal(fixture->found.node, "node-1");
}

TEST(not_where_the_same_has_answered)
{
    submit("job-1");
    lose(WI_BLAME_NONE);
    answer_ok(fixture->attempt);
    check_found(0);
}

TEST(nor_where_nobody_has)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    lose(WI_BLAME_NONE);
    answer_failure(WI_GRAMMAR_TOO_COSTLY, 0);
    assert_int_equal(fixture->found.count, 0);
}

TEST(nor_of_a_node_of_ours)
{
    fixture->ours = 1;
    fixture->elsewhere = "node-2";
    submit("job-1");
    lose(WI_BLAME_NONE);
    answer_ok(fixture->attempt);
    check_found(0);
}

TEST(what_a_node_says_of_itself_is_no_bad_end)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    answer_failure(WI_INFERENCE_FAILED, 1);
    answer_ok(fixture->attempt);
    check_found(0);
}

TEST(a_stream_that_is_lost_in_the_middle_counts)
{
    fixture->elsewhere = "node-2";
    open_stream();
    bring(0, "a");
    lose(WI_BLAME_NONE);
    end_stream(1);
    check_found(1);
}

TEST(each_node_that_lost_it_is_found)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    lose(WI_BLAME_NONE); /* at node-1; next at node-2, and at node-1 again */
    lose(WI_BLAME_NONE);
    fixture->elsewhere = "node-3";
    lose(WI_BLAME_NONE);
    assert_string_equal(fixture->sent_to, "node-3");
    answer_ok(fixture->attempt);
    check_found(3);
}

/* ---------------------------------------------------------------- what takes too long */

TEST(what_is_late_goes_where_there_is_room)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    tell_late();
    assert_int_equal(fixture->dispatched, 2);
    assert_string_equal(fixture->sent_to, "node-2");
    assert_string_equal(fixture->cancelled_for, "stalled");
    answer_ok(fixture->attempt);
    check_found(1);
    assert_int_equal(fixture->last.attempts, 2);
}

TEST(where_there_is_none_it_stays)
{
    submit("job-1");
    tell_late();
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(fixture->cancelled, 0);
    answer_ok(fixture->attempt);
    check_found(0);
}

TEST(it_is_moved_once)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    tell_late();
    fixture->elsewhere = "node-3";
    tell_late();
    assert_int_equal(fixture->dispatched, 2);
    answer_ok(fixture->attempt);
    check_found(1);
}

TEST(a_stream_that_has_parts_is_watched_by_its_silence)
{
    fixture->elsewhere = "node-2";
    open_stream();
    bring(0, "a");
    tell_late();
    assert_int_equal(fixture->dispatched, 1);
    end_stream(1);
}

TEST(one_that_has_none_begins_elsewhere)
{
    fixture->elsewhere = "node-2";
    open_stream();
    tell_progress();
    tell_late();
    assert_int_equal(fixture->dispatched, 2);
    end_stream(0);
    check_found(1);
}

TEST(nothing_is_moved_while_the_service_ends)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    wi_jobs_drain(fixture->jobs, NULL, NULL);
    tell_late();
    assert_int_equal(fixture->dispatched, 1);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
}
