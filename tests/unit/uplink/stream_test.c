/* The parts of a stream of the own daemon, one to one, as the borrowing daemon gives credit. */
#include "played.h"

static struct {
    struct wi_budget budget;
    struct wi_uplink_run run;
    struct wi_worker_task task;
    struct wi_uplink_task own;
} test;

static void stream_begin(uint64_t next)
{
    test.budget.limit = 1 << 20;
    test.run.budget = &test.budget;
    test.task.worker = &played.worker;
    test.task.next = next;
    strcpy(test.task.id, "att-1");
    test.own.run = &test.run;
    test.own.task = &test.task;
    test.own.status = 200;
    played.credit = 100;
    wi_uplink_stream_begin(&test.own);
}

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    stream_begin(0);
    return 0;
}

static int tear_down(void **state)
{
    wi_uplink_stream_clear(&test.own);
    forget_played();
    return 0;
}

FIXTURE(set_up, tear_down)

static int take(const char *text)
{
    int result = wi_uplink_stream_take(&test.own, text, strlen(text));
    wi_uplink_stream_flush(&test.own);
    return result;
}

#define PART(seq) "event: part\ndata: {\"seq\":" #seq ",\"index\":0,\"text\":\"p\"}\n\n"
#define DONE(parts)                                                                                \
    "event: done\ndata: {\"id\":\"att-1\",\"outputs\":[],\"parts\":" #parts                        \
    ",\"executed_on\":{\"platform\":\"wasm\"},\"result\":{\"n\":1}}\n\n"

TEST(parts_pass_one_to_one_without_their_numbers)
{
    assert_int_equal(
        take("event: part\ndata: {\"seq\":0,\"text\":\"a\\u0000\\\"b\",\"tokens\":[1]}\n\n"
             "event: part\ndata: {\"seq\":1,\"result\":{\"x\":1}}\n\n"),
        0);
    assert_int_equal(played.count, 2);
    assert_string_equal(played.said[0], "part \"text\":\"a\\u0000\\\"b\",\"tokens\":[1]");
    assert_string_equal(played.said[1], "part \"result\":{\"x\":1}");
    assert_int_equal(played.part_bytes, 4 + strlen("{\"x\":1}"));
}

TEST(events_may_come_byte_by_byte)
{
    static const char text[] = ": hello\n\n" PART(0) PART(1) DONE(2);
    for (size_t i = 0; i < sizeof text - 1; i++)
        assert_int_equal(wi_uplink_stream_take(&test.own, text + i, 1), 0);
    wi_uplink_stream_flush(&test.own);
    assert_int_equal(test.task.next, 2);
    assert_int_equal(played.answers, 1);
    assert_string_equal(played.code, "");
    assert_int_equal(json_integer_value(json_object_get(played.result, "n")), 1);
    assert_string_equal(played.executed_on, "{\"platform\":\"wasm\"}");
}

/* The end waits behind the parts. */
TEST(nothing_goes_without_credit)
{
    played.credit = 1;
    assert_int_equal(take(PART(0) PART(1) PART(2) DONE(3)), 0);
    assert_int_equal(played.count, 1);
    assert_int_equal(played.answers, 0);
    assert_false(wi_uplink_stream_flush(&test.own));
    played.credit = 1;
    assert_false(wi_uplink_stream_flush(&test.own));
    assert_int_equal(played.count, 2);
    played.credit = 1;
    assert_true(wi_uplink_stream_flush(&test.own));
    assert_int_equal(played.count, 3);
    assert_int_equal(played.answers, 1);
}

TEST(a_continuation_begins_behind_what_there_was)
{
    wi_uplink_stream_clear(&test.own);
    memset(&test, 0, sizeof test);
    stream_begin(7);
    assert_int_equal(take(PART(7) DONE(8)), 0);
    assert_string_equal(played.code, "");
    assert_int_equal(test.task.next, 8);
}

TEST(parts_out_of_order_end_it)
{
    static const char *const texts[] = {PART(1), PART(-1), "event: part\ndata: {\"seq\":\"0\"}\n\n",
        "event: part\ndata: {}\n\n", "event: part\ndata: [\n\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        test.own.failure = (struct wi_error){0};
        assert_int_equal(take(texts[i]), -1);
        assert_int_equal(test.own.failure.code, WI_STREAM_INTERRUPTED);
        assert_non_null(strstr(test.own.failure.detail, "a part out of its order"));
    }
    assert_int_equal(played.count, 0);
    test.own.failure = (struct wi_error){0};
    assert_int_equal(take(PART(0) PART(0)), -1);
    assert_int_equal(take(PART(1)), -1); /* it stays so */
}

/* What the borrowing daemon would take amiss, or for another task's, does not reach it. */
TEST(odd_parts_and_progress_do_not_pass)
{
    assert_int_equal(
        take("event: part\ndata: {\"seq\":0,\"attempt_id\":\"att-2\",\"text\":\"a\"}\n\n"), 0);
    assert_string_equal(played.said[0], "part \"text\":\"a\"");
    assert_int_equal(
        take("event: progress\ndata: {\"phase\":\"loading\",\"loaded_bytes\":-1}\n\n"
             "event: progress\ndata: {\"phase\":\"loading\",\"total_bytes\":1.5}\n\n"
             "event: progress\ndata: {\"phase\":\"loading\",\"done\":\"1\"}\n\n"
             "event: progress\ndata: {\"phase\":\"loading\",\"total\":1e16}\n\n"
             "event: progress\ndata: {\"phase\":\"\"}\n\n"
             "event: progress\ndata: {\"phase\":\"123456789012345678901234567890123\"}\n\n"),
        0);
    assert_int_equal(played.count, 1);
    assert_int_equal(take("event: part\ndata: {\"seq\":1,\"attempt_id\":\"att-2\"}\n\n"), -1);
    assert_non_null(strstr(test.own.failure.detail, "a part without contents"));
    assert_int_equal(played.count, 1);
}

TEST(nothing_comes_behind_the_end)
{
    assert_int_equal(take(DONE(0) PART(0)), -1);
    assert_non_null(strstr(test.own.failure.detail, "an event behind the last one"));
}

TEST(an_end_with_another_number_of_parts_is_none)
{
    take(PART(0) DONE(2));
    assert_string_equal(played.code, "stream_interrupted");
    assert_true(played.retryable);
    assert_non_null(strstr(played.detail, "another number of parts"));
}

TEST(an_end_of_another_request_is_none)
{
    take("event: done\ndata: {\"id\":\"att-2\",\"outputs\":[],\"parts\":0,\"executed_on\":{}}\n\n");
    assert_string_equal(played.code, "stream_interrupted");
    assert_true(played.retryable);
}

TEST(an_end_that_does_not_fit_the_memory_is_tried_elsewhere)
{
    test.budget.limit = 1;
    take(DONE(0));
    assert_string_equal(played.code, "memory_budget");
    assert_true(played.retryable);
}

TEST(an_error_is_as_the_daemon_says)
{
    take(PART(0) "event: error\ndata: "
                 "{\"code\":\"input_invalid\",\"status\":422,\"detail\":\"odd\"}\n\n");
    assert_string_equal(played.code, "input_invalid");
    assert_false(played.retryable);
    assert_string_equal(played.detail, "odd");
}

TEST(progress_passes_but_for_the_place_in_the_queue)
{
    assert_int_equal(take("event: progress\ndata: {\"phase\":\"queued\",\"queue_position\":1}\n\n"
                          "event: progress\ndata: {\"phase\":\"loading\",\"bytes\":3}\n\n"
                          "event: progress\ndata: {\n\n"
                          "event: something\ndata: {\"seq\":9}\n\n"),
        0);
    assert_int_equal(played.count, 2);
    assert_string_equal(played.said[0], "task_progress \"phase\":\"queued\"");
    assert_string_equal(played.said[1], "task_progress \"phase\":\"loading\",\"bytes\":3");
}
