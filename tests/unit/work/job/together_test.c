/* Jobs that run as one attempt, and part again. */
#include "fixture.h"

#include "base/memory.h"

static struct wi_onnx_value row = {.name = "x",
    .tensor = 1,
    .has_datatype = 1,
    .datatype = WI_FP32,
    .has_shape = 1,
    .rank = 1,
    .dims = {-1},
    .is_batch = 1};

static void add_row(struct wi_tensors *tensors, int64_t rows)
{
    static const float zeros[8];
    struct wi_tensor *tensor = wi_tensors_add(tensors);
    tensor->name = wi_strdup("x");
    tensor->datatype = WI_FP32;
    tensor->rank = 1;
    tensor->dims[0] = rows;
    tensor->size = (size_t)rows * sizeof *zeros;
    tensor->blob = wi_blob_new(NULL, tensor->size);
    wi_blob_append(tensor->blob, zeros, tensor->size);
}

static void drop_part(void *context, const struct wi_job_spec *spec, const struct wi_part *part)
{
}

static void submit_row_for(const char *id, int as_stream, double timeout_ms)
{
    static const struct wi_job_stream stream = {.on_part = drop_part};
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&fixture->model),
        .timeout_ms = timeout_ms, .stream = as_stream);
    struct wi_job_spec spec = {.asked = asked, .accepted_at = wi_now_ms()};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    add_row(&asked->tensors, 1);
    enum wi_code code =
        wi_jobs_submit(fixture->jobs, &spec, as_stream ? &stream : NULL, on_done, NULL, NULL);
    assert_int_equal(code, WI_OK);
}

static void submit_row(const char *id, int as_stream)
{
    submit_row_for(id, as_stream, 60000);
}

static void may_batch(enum wi_batching batching)
{
    fixture->model.facts.signature = (struct wi_onnx_signature){
        .inputs = &row, .input_count = 1, .outputs = &row, .output_count = 1};
    fixture->config.pool.batching = batching;
    fixture->config.pool.max_batch = 8;
    fixture->config.api.max_body = 1 << 20;
}

/* Four jobs of one row each; a message of `max_body` holds as many of them as one run. */
static void make_company(uint64_t max_body, int as_streams)
{
    may_batch(WI_BATCHING_AUTO);
    fixture->config.api.max_body = max_body;
    fixture->room = 0;
    for (int i = 0; i < 4; i++) {
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", i);
        submit_row(id, as_streams);
    }
}

static void run_together(uint64_t max_body)
{
    make_company(max_body, 0);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 1);
}

/* The client of job-1 has the other three withdrawn: one way and the other. */
static void withdraw_the_others(const struct wi_job_spec *spec)
{
    if (strcmp(spec->id, "job-1") != 0)
        return;
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-2"), WI_OK);
    wi_jobs_abandon(fixture->jobs, "job-3");
}

FIXTURE(set_up, tear_down)

TEST(a_batch_is_one_attempt_for_as_long_as_any_of_it_may_take)
{
    may_batch(WI_BATCHING_AUTO);
    fixture->room = 0;
    submit_row_for("job-0", 0, 20000);
    submit_row_for("job-1", 0, 50000);
    submit_row_for("job-2", 0, 10000);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(fixture->requests, 3);
    assert_string_equal(fixture->attempt, "job-0.b1");
    assert_in_range(fixture->deadline_ms, 45000, 50000);
}

/* There is room for it, but others may come. */
TEST(who_waits_for_company_goes_when_it_is_complete)
{
    may_batch(WI_BATCHING_FIXED);
    fixture->config.pool.batch_window = 30000;
    fixture->config.pool.max_batch = 3;
    for (int i = 0; i < 2; i++) {
        submit_row(i == 0 ? "job-0" : "job-1", 0);
        for (int turn = 0; turn < 5; turn++)
            uv_run(&fixture->loop, UV_RUN_NOWAIT);
        assert_int_equal(fixture->dispatched, 0);
    }
    submit_row("job-2", 0);
    assert_int_equal(fixture->dispatched, 0); /* not from in there */
    for (int turn = 0; turn < 100 && fixture->dispatched == 0; turn++)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_int_equal(fixture->dispatched, 1);
    assert_int_equal(fixture->requests, 3);
}

TEST(who_waits_for_company_in_vain_goes_when_the_window_is_over)
{
    double began = wi_now_ms();
    may_batch(WI_BATCHING_FIXED);
    fixture->config.pool.batch_window = 20;
    submit_row("job-0", 0);
    while (fixture->dispatched == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_true(wi_now_ms() - began >= 20);
    assert_string_equal(fixture->attempt, "job-0.1");
}

/* They have one ending between them. */
TEST(what_a_late_batch_leaves_is_tried_elsewhere)
{
    run_together(1 << 20);
    fixture->room = 4;
    events()->on_late(events()->context, fixture->attempt, "it is late");
    assert_int_equal(fixture->dispatched, 1); /* nowhere else is room */
    fixture->elsewhere = "node-2";
    events()->on_late(events()->context, fixture->attempt, "it is late");
    assert_int_equal(fixture->cancelled, 1);
    assert_int_equal(fixture->dispatched, 5);
    assert_string_equal(fixture->sent_to, "node-2");
    for (int i = 0; i < 4; i++) {
        char attempt[WI_ID_SIZE];
        snprintf(attempt, sizeof attempt, "job-%d.2", i);
        answer_ok(attempt);
    }
    assert_int_equal(fixture->answers, 4);
    assert_int_equal(fixture->found.count, 1);
}

TEST(what_a_lost_batch_leaves_is_tried_at_once)
{
    run_together(1 << 20);
    fixture->room = 4;
    events()->on_lost(events()->context, "node-1", fixture->attempt, WI_BLAME_ALONE, "it died");
    assert_int_equal(fixture->dispatched, 5);
}

TEST(an_answer_is_parted_although_its_first_taker_withdraws_the_others)
{
    struct wi_answer answer = {.ok = 1};
    run_together(1 << 20);
    add_row(&answer.outputs, 4);
    fixture->on_answer = withdraw_the_others;
    events()->on_answer(events()->context, "node-1", fixture->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    assert_int_equal(fixture->answers, 3);
    assert_int_equal(fixture->cancelled, 0); /* there is nothing to stop */
}

TEST(a_loss_ends_what_it_ends_although_that_withdraws_others)
{
    run_together(1 << 20);
    fixture->config.pool.max_retries = 0;
    fixture->on_answer = withdraw_the_others;
    lose(1);
    assert_int_equal(fixture->answers, 3);
    assert_int_equal(fixture->last.code, WI_CANCELLED);
}

TEST(what_is_tried_one_by_one_has_an_end_too)
{
    run_together(1 << 20);
    fixture->room = 0;
    events()->on_lost(events()->context, "node-1", fixture->attempt, 0, "it went away");
    fixture->room = 1;
    events()->on_capacity(events()->context);
    for (int i = 0; i < 4 * 15; i++)
        lose(0);
    assert_int_equal(fixture->answers, 4);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->last.attempts, 16);
}

TEST(what_cannot_be_parted_is_run_one_by_one_and_costs_no_try)
{
    struct wi_answer answer = {.ok = 1};
    run_together(1 << 20);
    add_row(&answer.outputs, 3); /* of four */
    fixture->config.pool.max_retries = 0;
    fixture->room = 4;
    events()->on_answer(events()->context, "node-1", fixture->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    assert_int_equal(fixture->answers, 0);
    assert_int_equal(fixture->dispatched, 5);
    struct wi_job_counters counters;
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.batches, 1);
    assert_int_equal(counters.lost, 0);
    answer_failure(WI_INTERNAL, 1); /* the only try that they have */
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_non_null(strstr(fixture->last.error.detail, "1 attempts failed"));
}

TEST(what_is_given_back_together_goes_together_again_and_costs_no_try)
{
    struct wi_answer answer = {.ok = 1};
    run_together(1 << 20);
    fixture->config.pool.max_retries = 0;
    fixture->room = 0;
    give_back();
    assert_int_equal(fixture->answers, 0);
    assert_int_equal(fixture->dispatched, 2);
    add_row(&answer.outputs, 4);
    events()->on_answer(events()->context, "node-1", fixture->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    assert_int_equal(fixture->answers, 4);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.attempts, 2);
}

TEST(streams_are_not_joined)
{
    make_company(1 << 20, 1);
    fixture->room = 4;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 4);
    struct wi_job_counters counters;
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.batches, 0);
}

TEST(what_would_not_fit_a_message_is_not_joined)
{
    run_together(8); /* two rows */
    struct wi_job_counters counters;
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.joined, 2);
}

TEST(what_a_model_over_kernels_does_not_take_at_a_time_is_not_joined)
{
    static const struct wi_kernel_size sizes[] = {{"batch", 0, 2}, {0}};
    static const struct wi_kernel_model kernels = {.sizes = sizes};
    fixture->model.kernels = &kernels;
    run_together(1 << 20);
    struct wi_job_counters counters;
    wi_jobs_counters(fixture->jobs, &counters);
    assert_int_equal(counters.joined, 2);
}

static void on_dispatch(void *context, const struct wi_job_spec *spec, const char *node_id)
{
    assert_string_equal(node_id, "node-1");
}

TEST(what_runs_beside_the_clients_is_not_joined)
{
    fixture->model.facts.signature = (struct wi_onnx_signature){
        .inputs = &row, .input_count = 1, .outputs = &row, .output_count = 1};
    fixture->config.pool.batching = WI_BATCHING_AUTO;
    fixture->config.pool.max_batch = 8;
    fixture->config.api.max_body = 1 << 20;
    fixture->room = 0;
    for (int i = 0; i < 2; i++) {
        struct wi_inference *asked =
            ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000);
        struct wi_job_spec spec = {.asked = asked, .accepted_at = wi_now_ms()};
        snprintf(spec.id, sizeof spec.id, "shadow-%d", i);
        add_row(&asked->tensors, 1);
        assert_int_equal(
            wi_jobs_submit_shadow(fixture->jobs, &spec, on_dispatch, on_done, NULL, NULL), WI_OK);
    }
    fixture->room = 2;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 2);
}
