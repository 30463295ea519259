/* Jobs whose answers come in parts: what reaches the client, whatever becomes of the attempts. */
#include "one_stream.h"

#include "work/job/parts.h"

/* ---------------------------------------------------------------- without trouble */

FIXTURE(set_up, tear_down)

TEST(parts_come_before_the_end)
{
    open_stream();
    assert_int_equal(fixture->wants_stream, 1);
    assert_int_equal(fixture->wants_more, 0);
    assert_int_equal(fixture->is_stream, 1);
    assert_string_equal(fixture->from, "");
    bring(0, "a");
    bring(1, "b");
    assert_int_equal(fixture->answers, 0);
    json_t *json = wi_jobs_describe(fixture->jobs, "job-1");
    assert_int_equal(json_integer_value(json_object_get(json, "parts")), 2);
    json_decref(json);
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_true(fixture->last.first_part_ms >= 0);
    assert_string_equal(seen.text, "ab");
    assert_int_equal(counters().streams, 1);
    assert_int_equal(counters().parts, 2);
    assert_int_equal(counters().continued, 0);
}

TEST(an_answer_without_parts_is_a_stream_too)
{
    open_stream();
    end_stream(0);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_true(fixture->last.first_part_ms == 0);
}

TEST(one_that_waits_knows_its_place)
{
    fixture->room = 0;
    submit("job-0");
    open_stream();
    assert_int_equal(wi_jobs_position(fixture->jobs, "job-0"), 2); /* it is less urgent */
    assert_int_equal(wi_jobs_position(fixture->jobs, "job-1"), 1);
    assert_int_equal(wi_jobs_position(fixture->jobs, "job-2"), 0);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(wi_jobs_position(fixture->jobs, "job-0"), 1);
    assert_int_equal(wi_jobs_position(fixture->jobs, "job-1"), 0);
    wi_jobs_abort(fixture->jobs);
}

TEST(it_is_held_up_while_no_node_computes_it)
{
    fixture->room = 0;
    open_stream();
    assert_true(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_true(wi_jobs_is_held_up(fixture->jobs, "job-1")); /* it waits there */
    tell_phase("loading");
    assert_true(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    tell_phase("queued");
    assert_true(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    tell_phase("prompt");
    assert_false(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    bring(0, "a");
    assert_false(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    fixture->away = 1;
    assert_true(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    fixture->away = 0;
    lose(0);
    assert_int_equal(fixture->dispatched, 2);
    assert_true(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    bring(1, "b");
    assert_false(wi_jobs_is_held_up(fixture->jobs, "job-1"));
    end_stream(2);
    assert_false(wi_jobs_is_held_up(fixture->jobs, "job-1")); /* there is none such */
    submit("job-2");
    assert_false(wi_jobs_is_held_up(fixture->jobs, "job-2"));
    answer_ok(fixture->attempt);
}

TEST(what_is_no_stream_asks_for_none)
{
    submit("job-1");
    assert_int_equal(fixture->wants_stream, 0);
    assert_int_equal(fixture->is_stream, 0);
    json_t *json = wi_jobs_describe(fixture->jobs, "job-1");
    assert_null(json_object_get(json, "parts"));
    json_decref(json);
    bring(0, "which nobody asked for");
    assert_int_equal(counters().late_parts, 1);
    wi_jobs_took(fixture->jobs, "job-1", &(struct wi_credit){1, 1});
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
}

TEST(progress_is_told_before_the_first_part)
{
    open_stream();
    tell_progress();
    assert_int_equal(seen.progress, 1);
    bring(0, "a");
    tell_progress();
    assert_int_equal(seen.progress, 1);
    end_stream(1);
}

TEST(the_client_may_leave_at_a_part)
{
    open_stream();
    seen.leaves = 1;
    bring(0, "a");
    assert_int_equal(fixture->cancelled, 1);
    assert_int_equal(fixture->answers, 0);
    bring(1, "b");
    assert_int_equal(seen.next, 1);
    assert_int_equal(counters().late_parts, 1);
    assert_int_equal(counters().cancelled, 1);
}

/* ---------------------------------------------------------------- credit */

TEST(what_the_client_takes_is_granted)
{
    open_stream();
    bring_many(31);
    wi_jobs_took(fixture->jobs, "job-1", &(struct wi_credit){10, 0});
    assert_int_equal(fixture->credits, 0);
    wi_jobs_took(fixture->jobs, "job-1", &(struct wi_credit){31, 0});
    assert_int_equal(fixture->credits, 1);
    assert_int_equal(fixture->credit.parts, 63);
    wi_jobs_took(fixture->jobs, "job-2", &(struct wi_credit){31, 0});
    lose(0);
    assert_string_equal(fixture->attempt, "job-1.2");
    bring_many(20);
    wi_jobs_took(fixture->jobs, "job-1", &(struct wi_credit){51, 0});
    assert_int_equal(fixture->credits, 1);
    assert_int_equal(fixture->credit.parts, 52);
    end_stream(51);
    assert_int_equal(fixture->last.code, WI_OK);
}

TEST(nothing_is_granted_while_no_attempt_runs)
{
    open_stream();
    bring_many(32);
    fixture->room = -1;
    lose(0);
    fixture->credits = 0;
    wi_jobs_took(fixture->jobs, "job-1", &(struct wi_credit){32, 0});
    assert_int_equal(fixture->credits, 0);
    wi_jobs_cancel(fixture->jobs, "job-1");
}

/* ---------------------------------------------------------------- going on elsewhere */

TEST(goes_on_elsewhere_where_it_ended)
{
    open_stream();
    bring(0, "one ");
    bring(1, "two ");
    lose(1);
    assert_int_equal(fixture->wants_more, 1);
    assert_string_equal(fixture->avoid, "node-1");
    assert_string_equal(fixture->from, "2 one two  ");
    bring_from("job-1.1", 2, "late ");
    bring(2, "three");
    end_stream(3);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 2);
    assert_string_equal(seen.text, "one two three");
    assert_int_equal(counters().late_parts, 1);
    assert_int_equal(counters().continued, 1);
    assert_int_equal(counters().parts, 3);
}

TEST(begins_again_as_long_as_it_has_no_part)
{
    open_stream();
    lose(1);
    assert_int_equal(fixture->wants_more, 0);
    assert_string_equal(fixture->from, "");
    assert_int_equal(counters().continued, 0);
    lose(1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED); /* as any poison */
}

TEST(a_repetition_does_not_reach_the_client)
{
    open_stream();
    bring(0, "a");
    bring(0, "a");
    bring(2, "c");
    bring(1, "b");
    assert_string_equal(seen.text, "ab");
    assert_int_equal(counters().late_parts, 2);
    end_stream(2);
}

TEST(attempts_that_brought_a_part_cost_no_retry)
{
    open_stream();
    for (int i = 0; i < 6; i++) {
        bring_many(1);
        if (i % 2)
            lose(1); /* nor is it poison */
        else
            answer_failure(WI_INTERNAL, 1);
        assert_int_equal(fixture->answers, 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fixture->answers, 0);
        answer_failure(WI_INTERNAL, 1);
    }
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 10);
}

TEST(a_part_clears_it_of_what_broke_before)
{
    open_stream();
    for (int i = 0; i < 2; i++) {
        bring_many(1);
        lose(1); /* as when all browsers are killed: this one … */
        lose(1); /* … and the one where it has just gone on */
        assert_int_equal(fixture->answers, 0);
    }
    lose(1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED); /* two in a row */
}

TEST(but_the_ceiling_of_attempts_holds)
{
    open_stream();
    for (int i = 0; i < 16; i++) {
        assert_int_equal(fixture->answers, 0);
        bring_many(1);
        lose(1);
    }
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 16);
    assert_int_equal(seen.next, 16);
}

TEST(is_interrupted_where_nothing_can_go_on)
{
    open_stream();
    bring(0, "a");
    fixture->pick = WI_PICK_NEVER;
    lose(0);
    assert_int_equal(fixture->last.code, WI_STREAM_INTERRUPTED);
    assert_non_null(strstr(fixture->last.error.detail, "no browser is installed"));
}

static void bring_answer(uint64_t seq, unsigned index, const char *text)
{
    const struct wi_part part = {
        .seq = seq, .index = index, .text = text, .text_length = strlen(text)};
    events()->on_part(events()->context, fixture->attempt, &part);
}

TEST(several_answers_go_on_elsewhere)
{
    open_stream();
    bring_answer(0, 0, "one");
    assert_int_equal(fixture->wants_several, 0);
    bring_answer(1, 1, "another");
    bring_answer(2, 0, " more");
    lose(1);
    assert_int_equal(fixture->wants_more, 1);
    assert_int_equal(fixture->wants_several, 1);
    assert_string_equal(fixture->from, "3 one moreanother ");
    bring_answer(3, 1, ", too");
    end_stream(4);
    assert_int_equal(fixture->last.code, WI_OK);
}

/* It is told to the next node joined, for which there is no memory now. */
TEST(several_answers_wait_until_there_is_memory_to_go_on)
{
    open_stream();
    bring_answer(0, 0, "one");
    bring_answer(1, 1, "another");
    fixture->budget.limit = fixture->budget.used;
    lose(1);
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(fixture->answers, 0);
    fixture->budget.limit = 1 << 30;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 2);
    assert_string_equal(fixture->from, "2 oneanother ");
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
}

TEST(the_first_of_several_goes_on_where_all_can)
{
    open_asking(60000, 30000, json_pack("{s:i}", "n", 2));
    bring_answer(0, 0, "one");
    lose(1);
    assert_int_equal(fixture->wants_several, 1);
    bring_answer(1, 1, "another");
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
}

TEST(is_interrupted_where_it_is_too_much_to_tell)
{
    open_stream();
    bring_answer(0, WI_PARTS_ANSWERS, "b");
    lose(0);
    assert_int_equal(fixture->last.code, WI_STREAM_INTERRUPTED);
    assert_int_equal(fixture->dispatched, 1);
}

TEST(is_interrupted_where_the_rest_cannot_be_sent)
{
    open_stream();
    bring(0, "a");
    fixture->dispatch_code = WI_BODY_TOO_LARGE;
    lose(0);
    assert_int_equal(fixture->last.code, WI_STREAM_INTERRUPTED);
}

TEST(the_models_own_failure_is_its_end)
{
    open_stream();
    bring(0, "a");
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_int_equal(fixture->last.code, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->dispatched, 1);
}

static int idle;

static void on_idle(void *context)
{
    idle++;
}

TEST(may_end_while_the_service_does)
{
    open_stream();
    bring(0, "a");
    idle = 0;
    wi_jobs_drain(fixture->jobs, on_idle, NULL);
    bring(1, "b");
    assert_int_equal(idle, 0);
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(idle, 1);
}

TEST(but_goes_nowhere_else_then)
{
    open_stream();
    bring(0, "a");
    idle = 0;
    wi_jobs_drain(fixture->jobs, on_idle, NULL);
    lose(0);
    assert_int_equal(fixture->last.code, WI_SHUTTING_DOWN);
}
