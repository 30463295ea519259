/*
 * Jobs against a pool that this test plays: it says where a job may go and what became of each
 * attempt. Whatever happens, every job gets exactly one answer.
 */
#include "../test.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/job.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- the pool that we play */

struct fixture {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_model model;
    struct wi_jobs *jobs;
    enum wi_pick pick;
    enum wi_code dispatch_code;
    int dispatched, cancelled, room;
    char attempt[WI_ID_SIZE], avoid[WI_ID_SIZE];
    size_t backlog;
    /* what came back */
    int answers, idle;
    struct wi_job_result last;
    char order[64];       /* the client ids in the order of dispatch */
    unsigned char *count; /* NULL, or the answers to "job-0", "job-1" and so on */
};

static struct fixture *fixture;

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    snprintf(fixture->avoid, sizeof fixture->avoid, "%s", demand->avoid ? demand->avoid : "");
    if (fixture->pick == WI_PICK_NEVER)
        wi_error_set(error, WI_UNAVAILABLE, NULL, "no browser is installed");
    if (fixture->pick == WI_PICK_NODE && fixture->room == 0)
        return WI_PICK_WAIT;
    *choice = (struct wi_choice){.node = "node-1", .platforms = {WI_WASM}, .platform_count = 1};
    return fixture->pick;
}

int wi_pool_has_room(const struct wi_pool *pool, int builtin, const char *browser, const char *node)
{
    return 1;
}

enum wi_code wi_pool_dispatch(struct wi_pool *pool, const char *node_id, const struct wi_task *task)
{
    if (fixture->dispatch_code != WI_OK)
        return fixture->dispatch_code;
    fixture->dispatched++;
    fixture->room--;
    snprintf(fixture->attempt, sizeof fixture->attempt, "%s", task->attempt_id);
    strncat(fixture->order, task->precision ? task->precision : "",
        sizeof fixture->order - strlen(fixture->order) - 1);
    return WI_OK;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    fixture->cancelled++;
    fixture->room++;
}

void wi_pool_probe_dropped(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
}

void wi_pool_set_backlog(struct wi_pool *pool, size_t waiting)
{
    fixture->backlog = waiting;
}

/* Without it the guard looks at nothing: probe_test plays it. */
const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    return NULL;
}

struct wi_verdicts *wi_pool_verdicts(const struct wi_pool *pool)
{
    return NULL;
}

/* ---------------------------------------------------------------- the fixture */

static int set_up(void **state)
{
    static struct fixture the;
    the = (struct fixture){
        .pick = WI_PICK_NODE, .room = 100, .model = {.name = "digits", ._references = 1}};
    the.config.pool.max_retries = 3;
    the.config.pool.max_queue = 4;
    the.config.pool.client_share = 1;
    fixture = &the;
    uv_loop_init(&the.loop);
    the.jobs = wi_jobs_new(&the.loop, &the.config);
    wi_jobs_start(the.jobs, NULL);
    return 0;
}

static int tear_down(void **state)
{
    struct wi_job_counters counters;
    wi_jobs_abort(fixture->jobs);
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.waiting, 0);
    assert_int_equal(counters.running, 0);
    wi_jobs_free(fixture->jobs);
    assert_int_equal(fixture->model._references, 1);
    uv_run(&fixture->loop, UV_RUN_DEFAULT);
    return uv_loop_close(&fixture->loop);
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    fixture->answers++;
    fixture->last = *result;
    if (fixture->count)
        fixture->count[atoi(spec->id + strlen("job-"))]++;
}

static enum wi_code submit_as(
    const char *id, const char *mark, int priority, double timeout_ms, struct wi_error *error)
{
    struct wi_job_spec spec = {.model = wi_model_ref(&fixture->model),
        .priority = priority,
        .timeout_ms = timeout_ms,
        .accepted_at = wi_now_ms(),
        .precision = wi_strdup(mark)};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    return wi_jobs_submit(fixture->jobs, &spec, on_done, NULL, error);
}

static void submit(const char *id)
{
    assert_int_equal(submit_as(id, NULL, 5, 60000, NULL), WI_OK);
}

static const struct wi_pool_events *events(void)
{
    return wi_jobs_pool_events(fixture->jobs);
}

static void answer_ok(const char *attempt)
{
    struct wi_answer answer = {.ok = 1};
    fixture->room++;
    events()->on_answer(events()->context, "node-1", attempt, &answer);
}

static void answer_failure(enum wi_code code, int retryable)
{
    struct wi_answer answer = {.retryable = retryable};
    wi_error_set(&answer.error, code, NULL, "it failed");
    fixture->room++;
    events()->on_answer(events()->context, "node-1", fixture->attempt, &answer);
}

static void lose(int alone)
{
    fixture->room++;
    events()->on_lost(events()->context, "node-1", fixture->attempt, alone, "the browser died");
    events()->on_capacity(events()->context);
}

/* ---------------------------------------------------------------- tests */

static void answers_once(void **state)
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

static void waits_for_room_in_order_of_priority(void **state)
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
    events()->on_capacity(events()->context);
    assert_string_equal(fixture->order, "bac");
}

static void looks_again_by_itself_at_what_waits(void **state)
{
    fixture->pick = WI_PICK_WAIT;
    assert_int_equal(submit_as("job-1", NULL, 5, 5000, NULL), WI_OK);
    assert_int_equal(fixture->dispatched, 0);
    fixture->pick = WI_PICK_NODE; /* and nobody says so */
    while (fixture->dispatched == 0 && fixture->answers == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(fixture->answers, 0);
}

static void refuses_when_the_queue_is_full(void **state)
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

static void a_hundred_thousand_may_wait_and_each_gets_its_one_answer(void **state)
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
    struct wi_job_spec spec = {.model = wi_model_ref(&fixture->model),
        .priority = 5,
        .timeout_ms = 60000,
        .accepted_at = wi_now_ms(),
        .client = wi_strdup(client)};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    return wi_jobs_submit(fixture->jobs, &spec, on_done, NULL, error);
}

static void refuses_whose_share_is_used_up(void **state)
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

static void refuses_what_nothing_can_run(void **state)
{
    struct wi_error error;
    fixture->pick = WI_PICK_NEVER;
    assert_int_equal(submit_as("job-1", NULL, 5, 60000, &error), WI_UNAVAILABLE);
    assert_string_equal(error.detail, "no browser is installed");
    assert_int_equal(fixture->answers, 0);
}

static void answers_what_waits_when_nothing_can_run_it_any_more(void **state)
{
    fixture->room = 0;
    submit("job-1");
    fixture->pick = WI_PICK_NEVER;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_UNAVAILABLE);
}

static void tries_again_elsewhere_up_to_the_limit(void **state)
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

static void does_not_retry_the_models_own_failure(void **state)
{
    submit("job-1");
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->dispatched, 1);
}

static void a_job_that_breaks_two_nodes_alone_is_poison(void **state)
{
    submit("job-1");
    lose(1);
    assert_int_equal(fixture->answers, 0);
    lose(1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 2);
}

static void a_pipelined_job_loses_no_attempt_with_its_node(void **state)
{
    submit("job-1");
    for (int i = 0; i < 20; i++)
        lose(0);
    assert_int_equal(fixture->answers, 0);
    answer_ok(fixture->attempt);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 21);
}

static void a_deadline_answers_and_stops_the_work(void **state)
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

static void cancelling_and_abandoning(void **state)
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

static void sending_may_fail(void **state)
{
    struct wi_error error;
    fixture->dispatch_code = WI_MEMORY_BUDGET;
    assert_int_equal(submit_as("job-1", NULL, 5, 60000, &error), WI_MEMORY_BUDGET);
    fixture->dispatch_code = WI_NODE_NOT_FOUND; /* it went between the choice and the sending */
    submit("job-2");
    assert_int_equal(fixture->backlog, 1);
    fixture->dispatch_code = WI_OK;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 1);
}

static void on_idle(void *context)
{
    fixture->idle++;
}

static void draining_finishes_what_runs(void **state)
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

static void describes_a_job(void **state)
{
    submit("job-1");
    json_t *json = wi_jobs_describe(fixture->jobs, "job-1");
    assert_string_equal(json_string_value(json_object_get(json, "state")), "running");
    assert_string_equal(json_string_value(json_object_get(json, "node")), "node-1");
    json_decref(json);
    assert_null(wi_jobs_describe(fixture->jobs, "job-2"));
}

static void says_whose_a_job_is(void **state)
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
    const struct CMUnitTest tests[] = {
        TEST(answers_once),
        TEST(waits_for_room_in_order_of_priority),
        TEST(looks_again_by_itself_at_what_waits),
        TEST(refuses_when_the_queue_is_full),
        TEST(a_hundred_thousand_may_wait_and_each_gets_its_one_answer),
        TEST(refuses_whose_share_is_used_up),
        TEST(refuses_what_nothing_can_run),
        TEST(answers_what_waits_when_nothing_can_run_it_any_more),
        TEST(tries_again_elsewhere_up_to_the_limit),
        TEST(does_not_retry_the_models_own_failure),
        TEST(a_job_that_breaks_two_nodes_alone_is_poison),
        TEST(a_pipelined_job_loses_no_attempt_with_its_node),
        TEST(a_deadline_answers_and_stops_the_work),
        TEST(cancelling_and_abandoning),
        TEST(sending_may_fail),
        TEST(draining_finishes_what_runs),
        TEST(describes_a_job),
        TEST(says_whose_a_job_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
