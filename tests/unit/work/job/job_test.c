/*
 * Jobs against a pool that this test plays: it says where a job may go and what became of each
 * attempt. Whatever happens, every job gets exactly one answer.
 */
#include "fixture.h"

/* ---------------------------------------------------------------- tests */

FIXTURE(set_up, tear_down)

TEST(answers_once)
{
    char attempt[WI_ID_SIZE];
    submit("job-1");
    assert_int_equal(fixture->dispatched, 1);
    memcpy(attempt, fixture->attempt, sizeof attempt);
    answer_ok(attempt);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 1);
    assert_string_equal(fixture->last.node, "node-1");
    answer_ok(attempt); /* a duplicate is counted, not delivered */
    assert_int_equal(fixture->answers, 1);
    struct wi_job_counters counters;
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.late, 1);
}

TEST(waits_for_room_in_order_of_priority)
{
    fixture->room = 0;
    submit_as("job-1", "a", 5, 60000, NULL);
    submit_as("job-2", "b", 9, 60000, NULL);
    submit_as("job-3", "c", 5, 60000, NULL);
    assert_int_equal(fixture->dispatched, 0);
    assert_int_equal(fixture->backlog, 3);
    fixture->room = 2;
    events()->on_capacity(events()->context);
    assert_string_equal(fixture->order, "ba");
    assert_int_equal(fixture->backlog, 1);
    fixture->room = 1;
    events()->on_slot_free(
        events()->context); /* there is room for one more, and nothing else is new */
    assert_string_equal(fixture->order, "bac");
    assert_int_equal(fixture->backlog, 0);
}

TEST(looks_again_by_itself_at_what_waits)
{
    fixture->pick = WI_PICK_WAIT;
    assert_int_equal(submit_as("job-1", NULL, 5, 5000, NULL), WI_OK);
    assert_int_equal(fixture->dispatched, 0);
    fixture->pick = WI_PICK_NODE; /* and nobody says so */
    while (fixture->dispatched == 0 && fixture->answers == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(fixture->answers, 0);
}

TEST(refuses_when_the_queue_is_full)
{
    struct wi_error error;
    fixture->room = 0;
    for (int i = 0; i < 4; i++) {
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", i);
        submit(id);
    }
    assert_int_equal(submit_as("job-9", NULL, 5, 60000, &error), WI_QUEUE_FULL);
    assert_true(error.retry_after_s > 0);
    assert_int_equal(wi_jobs_admit(fixture->jobs, NULL, &error), WI_QUEUE_FULL);
}

TEST(a_hundred_thousand_may_wait_and_each_gets_its_one_answer)
{
    enum { COUNT = 100000 };
    struct wi_error error = {0};
    struct wi_job_counters counters;
    char id[WI_ID_SIZE];
    fixture->room = 0;
    fixture->config.pool.max_queue = COUNT;
    fixture->count = calloc(COUNT, 1);
    for (int i = 0; i < COUNT; i++) {
        snprintf(id, sizeof id, "job-%d", i);
        assert_int_equal(submit_as(id, NULL, i % 10, 3600000, &error), WI_OK);
    }
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.waiting, COUNT);
    assert_int_equal(submit_as("more", NULL, 5, 60000, &error), WI_QUEUE_FULL);
    fixture->room = 1;
    for (int i = 0; i < COUNT; i++) {
        events()->on_capacity(events()->context);
        answer_ok(fixture->attempt);
    }
    assert_int_equal(fixture->answers, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(fixture->count[i], 1);
    free(fixture->count);
}

static enum wi_code submit_of(const char *id, const char *client, struct wi_error *error)
{
    struct wi_job_spec spec = {
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .priority = 5, .timeout_ms = 60000),
        .accepted_at = wi_now_ms(),
        .client = wi_strdup(client)};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    return wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, error);
}

TEST(refuses_whose_share_is_used_up)
{
    struct wi_error error;
    fixture->config.pool.client_share = 0.5;
    fixture->room = 0;
    assert_int_equal(submit_of("a-1", "ada", &error), WI_OK);
    assert_int_equal(submit_of("a-2", "ada", &error), WI_OK);
    assert_int_equal(submit_of("a-3", "ada", &error), WI_CLIENT_SHARE);
    assert_true(error.retry_after_s > 0);
    assert_int_equal(wi_jobs_admit(fixture->jobs, "ada", &error), WI_CLIENT_SHARE);
    assert_int_equal(submit_of("b-1", "bob", &error), WI_OK);
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "a-1"), WI_OK);
    assert_int_equal(submit_of("a-4", "ada", &error), WI_OK);
    assert_int_equal(submit_of("b-2", "bob", &error), WI_OK);
    assert_int_equal(submit_of("c-1", "eve", &error), WI_QUEUE_FULL); /* all four places */
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "b-1"), WI_OK);
    fixture->config.pool.client_share = 0.01;
    assert_int_equal(submit_of("c-2", "eve", &error), WI_OK); /* one is never too many */
}

TEST(refuses_what_nothing_can_run)
{
    struct wi_error error;
    fixture->pick = WI_PICK_NEVER;
    assert_int_equal(submit_as("job-1", NULL, 5, 60000, &error), WI_UNAVAILABLE);
    assert_string_equal(error.detail, "no browser is installed");
    assert_int_equal(fixture->answers, 0);
}

TEST(answers_what_waits_when_nothing_can_run_it_any_more)
{
    fixture->room = 0;
    submit("job-1");
    fixture->pick = WI_PICK_NEVER;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_UNAVAILABLE);
}

TEST(a_deadline_answers_and_stops_the_work)
{
    assert_int_equal(submit_as("job-1", NULL, 5, 1, NULL), WI_OK);
    fixture->room = 0;
    assert_int_equal(submit_as("job-2", NULL, 5, 1, NULL), WI_OK);
    while (fixture->answers < 2)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(fixture->last.code, WI_DEADLINE_EXCEEDED);
    assert_int_equal(fixture->cancelled, 1);
    assert_int_equal(fixture->backlog, 0);
}

TEST(cancelling_and_abandoning)
{
    submit("job-1");
    submit("job-2");
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-1"), WI_OK);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_CANCELLED);
    wi_jobs_abandon(fixture->jobs, "job-2");
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->cancelled, 2);
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-1"), WI_JOB_NOT_FOUND);
}

TEST(sending_may_fail)
{
    struct wi_error error;
    fixture->dispatch_code = WI_INPUT_INVALID;
    assert_int_equal(submit_as("job-1", NULL, 5, 60000, &error), WI_INPUT_INVALID);
    assert_string_equal(error.detail, "it could not be sent");
    fixture->room = 0;
    submit("job-3");
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->last.code, WI_INPUT_INVALID);
    assert_int_equal(fixture->dispatched, 0);
    fixture->dispatch_code = WI_NODE_NOT_FOUND; /* it went between the choice and the sending */
    submit("job-2");
    assert_int_equal(fixture->backlog, 1);
    fixture->dispatch_code = WI_OK;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 1);
}

TEST(each_job_is_counted_once)
{
    struct wi_job_counters counters;
    submit("job-1");
    wi_jobs_cancel(fixture->jobs, "job-1");
    assert_int_equal(submit_as("job-2", NULL, 5, 1, NULL), WI_OK);
    while (fixture->answers < 2)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    submit("job-3");
    answer_failure(WI_INFERENCE_FAILED, 0);
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.cancelled, 1);
    assert_int_equal(counters.expired, 1);
    assert_int_equal(counters.failed, 1);
}

static void on_idle(void *context)
{
    fixture->idle++;
}

TEST(draining_finishes_what_runs)
{
    submit("job-1");
    fixture->room = 0;
    submit("job-2");
    wi_jobs_drain(fixture->jobs, on_idle, NULL);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_SHUTTING_DOWN);
    assert_int_equal(fixture->idle, 0);
    assert_int_equal(submit_as("job-3", NULL, 5, 60000, NULL), WI_SHUTTING_DOWN);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->idle, 1);
}

TEST(describes_a_job)
{
    submit("job-1");
    json_t *json = wi_jobs_describe(fixture->jobs, "job-1");
    assert_string_equal(json_string_value(json_object_get(json, "state")), "running");
    assert_string_equal(json_string_value(json_object_get(json, "node")), "node-1");
    json_decref(json);
    assert_null(wi_jobs_describe(fixture->jobs, "job-2"));
}

TEST(says_whose_a_job_is)
{
    struct wi_error error;
    assert_int_equal(submit_of("job-1", "ada", &error), WI_OK);
    assert_string_equal(wi_jobs_client(fixture->jobs, "job-1"), "ada");
    json_t *json = wi_jobs_describe(fixture->jobs, "job-1");
    assert_string_equal(json_string_value(json_object_get(json, "client")), "ada");
    json_decref(json);
    submit("job-2"); /* nobody's in particular */
    assert_string_equal(wi_jobs_client(fixture->jobs, "job-2"), "");
    assert_null(wi_jobs_client(fixture->jobs, "job-3"));
}

/* A conversation, and an answer that says how long both were. */
TEST(says_what_a_node_has_computed)
{
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000,
            .task = WI_TASK_CHAT,
            .input = json_pack("{s:[{s:s, s:s}]}", "messages", "role", "user", "content", "hello")),
        .accepted_at = wi_now_ms()};
    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, NULL), WI_OK);
    assert_int_equal(fixture->beginnings, 1);
    struct wi_answer answer = {.ok = 1,
        .result = json_pack("{s:s}", "text", "hi"),
        .account = {.counted = 1, .prompt = 7, .generated = 2}};
    events()->on_answer(events()->context, "node-1", fixture->attempt, &answer);
    json_decref(answer.result);
    assert_int_equal(fixture->computed, 2); /* the question, and with its answer */
    assert_int_equal(fixture->computed_tokens, 9);
}

TEST(says_how_much_text_is_foreseen)
{
    struct wi_job_spec spec = {.id = "job-1",
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000,
            .task = WI_TASK_CHAT, .prompt_tokens = 7, .answer_tokens = 40),
        .accepted_at = wi_now_ms()};
    struct wi_error error;

    assert_int_equal(wi_jobs_submit(fixture->jobs, &spec, NULL, on_done, NULL, &error), WI_OK);
    assert_true(fixture->demanded_tokens == 4007);
    assert_true(fixture->sent_tokens == 4007);
    answer_ok(fixture->attempt);
}

static char changed[256]; /* "job-1(ada) " for each change that somebody listening is told of */

static void on_change(void *context, enum wi_change_kind kind, const char *id, const char *owner)
{
    size_t length = strlen(changed);
    assert_int_equal(kind, WI_CHANGE_JOB);
    snprintf(changed + length, sizeof changed - length, "%s(%s) ", id, owner);
}

static void check_changed(const char *expected)
{
    assert_string_equal(changed, expected);
    changed[0] = '\0';
}

TEST(tells_of_each_change_of_a_job_whose_it_is)
{
    static const struct wi_change_listener listener = {.on_change = on_change};
    wi_jobs_tell(fixture->jobs, &listener);
    changed[0] = '\0';
    assert_int_equal(submit_of("job-1", "ada", NULL), WI_OK);
    check_changed("job-1(ada) "); /* it runs */
    events()->on_accepted(events()->context, fixture->attempt);
    check_changed("job-1(ada) ");
    fixture->room = 0;
    assert_int_equal(submit_of("job-2", NULL, NULL), WI_OK);
    check_changed("job-2() "); /* it waits */
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_non_null(strstr(changed, "job-1(ada) job-1(ada) ")); /* off its node, and done */
    changed[0] = '\0';
    wi_jobs_cancel(fixture->jobs, "job-2");
    assert_non_null(strstr(changed, "job-2() "));
    changed[0] = '\0';
    fixture->pick = WI_PICK_NEVER;
    submit_as("job-3", NULL, 5, 60000, NULL);
    check_changed(""); /* it is refused, and was none */
}

TEST(lists_jobs_of_one_client_or_of_all)
{
    struct wi_strings ids = {0};
    assert_int_equal(submit_of("job-1", "ada", NULL), WI_OK);
    assert_int_equal(submit_of("job-2", "bob", NULL), WI_OK);
    assert_int_equal(submit_of("job-3", "ada", NULL), WI_OK);
    assert_int_equal(submit_of("job-4", NULL, NULL), WI_OK);
    wi_jobs_list(fixture->jobs, "ada", &ids, 10);
    assert_int_equal(ids.count, 2);
    assert_string_equal(ids.items[1], "job-3");
    wi_strings_clear(&ids);
    wi_jobs_list(fixture->jobs, NULL, &ids, 3);
    assert_int_equal(ids.count, 3);
    assert_string_equal(ids.items[0], "job-1");
    wi_strings_clear(&ids);
}
