/* When the end of a run is told, and with what came of it. */
#include "one_run.h"

TEST(tells_once_that_an_accepted_request_has_ended)
{
    static const char named[] = "{\"id\":\"mine\",\"publish\":true,"
                                "\"model_name\":\"builtin/echo\",\"inputs\":[{\"name\":\"x\","
                                "\"datatype\":\"FP32\",\"shape\":[1],\"data\":[1]}]}";
    begin(body);
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "done ");
    assert_string_equal(fixture->ended_model, "builtin/echo");
    assert_int_equal(strncmp(fixture->ended_id, "job-", 4), 0);
    begin(named);
    finish_job(WI_INFERENCE_FAILED);
    assert_string_equal(fixture->ends, "done public-inference_failed ");
    assert_string_equal(fixture->ended_id, "mine");
    *fixture->ends = '\0';
    begin(body);
    wi_run_abandon(WI_TAKE(fixture->run));
    fixture->has_job = 0;
    assert_string_equal(fixture->ends, "cancelled ");
    *fixture->ends = '\0';
    begin(named);
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "public-done ");
}

TEST(tells_no_end_of_what_was_not_accepted)
{
    begin("{\"model_name\":");
    fixture->admit = WI_UNAVAILABLE; /* it gets into no queue */
    begin(body);
    fixture->admit = WI_OK;
    begin_kind(WI_RUN_CHECK, body, 0);
    fixture->refuses = 1;
    begin(body);
    assert_string_equal(fixture->ends, "");
}

/* What came of it is not copied then. */
TEST(tells_no_good_end_that_is_not_heard)
{
    fixture->is_deaf = 1;
    begin(body);
    finish_job(WI_OK);
    assert_int_equal(fixture->code, WI_OK);
    assert_string_equal(fixture->ends, "");
    begin(body);
    finish_job(WI_INFERENCE_FAILED);
    assert_string_equal(fixture->ends, "inference_failed ");
}

TEST(tells_a_later_end_to_those_who_have_begun_to_listen)
{
    fixture->is_deaf = 1;
    begin_long();
    until(fixture->has_job);
    finish_job(WI_OK);
    fixture->is_deaf = 0; /* while it is printed */
    until(!fixture->run);
    assert_string_equal(fixture->ends, "done ");
    fixture->is_deaf = 1;
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    finish_job(WI_OK);
    assert_true(fixture->has_success);
}

TEST(leaves_it_to_the_owner_to_tell_the_end_of_a_stored_request)
{
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    finish_job(WI_OK);
    assert_true(fixture->has_success);
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    finish_job(WI_INFERENCE_FAILED);
    assert_false(fixture->has_success);
    begin_kind(WI_RUN_STORED, body, 1000);
    until(fixture->has_job);
    wi_run_abandon(WI_TAKE(fixture->run)); /* it is taken up again */
    fixture->has_job = 0;
    assert_string_equal(fixture->ends, "");
}

/* Its client gets an error, though the job has succeeded. */
TEST(tells_as_failed_what_there_is_no_memory_to_print)
{
    begin_long();
    until(fixture->has_job);
    fixture->is_poor = 1;
    fixture->budget.limit = 1000; /* of which it would never fit */
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "answer_too_large ");
    fixture->is_poor = 0;
    fixture->budget.limit = 1 << 24;
    begin_long();
    until(fixture->has_job);
    finish_job(WI_OK);
    assert_string_equal(fixture->ends, "answer_too_large "); /* it is being printed */
    until(!fixture->run);
    assert_string_equal(fixture->ends, "answer_too_large done ");
    begin_long();
    until(fixture->has_job);
    finish_job(WI_OK);
    wi_run_abandon(WI_TAKE(fixture->run)); /* its client left before the answer */
    assert_string_equal(fixture->ends, "answer_too_large done cancelled ");
}

TEST(tells_the_end_of_what_has_waited_for_its_model)
{
    begin("{\"model_name\":\"org/absent\",\"timeout_ms\":1,\"inputs\":[]}");
    until(!fixture->run);
    assert_string_equal(fixture->ends, "deadline_exceeded ");
    assert_string_equal(fixture->ended_model, "org/absent");
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]}");
    until(fixture->on_pull);
    wi_run_abandon(WI_TAKE(fixture->run));
    begin_in_8_bits(WI_RUN_ANSWER, "");
    end_making(WI_QUANTIZED_BADLY);
    assert_string_equal(fixture->ends, "deadline_exceeded cancelled quantized_badly ");
    fixture->deps.pulls = NULL; /* no wait begins */
    begin("{\"model_name\":\"org/absent\",\"inputs\":[]}");
    until(!fixture->run);
    assert_string_equal(fixture->ends, "deadline_exceeded cancelled quantized_badly ");
}
