/* What a joined node calls a request's end is asked of a second one. */
#include "one_stream.h"

/* The first node says so, and another has room. */
static void refuse(enum wi_code code)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    answer_failure(code, 0);
}

static void refuse_at_both(enum wi_code first, enum wi_code second)
{
    refuse(first);
    assert_int_equal(fixture->answers, 0);
    answer_failure(second, 0);
    assert_int_equal(fixture->answers, 1);
}

/* Its client hears it at once. */
static void check_is_final(enum wi_code code)
{
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, code);
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(fixture->found.count, 0);
}

FIXTURE(set_up, tear_down)

TEST(what_the_second_answers_is_the_answer)
{
    refuse(WI_INFERENCE_FAILED);
    assert_int_equal(fixture->answers, 0);
    assert_true(fixture->wants_second);
    assert_string_equal(fixture->avoid, "node-1");
    assert_string_equal(fixture->attempt, "job-1.2");
    fixture->ours = 1;
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_string_equal(fixture->last.node, "node-2");
    assert_int_equal(fixture->last.attempts, 2);
    assert_int_equal(fixture->found.count, 1);
    assert_int_equal(fixture->found.kind, WI_EVIDENCE_ENDING);
    assert_string_equal(fixture->found.node, "node-1");
}

TEST(where_it_fails_too_its_error_is_heard_and_nothing_found)
{
    refuse_at_both(WI_MODEL_INVALID, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->last.code, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->last.attempts, 2);
    assert_int_equal(fixture->last.error.failures.count, 1);
    assert_string_equal(fixture->last.error.failures.rows[0].node, "node-1");
    assert_int_equal(fixture->dispatched, 2);
    assert_int_equal(fixture->found.count, 0);
}

/* What a client has sent may be why the one refuses what the other takes. */
TEST(what_is_said_of_an_input_is_a_suspicion)
{
    refuse(WI_PICTURE_INVALID);
    fixture->ours = 1;
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->found.count, 1);
    assert_int_equal(fixture->found.kind, WI_EVIDENCE_CLIENT_INPUT);
}

TEST(one_stranger_is_no_proof_against_another)
{
    refuse(WI_INFERENCE_FAILED);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->found.count, 1);
    assert_int_equal(fixture->found.kind, WI_EVIDENCE_DISPUTED);
    assert_string_equal(fixture->found.node, "node-1");
}

TEST(so_is_what_a_node_cannot_run)
{
    refuse(WI_OPERATOR_UNSUPPORTED);
    fixture->ours = 1;
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->found.kind, WI_EVIDENCE_CLIENT_INPUT);
}

TEST(a_node_of_ours_is_believed)
{
    fixture->ours = 1;
    refuse(WI_INFERENCE_FAILED);
    check_is_final(WI_INFERENCE_FAILED);
}

TEST(what_costs_as_much_again_is_not_asked)
{
    refuse(WI_GRAMMAR_TOO_COSTLY);
    check_is_final(WI_GRAMMAR_TOO_COSTLY);
}

TEST(nor_is_what_there_is_no_time_for)
{
    refuse(WI_DEADLINE_EXCEEDED);
    check_is_final(WI_DEADLINE_EXCEEDED);
}

TEST(where_no_other_is_there_it_is_heard_at_once)
{
    submit("job-1");
    answer_failure(WI_INFERENCE_FAILED, 0);
    check_is_final(WI_INFERENCE_FAILED);
}

TEST(where_none_is_ready_nobody_waits_for_one)
{
    fixture->elsewhere = "node-2";
    fixture->room = 1;
    submit("job-1");
    fixture->room = -1;
    answer_failure(WI_INFERENCE_FAILED, 0);
    check_is_final(WI_INFERENCE_FAILED);
    assert_int_equal(counters().waiting, 0);
}

TEST(nor_for_one_that_cannot_be_sent_anything)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    fixture->busy = 1;
    answer_failure(WI_INFERENCE_FAILED, 0);
    check_is_final(WI_INFERENCE_FAILED);
}

TEST(only_one_is_asked)
{
    refuse_at_both(WI_INFERENCE_FAILED, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->dispatched, 2);
}

/* ---------------------------------------------------------------- without an opinion */

static void check_first_is_heard(void)
{
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_MODEL_INVALID);
    assert_int_equal(fixture->last.attempts, 2);
    assert_int_equal(fixture->dispatched, 2);
    assert_int_equal(fixture->found.count, 0);
}

TEST(the_first_is_heard_where_the_second_is_lost)
{
    refuse(WI_MODEL_INVALID);
    lose(WI_BLAME_ALONE);
    check_first_is_heard();
}

TEST(and_where_it_breaks)
{
    refuse(WI_MODEL_INVALID);
    answer_failure(WI_INFERENCE_FAILED, 1);
    check_first_is_heard();
}

TEST(and_where_it_gives_the_request_back)
{
    refuse(WI_MODEL_INVALID);
    give_back();
    check_first_is_heard();
}

TEST(and_where_the_deadline_passes)
{
    fixture->elsewhere = "node-2";
    assert_int_equal(submit_as("job-1", NULL, 5, 50, NULL), WI_OK);
    answer_failure(WI_MODEL_INVALID, 0);
    while (fixture->answers == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    check_first_is_heard();
    assert_int_equal(fixture->cancelled, 1);
}

TEST(a_client_may_withdraw_it_meanwhile)
{
    refuse(WI_MODEL_INVALID);
    assert_int_equal(counters().running, 1);
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-1"), WI_OK);
    assert_int_equal(fixture->last.code, WI_CANCELLED);
    assert_int_equal(fixture->cancelled, 1);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->answers, 1);
}

TEST(nothing_else_moves_it)
{
    refuse(WI_MODEL_INVALID);
    fixture->elsewhere = "node-3";
    events()->on_held_up(events()->context, fixture->attempt, "another's grammar");
    events()->on_late(events()->context, fixture->attempt, "it is late");
    assert_int_equal(fixture->dispatched, 2);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
}

/* ---------------------------------------------------------------- of which requests */

static void submit_asked(struct wi_inference *asked)
{
    struct wi_job_spec spec = {.id = "job-1", .asked = asked, .accepted_at = wi_now_ms()};
    asked->model = wi_model_ref(&fixture->model);
    asked->timeout_ms = 60000;
    fixture->elsewhere = "node-2";
    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
    answer_failure(WI_INFERENCE_FAILED, 0);
    check_is_final(WI_INFERENCE_FAILED);
}

TEST(what_names_its_node_is_for_that_alone)
{
    struct wi_inference *asked = wi_inference_new();
    asked->node = strdup("node-1");
    submit_asked(asked);
}

TEST(what_is_measured_is_no_question)
{
    struct wi_inference *asked = wi_inference_new();
    asked->benchmark.runs = 3;
    submit_asked(asked);
}

static void ignore_dispatch(void *context, const struct wi_job_spec *spec, const char *node_id)
{
}

TEST(what_runs_beside_the_clients_asks_nobody)
{
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000),
        .accepted_at = wi_now_ms()};
    fixture->elsewhere = "node-2";
    assert_int_equal(
        wi_jobs_submit_shadow(fixture->jobs, &spec, ignore_dispatch, on_done, NULL, NULL), WI_OK);
    answer_failure(WI_INFERENCE_FAILED, 0);
    check_is_final(WI_INFERENCE_FAILED);
}

TEST(where_nothing_is_tried_twice_neither_is_this)
{
    fixture->config.pool.max_retries = 0;
    refuse(WI_INFERENCE_FAILED);
    check_is_final(WI_INFERENCE_FAILED);
}

TEST(a_service_that_ends_asks_nobody_else)
{
    fixture->elsewhere = "node-2";
    submit("job-1");
    wi_jobs_drain(fixture->jobs, NULL, NULL);
    answer_failure(WI_INFERENCE_FAILED, 0);
    check_is_final(WI_INFERENCE_FAILED);
}

/* ---------------------------------------------------------------- a client's share */

TEST(a_tenth_of_a_clients_requests_is_asked_in_vain)
{
    fixture->elsewhere = "node-2";
    for (int i = 0; i < 100; i++) {
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", i);
        submit(id);
        answer_failure(WI_INFERENCE_FAILED, 0);
        if (fixture->answers == i)
            answer_failure(WI_INFERENCE_FAILED, 0);
        assert_int_equal(fixture->answers, i + 1);
    }
    assert_int_equal(fixture->dispatched, 110);
}

TEST(what_comes_out_well_takes_none_of_it)
{
    fixture->elsewhere = "node-2";
    for (int i = 0; i < 100; i++) {
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", i);
        submit(id);
        answer_failure(WI_INFERENCE_FAILED, 0);
        answer_ok(fixture->attempt);
        assert_int_equal(fixture->last.code, WI_OK);
    }
    assert_int_equal(fixture->found.count, 100);
}

TEST(what_is_withdrawn_takes_its_part)
{
    refuse(WI_INFERENCE_FAILED);
    wi_jobs_abandon(fixture->jobs, "job-1");
    refuse(WI_INFERENCE_FAILED);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->dispatched, 3);
}

/* ---------------------------------------------------------------- streams */

TEST(a_stream_without_a_part_begins_again_there)
{
    fixture->elsewhere = "node-2";
    open_stream();
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_string_equal(fixture->from, "");
    assert_true(fixture->is_stream);
    bring(0, "a");
    end_stream(1);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_string_equal(seen.text, "a");
}

TEST(one_with_parts_goes_on_there)
{
    fixture->elsewhere = "node-2";
    open_stream();
    bring(0, "a");
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_string_equal(fixture->from, "1 a ");
    bring(1, "b");
    end_stream(2);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_string_equal(seen.text, "ab");
    assert_int_equal(fixture->found.count, 1);
}

TEST(one_that_cannot_go_on_ends)
{
    fixture->elsewhere = "node-2";
    open_asking(60000, 30000, json_pack("{s:i}", "temperature", 1));
    bring(0, "a");
    answer_failure(WI_INFERENCE_FAILED, 0);
    check_is_final(WI_INFERENCE_FAILED);
}
