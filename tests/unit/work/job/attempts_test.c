/* What becomes of a job whose attempts fail, get lost, or cannot be sent. */
#include "fixture.h"

FIXTURE(set_up, tear_down)

TEST(tries_again_elsewhere_up_to_the_limit)
{
    submit("job-1");
    for (int i = 0; i < 3; i++) {
        answer_failure(WI_INTERNAL, 1);
        assert_int_equal(fixture->answers, 0);
        assert_string_equal(fixture->avoid, "node-1");
    }
    answer_failure(WI_INTERNAL, 1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 4);
    assert_int_equal(fixture->last.error.attempts, 4);
}

TEST(does_not_retry_the_models_own_failure)
{
    submit("job-1");
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->dispatched, 1);
}

TEST(says_where_a_job_was_sent_last_however_it_ended)
{
    submit("job-1");
    answer_ok("job-1.1");
    assert_string_equal(fixture->last.place.browser, "firefox");
    submit("job-2");
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_string_equal(fixture->last.place.browser, "firefox");
    assert_int_equal(fixture->last.place.platform, WI_WASM);
    assert_true(fixture->last.place.joined);
    fixture->room = 0;
    submit("job-3");
    wi_jobs_cancel(fixture->jobs, "job-3");
    assert_string_equal(fixture->last.place.browser, "");
    fixture->room = 100;
}

TEST(a_job_that_breaks_two_nodes_alone_is_poison)
{
    submit("job-1");
    lose(1);
    assert_int_equal(fixture->answers, 0);
    lose(1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 2);
}

TEST(a_pipelined_job_loses_no_attempt_with_its_node)
{
    submit("job-1");
    for (int i = 0; i < 15; i++)
        lose(0);
    assert_int_equal(fixture->answers, 0);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 16);
    assert_int_equal(fixture->last.error.failures.count, 0);
    struct wi_job_counters counters;
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.lost, 15);
    assert_int_equal(counters.retried, 15);
}

TEST(what_a_paused_node_gives_back_was_sent_and_has_not_failed)
{
    struct wi_job_counters counters;
    fixture->config.pool.max_retries = 0;
    submit("job-1");
    give_back();
    give_back();
    assert_int_equal(fixture->answers, 0);
    assert_string_equal(fixture->avoid, ""); /* it may have it when it goes on */
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 3);
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.failed + counters.lost, 0);
    assert_int_equal(counters.retried, 2);

    submit("job-2"); /* not for ever */
    for (int i = 0; i < 4; i++)
        give_back();
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.error.failures.count, 0);
}

static void ignore_dispatch(void *context, const struct wi_job_spec *spec, const char *node_id)
{
}

TEST(a_shadow_run_that_is_given_back_ends_and_says_why)
{
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000),
        .accepted_at = wi_now_ms()};
    assert_int_equal(
        wi_jobs_submit_shadow(fixture->jobs, &spec, ignore_dispatch, on_done, NULL, NULL), WI_OK);
    give_back();
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_NODE_PAUSED);
}

static void submit_text(const char *options)
{
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000,
            .task = WI_TASK_CHAT, .options = options ? json_loads(options, 0, NULL) : NULL),
        .accepted_at = wi_now_ms()};
    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
}

TEST(what_shared_an_engine_that_broke_is_tried_alone)
{
    submit_text(NULL);
    assert_false(fixture->is_alone);
    for (int i = 0; i < 5; i++) { /* whoever breaks it, this one does not pay for it */
        break_engine(WI_BLAME_SHARED);
        assert_int_equal(fixture->answers, 0);
        assert_true(fixture->is_alone);
    }
    lose(WI_BLAME_SHARED);
    assert_true(fixture->is_alone);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 7);
}

TEST(what_breaks_two_engines_alone_is_poison)
{
    submit_text(NULL);
    break_engine(WI_BLAME_SHARED);
    break_engine(WI_BLAME_ALONE);
    assert_int_equal(fixture->answers, 0);
    break_engine(WI_BLAME_ALONE);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 3);
    assert_non_null(strstr(fixture->last.error.detail, "ran only this job"));
}

TEST(what_is_to_repeat_exactly_runs_alone)
{
    submit_text("{\"deterministic\":true}");
    assert_true(fixture->is_alone);
    answer_ok(fixture->attempt);
    submit_text("{\"deterministic\":false}");
    assert_false(fixture->is_alone);
    answer_ok(fixture->attempt);
}

TEST(but_not_without_end)
{
    submit("job-1");
    for (int i = 0; i < 16; i++) {
        assert_int_equal(fixture->answers, 0);
        lose(0);
    }
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->dispatched, 16);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    const struct wi_failures *failures = &fixture->last.error.failures;
    assert_int_equal(failures->count, 1);
    assert_string_equal(failures->rows[0].node, "node-1");
    assert_string_equal(failures->rows[0].reason, "the browser died");
    assert_int_equal(failures->rows[0].times, 16);
}

TEST(earlier_runs_of_a_stored_job_count_for_its_end)
{
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000),
        .accepted_at = wi_now_ms(),
        .earlier = 14};
    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
    lose(0);
    assert_int_equal(fixture->answers, 0);
    lose(0);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 16);
}

TEST(what_happened_is_told_of_every_failure)
{
    submit("job-1");
    lose(0);
    lose(0);
    answer_failure(WI_INTERNAL, 1);
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-1"), WI_OK);
    assert_int_equal(fixture->last.error.failures.count, 2);
    assert_int_equal(fixture->last.error.failures.rows[0].times, 2);
    assert_string_equal(fixture->last.error.failures.rows[1].reason, "it failed");
}

TEST(what_is_held_up_goes_where_there_is_room)
{
    submit_text(NULL);
    events()->on_held_up(events()->context, fixture->attempt, "another's grammar");
    assert_string_equal(fixture->avoid, "node-1");
    assert_int_equal(fixture->dispatched, 1); /* nobody else has room */
    assert_int_equal(fixture->cancelled, 0);
    events()->on_held_up(events()->context, "another attempt", "another's grammar");
    fixture->choked = 1; /* so that node-2 is chosen */
    for (int i = 0; i < 5; i++) {
        fixture->choked = 1;
        events()->on_held_up(events()->context, fixture->attempt, "another's grammar");
        fixture->choked = 0;
        events()->on_held_up(events()->context, fixture->attempt, "another's grammar");
    }
    assert_int_equal(fixture->dispatched, 11);
    assert_int_equal(fixture->cancelled, 10);
    assert_int_equal(fixture->answers, 0); /* none of them was an attempt used up */
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 11);
}

TEST(says_why_the_latest_attempt_failed)
{
    submit("job-1");
    json_t *json = wi_jobs_describe(fixture->jobs, "job-1");
    assert_null(json_object_get(json, "problem"));
    json_decref(json);
    lose(0);
    answer_failure(WI_INTERNAL, 1);
    lose(0);
    json = wi_jobs_describe(fixture->jobs, "job-1");
    assert_string_equal(json_string_value(json_object_get(json, "problem")), "the browser died");
    assert_int_equal(json_integer_value(json_object_get(json, "attempts")), 4);
    json_decref(json);
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-1"), WI_OK);
}

TEST(where_one_is_busy_another_does)
{
    fixture->busy = 1;
    submit("job-1");
    assert_int_equal(fixture->dispatched, 0);
    while (fixture->dispatched == 0 && fixture->answers == 0)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_string_equal(fixture->sent_to, "node-2");
    assert_int_equal(fixture->answers, 0);
    fixture->choked = 0;
    fixture->room = 0;
    submit("job-2");
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 2);
    assert_int_equal(fixture->answers, 0);
}

TEST(what_was_lost_together_keeps_its_order)
{
    char attempts[3][WI_ID_SIZE];
    for (int i = 0; i < 3; i++) {
        char id[WI_ID_SIZE];
        double now = wi_now_ms();
        while (wi_now_ms() == now)
            ;
        snprintf(id, sizeof id, "job-%d", i);
        submit_as(id, (const char *[]){"a", "b", "c"}[i], 5, 60000, NULL);
        memcpy(attempts[i], fixture->attempt, sizeof attempts[i]);
    }
    fixture->room = 0;
    for (int i = 0; i < 3; i++)
        events()->on_lost(events()->context, "node-1", attempts[i], i == 0, "the browser died");
    fixture->room = 3;
    events()->on_capacity(events()->context);
    assert_string_equal(fixture->order, "abcabc");
}

/* --- clients' own kernels --------------------------------------------------------------------- */

static void submit_program(const char *id)
{
    struct wi_inference *asked = wi_inference_new();
    struct wi_job_spec spec = {.asked = asked, .accepted_at = wi_now_ms()};
    asked->model = wi_model_ref(&fixture->model);
    asked->program = wi_program_new();
    asked->timeout_ms = 60000;
    snprintf(spec.id, sizeof spec.id, "%s", id);
    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
}

TEST(a_clients_own_kernel_runs_once_and_alone)
{
    submit_program("job-1");
    assert_true(fixture->is_alone);
    assert_true(fixture->deadline_ms > 60000); /* its page does not end it */
    answer_failure(WI_INFERENCE_FAILED, 1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    submit_program("job-2");
    lose(0);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->answers, 2);
    assert_int_equal(fixture->dispatched, 2);
}

TEST(one_whose_time_is_over_is_answered_once)
{
    submit_program("job-1");
    events()->on_overrun(events()->context, "job-1.1");
    assert_int_equal(fixture->last.code, WI_DEADLINE_EXCEEDED);
    assert_string_equal(fixture->last.error.field, "source");
    events()->on_overrun(events()->context, "job-1.1");
    assert_int_equal(fixture->answers, 1);
}
