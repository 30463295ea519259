/* Who watches the jobs: what he is asked and told, and of which jobs. */
#include "fixture.h"

static struct {
    enum wi_code may_go;
    int too_big;
    int asked, answered, failed, dispatched;
} watcher;

static enum wi_code may_go(
    void *context, const struct wi_job_spec *spec, const char *node_id, struct wi_error *error)
{
    watcher.asked++;
    assert_string_equal(node_id, "node-1");
    return watcher.may_go == WI_OK ? WI_OK
                                   : wi_error_set(error, watcher.may_go, NULL, "not on that one");
}

static void on_answered(void *context, const struct wi_job_spec *spec,
    const struct wi_inference *sent, const struct wi_probe *requested, struct wi_job_result *result)
{
    watcher.answered++;
    assert_int_equal(fixture->answers, 0); /* before its client is */
    assert_string_equal(result->node, "node-1");
    result->numerics = WI_TRUSTED;
}

static int on_failed(void *context, const struct wi_inference *sent, const char *node_id,
    enum wi_platform last, const struct wi_error *error)
{
    watcher.failed++;
    assert_int_equal(last, WI_WASM);
    return watcher.too_big;
}

static void watch(void)
{
    const struct wi_jobs_hooks hooks = {
        .may_go = may_go, .on_answered = on_answered, .on_failed = on_failed};
    memset(&watcher, 0, sizeof watcher);
    wi_jobs_watch(fixture->jobs, &hooks);
}

static void on_dispatch(void *context, const struct wi_job_spec *spec, const char *node_id)
{
    watcher.dispatched++;
    assert_string_equal(node_id, "node-1");
}

static void submit_beside(const char *id, int proves)
{
    struct wi_job_spec spec = {
        .asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000),
        .accepted_at = wi_now_ms(),
        .proves = proves};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    assert_int_equal(
        wi_jobs_submit_shadow(fixture->jobs, &spec, on_dispatch, on_done, NULL, NULL), WI_OK);
}

static void submit_shadow(const char *id)
{
    submit_beside(id, 0);
}

/* ---------------------------------------------------------------- */

FIXTURE(set_up, tear_down)

TEST(what_may_not_go_is_refused_at_once)
{
    struct wi_error error;
    watch();
    watcher.may_go = WI_OPERATOR_UNSUPPORTED;
    assert_int_equal(submit_as("job-1", NULL, 5, 60000, &error), WI_OPERATOR_UNSUPPORTED);
    assert_string_equal(error.detail, "not on that one");
    assert_int_equal(fixture->dispatched, 0);
    assert_int_equal(fixture->answers, 0);
}

TEST(or_when_its_turn_has_come)
{
    watch();
    fixture->room = 0;
    submit("job-1");
    assert_int_equal(watcher.asked, 0);
    watcher.may_go = WI_OPERATOR_UNSUPPORTED;
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_OPERATOR_UNSUPPORTED);
    assert_int_equal(fixture->dispatched, 0);
}

TEST(an_answer_is_shown_before_its_client_has_it)
{
    watch();
    submit("job-1");
    assert_int_equal(watcher.asked, 1);
    answer_ok(fixture->attempt);
    assert_int_equal(watcher.answered, 1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.numerics, WI_TRUSTED);
}

TEST(what_was_too_big_is_tried_once_more)
{
    watch();
    watcher.too_big = 1;
    submit("job-1");
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_int_equal(fixture->answers, 0);
    assert_int_equal(fixture->dispatched, 2);
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_int_equal(watcher.failed, 2);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_INFERENCE_FAILED);
}

TEST(of_what_runs_beside_the_clients_only_the_failures_are_told)
{
    struct wi_job_counters counters;
    watch();
    submit_shadow("shadow-1");
    assert_int_equal(watcher.dispatched, 1);
    answer_ok(fixture->attempt);
    assert_int_equal(watcher.asked, 0);
    assert_int_equal(watcher.answered, 0);
    submit_shadow("shadow-2");
    answer_failure(WI_INFERENCE_FAILED, 0);
    assert_int_equal(watcher.failed, 1);
    assert_int_equal(fixture->answers, 2);
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.accepted, 0);
    assert_int_equal(counters.completed + counters.failed, 0);
}

/* Clients' jobs may wait for a node that has to show first what it is. */
TEST(what_proves_something_of_a_node_waits_for_no_client)
{
    watch();
    fixture->room = 0;
    submit("job-1");
    submit_shadow("shadow-1");
    submit_beside("proof-1", 1);
    assert_int_equal(fixture->dispatched, 0);
    fixture->room = 1;
    events()->on_slot_free(events()->context);
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(watcher.dispatched, 1);
    assert_non_null(strstr(fixture->attempt, "proof-1"));
}

TEST(what_runs_beside_the_clients_is_not_tried_again)
{
    submit_shadow("shadow-1");
    lose(0);
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
}

TEST(shutting_down_ends_what_runs_beside_the_clients_at_once)
{
    submit("job-1");
    submit_shadow("shadow-1");
    wi_jobs_drain(fixture->jobs, NULL, NULL);
    assert_int_equal(fixture->cancelled, 1);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_SHUTTING_DOWN);
}
