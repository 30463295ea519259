/* Jobs that run as one attempt, and part again. */
#include "fixture.h"

#include "base/memory.h"
#include "work/job/private.h"

static struct wi_onnx_value row = {.name = "x",
    .tensor = 1,
    .has_datatype = 1,
    .datatype = WI_FP32,
    .has_shape = 1,
    .rank = 1,
    .dims = {-1},
    .is_batch = 1};

static void add_values(struct wi_tensors *tensors, const float *values, int64_t rows)
{
    struct wi_tensor *tensor = wi_tensors_add(tensors);
    tensor->name = wi_strdup("x");
    tensor->datatype = WI_FP32;
    tensor->rank = 1;
    tensor->dims[0] = rows;
    tensor->size = (size_t)rows * sizeof *values;
    tensor->blob = wi_blob_new(NULL, tensor->size);
    wi_blob_append(tensor->blob, values, tensor->size);
}

static void add_row(struct wi_tensors *tensors, int64_t rows)
{
    static const float zeros[8];
    add_values(tensors, zeros, rows);
}

static void drop_part(void *context, const struct wi_job_spec *spec, const struct wi_part *part)
{
}

/* Its request has one row unless it has tensors; takes `asked`. */
static void submit_asked_of(const char *client, const char *id, struct wi_inference *asked)
{
    static const struct wi_job_stream stream = {.on_part = drop_part};
    int as_stream = asked->stream;
    struct wi_job_spec spec = {
        .client = wi_strdup(client), .asked = asked, .accepted_at = wi_now_ms()};
    snprintf(spec.id, sizeof spec.id, "%s", id);
    if (asked->tensors.count == 0)
        add_row(&asked->tensors, 1);
    enum wi_code code =
        wi_jobs_submit(fixture->jobs, &spec, as_stream ? &stream : NULL, on_done, NULL, NULL);
    assert_int_equal(code, WI_OK);
}

static void submit_asked(const char *id, struct wi_inference *asked)
{
    submit_asked_of(NULL, id, asked);
}

static void submit_row_for(const char *id, int as_stream, double timeout_ms)
{
    submit_asked(id, ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = timeout_ms,
                         .stream = as_stream));
}

static void submit_row(const char *id, int as_stream)
{
    submit_row_for(id, as_stream, 60000);
}

static void may_batch(enum wi_batching batching)
{
    fixture->model.facts.signature = (struct wi_onnx_signature){
        .inputs = &row, .input_count = 1, .outputs = &row, .output_count = 1};
    if (!fixture->model.facts.spec.json) /* which needs no proof */
        fixture->model.facts.spec.json = json_pack("{s:b}", "batch", 1);
    fixture->config.pool.batching = batching;
    fixture->config.pool.max_batch = 16;
    fixture->config.pool.max_queue = 16;
    fixture->config.api.max_body = fixture->config.api.max_answer = 1 << 20;
}

static void make_company_of(int count, int as_streams)
{
    fixture->room = 0;
    for (int i = 0; i < count; i++) {
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", i);
        submit_row(id, as_streams);
    }
}

/* Four jobs of one row each; a message of `max_body` holds as many of them as one run. */
static void make_company(uint64_t max_body, int as_streams)
{
    may_batch(WI_BATCHING_AUTO);
    fixture->config.api.max_body = max_body;
    make_company_of(4, as_streams);
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

static int forget_model(void **state)
{
    json_decref(fixture->model.facts.spec.json);
    fixture->model.facts.spec.json = NULL;
    return tear_down(state);
}

FIXTURE(set_up, forget_model)

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

static void on_idle(void *context)
{
    fixture->idle++;
}

TEST(a_loss_ends_what_it_ends_although_that_withdraws_others)
{
    run_together(1 << 20);
    fixture->on_answer = withdraw_the_others;
    wi_jobs_drain(fixture->jobs, on_idle, NULL);
    lose(1);
    assert_int_equal(fixture->answers, 3);
    assert_int_equal(fixture->last.code, WI_CANCELLED);
    assert_int_equal(fixture->idle, 1);
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
    fixture->config.api.max_body = fixture->config.api.max_answer = 1 << 20;
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

/* --- what fails together ---------------------------------------------------------------------- */

static unsigned failures_noted;

static int on_failed(void *context, const struct wi_inference *sent, const char *node_id,
    enum wi_platform last, const struct wi_error *error)
{
    failures_noted++;
    return 0;
}

/* That of the present attempt. */
static void answer_starved(int retryable)
{
    struct wi_answer answer = {.starved = 1, .retryable = retryable};
    wi_error_set(&answer.error, WI_INFERENCE_FAILED, NULL, "out_of_memory: bad_alloc");
    fixture->room++;
    events()->on_answer(events()->context, fixture->sent_to, fixture->attempt, &answer);
}

static void answer_batch(enum wi_code code, int retryable)
{
    const struct wi_jobs_hooks hooks = {.on_failed = on_failed};
    failures_noted = 0;
    wi_jobs_watch(fixture->jobs, &hooks);
    fixture->config.pool.max_retries = 0;
    answer_failure(code, retryable);
}

static void answer_one(int index, int ok)
{
    char attempt[WI_ID_SIZE];
    snprintf(attempt, sizeof attempt, "job-%d.2", index);
    snprintf(fixture->attempt, sizeof fixture->attempt, "%s", attempt);
    if (ok)
        answer_ok(attempt);
    else
        answer_failure(WI_INPUT_INVALID, 0);
}

static struct wi_job_counters count_jobs(void)
{
    struct wi_job_counters counters;
    wi_jobs_counters(fixture->jobs, &counters);
    return counters;
}

TEST(one_bad_request_among_twelve_fails_alone)
{
    may_batch(WI_BATCHING_AUTO);
    make_company_of(12, 0);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->requests, 12);
    fixture->room = 11; /* and the one that becomes free */
    answer_batch(WI_INPUT_INVALID, 0);
    assert_int_equal(fixture->answers, 0);
    assert_int_equal(fixture->dispatched, 13);
    assert_int_equal(fixture->requests, 0);
    assert_string_equal(fixture->avoid, ""); /* it is no fault of the node */
    for (int i = 0; i < 12; i++) {
        answer_one(i, i != 5);
        assert_int_equal(fixture->last.code, i == 5 ? WI_INPUT_INVALID : WI_OK);
        assert_int_equal(fixture->last.batch, 0);
    }
    assert_int_equal(fixture->answers, 12);
    assert_int_equal(failures_noted, 1);
    assert_int_equal(count_jobs().failed, 1);
}

/* One row for each name, and room for one. */
static void submit_rows_of(const char *const *clients, int first)
{
    may_batch(WI_BATCHING_AUTO);
    fixture->room = 0;
    for (int i = 0; clients[i]; i++) {
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", first + i);
        submit_asked_of(
            clients[i], id, ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000));
    }
    fixture->room = 1;
    events()->on_capacity(events()->context);
}

TEST(bad_requests_of_a_client_cost_the_others_one_run_and_then_only_itself)
{
    static const char *const clients[] = {"good", "bad", "good", NULL};
    submit_rows_of(clients, 0);
    assert_int_equal(fixture->requests, 3);
    fixture->room = 2;
    answer_batch(WI_INPUT_INVALID, 0);
    for (int i = 0; i < 3; i++)
        answer_one(i, i != 1);
    assert_int_equal(fixture->answers, 3);
    submit_rows_of(clients, 3);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 6); /* job-3 with job-5, and job-4 alone */
    assert_int_equal(count_jobs().batches, 2);
    assert_int_equal(count_jobs().joined, 5);
}

TEST(a_failed_batch_whose_requests_succeed_is_nobodys_fault)
{
    static const char *const clients[] = {"a", "b", NULL};
    submit_rows_of(clients, 0);
    fixture->room = 1;
    answer_batch(WI_INPUT_INVALID, 0);
    answer_one(0, 1);
    answer_one(1, 1);
    submit_rows_of(clients, 2);
    assert_int_equal(fixture->requests, 2);
}

TEST(memory_that_a_batch_lacks_costs_its_requests_no_try)
{
    fixture->config.pool.max_retries = 0;
    for (int retryable = 0; retryable < 2; retryable++) {
        fixture->dispatched = fixture->answers = 0;
        fixture->crowded = 0;
        run_together(1 << 20);
        fixture->room = 3;
        answer_starved(retryable);
        assert_int_equal(fixture->dispatched, 5);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(fixture->crowded, 0);
            answer_one(i, 1);
        }
        assert_int_equal(fixture->answers, 4);
        assert_int_equal(fixture->last.code, WI_OK);
        assert_int_equal(fixture->crowded, 16); /* it was too large */
    }
}

TEST(a_request_that_lacks_memory_alone_does_not_make_batches_smaller)
{
    run_together(1 << 20);
    fixture->room = 3;
    answer_starved(0);
    for (int i = 0; i < 3; i++)
        answer_one(i, 1);
    snprintf(fixture->attempt, sizeof fixture->attempt, "job-3.2");
    answer_starved(0);
    assert_int_equal(fixture->answers, 4);
    assert_int_equal(fixture->last.code, WI_INFERENCE_FAILED);
    assert_int_equal(fixture->crowded, 0);
}

TEST(a_batch_whose_requests_never_ran_alone_was_not_too_large)
{
    run_together(1 << 20);
    fixture->room = -1;
    answer_starved(0);
    wi_jobs_abandon(fixture->jobs, "job-0");
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-1"), WI_OK);
    wi_jobs_abort(fixture->jobs);
    assert_int_equal(fixture->answers, 3);
    assert_int_equal(fixture->crowded, 0);
}

/* Its node is gone, and what was learned is about others like it. */
TEST(a_batch_that_broke_its_node_makes_batches_smaller)
{
    run_together(1 << 20);
    fixture->room = 4;
    events()->on_lost(events()->context, "node-1", fixture->attempt, WI_BLAME_ALONE, "it died");
    assert_int_equal(fixture->dispatched, 5);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fixture->crowded, 0);
        answer_one(i, 1);
    }
    assert_int_equal(fixture->crowded, 16);
}

TEST(a_batch_that_broke_its_engine_makes_batches_smaller)
{
    run_together(1 << 20);
    fixture->room = 3;
    break_engine(WI_BLAME_NONE);
    for (int i = 0; i < 4; i++)
        answer_one(i, 1);
    assert_int_equal(fixture->crowded, 16);
}

TEST(a_loss_that_is_no_fault_of_the_batch_does_not_make_batches_smaller)
{
    run_together(1 << 20);
    fixture->room = 4;
    events()->on_lost(events()->context, "node-1", fixture->attempt, WI_BLAME_NONE, "it closed");
    for (int i = 0; i < 4; i++)
        answer_one(i, 1);
    assert_int_equal(fixture->answers, 4);
    assert_int_equal(fixture->crowded, 0);
}

/* One of its requests breaks every node. */
TEST(a_request_that_breaks_its_node_alone_does_not_make_batches_smaller)
{
    run_together(1 << 20);
    fixture->room = 4;
    lose(WI_BLAME_ALONE);
    for (int i = 0; i < 3; i++)
        answer_one(i, 1);
    snprintf(fixture->attempt, sizeof fixture->attempt, "job-3.2");
    lose(WI_BLAME_ALONE);
    lose(WI_BLAME_ALONE);
    assert_int_equal(fixture->answers, 4);
    assert_int_equal(fixture->last.code, WI_ATTEMPTS_EXHAUSTED);
    assert_int_equal(fixture->crowded, 0);
}

TEST(an_answer_that_is_too_large_together_makes_batches_smaller)
{
    run_together(1 << 20);
    fixture->room = 3;
    answer_failure(WI_ANSWER_TOO_LARGE, 0);
    wi_jobs_abandon(fixture->jobs, "job-0");
    for (int i = 1; i < 4; i++)
        answer_one(i, 1);
    assert_int_equal(fixture->answers, 3);
    assert_int_equal(fixture->crowded, 16);
}

TEST(a_model_with_other_rows_in_its_outputs_is_not_batched_again)
{
    struct wi_answer answer = {.ok = 1};
    fixture->ours = 1;
    run_together(1 << 20);
    assert_null(wi_jobs_batch_obstacle(fixture->jobs, &fixture->model));
    add_row(&answer.outputs, 3);
    fixture->room = 4;
    events()->on_answer(events()->context, "node-1", fixture->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    for (int i = 0; i < 4; i++)
        answer_one(i, 1);
    char *why = wi_jobs_batch_obstacle(fixture->jobs, &fixture->model);
    assert_string_equal(why, "the outputs do not have as many rows as the inputs");
    free(why);
    make_company(1 << 20, 0);
    fixture->room = 4;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 9);
    assert_int_equal(count_jobs().batches, 1);
}

/* --- what is not run together ----------------------------------------------------------------- */

TEST(a_batch_has_at_most_what_the_node_or_an_answer_holds)
{
    may_batch(WI_BATCHING_AUTO);
    fixture->batch_most = 8;
    make_company_of(4, 0);
    fixture->room = 2;
    events()->on_capacity(events()->context);
    assert_int_equal(count_jobs().batches, 2);
    fixture->batch_most = 0;
    fixture->config.api.max_answer = 8;
    make_company_of(3, 0);
    fixture->room = 2;
    events()->on_capacity(events()->context);
    assert_int_equal(count_jobs().batches, 3);
    assert_int_equal(count_jobs().joined, 6);
    assert_int_equal(fixture->dispatched, 4);
}

/* Submits a request whose inputs have so many bytes. */
static void submit_bytes(const char *id, size_t bytes)
{
    struct wi_inference *asked = ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000);
    float *values = wi_alloc(bytes);
    add_values(&asked->tensors, values, (int64_t)(bytes / sizeof *values));
    submit_asked(id, asked);
    free(values);
}

static void may_batch_large(enum wi_batching batching)
{
    may_batch(batching);
    fixture->config.pool.max_batch = 1 << 30;
    fixture->config.api.max_body = fixture->config.api.max_answer = 1 << 30;
}

/* The loop copies all of a batch. */
TEST(requests_with_large_inputs_are_not_joined)
{
    may_batch_large(WI_BATCHING_AUTO);
    for (size_t more = 0; more < 2; more++) {
        fixture->room = 0;
        submit_bytes(more ? "job-2" : "job-0", WI_BATCH_BYTES_MAX / 2 + 4 * more);
        submit_bytes(more ? "job-3" : "job-1", WI_BATCH_BYTES_MAX / 2);
        fixture->room = 2;
        events()->on_capacity(events()->context);
        assert_int_equal(count_jobs().joined, 2);
    }
    assert_int_equal(fixture->dispatched, 3);
}

TEST(a_request_with_inputs_too_large_to_be_joined_does_not_wait_for_company)
{
    may_batch_large(WI_BATCHING_FIXED);
    fixture->config.pool.batch_window = 30000;
    submit_bytes("job-0", WI_BATCH_BYTES_MAX);
    for (int turn = 0; turn < 100 && fixture->dispatched == 0; turn++)
        uv_run(&fixture->loop, UV_RUN_NOWAIT);
    assert_int_equal(fixture->dispatched, 1);
}

TEST(requests_that_ask_for_something_else_are_other_batches)
{
    may_batch(WI_BATCHING_AUTO);
    fixture->room = 0;
    for (int i = 0; i < 8; i++) {
        struct wi_inference *asked =
            ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000);
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", i);
        if (i % 4 == 1)
            wi_strings_add(&asked->outputs, "x");
        if (i % 4 == 2)
            asked->precision = wi_strdup("fp16");
        if (i % 4 == 3)
            asked->priority = 1;
        submit_asked(id, asked);
    }
    fixture->room = 8;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 4);
    assert_int_equal(count_jobs().joined, 8);
}

static size_t lines_about(const char *text)
{
    const struct wi_log_query query = {.level = WI_LOG_INFO, .contains = text, .limit = 100};
    struct wi_log_found found;
    struct wi_buffer lines = {0};
    wi_log_read(&query, &lines, &found);
    wi_buffer_clear(&lines);
    return found.count;
}

TEST(what_takes_longer_together_runs_alone_and_the_log_says_so_once)
{
    static const char text[] = "on wasm, a batch takes 1.25 times as long";
    may_batch(WI_BATCHING_FIXED);
    wi_log_configure(WI_LOG_INFO, WI_LOG_TEXT);
    fixture->config.pool.batch_window = 30000;
    fixture->batch_gain = 0.8;
    make_company_of(4, 0);
    fixture->room = 4;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 4);
    assert_int_equal(count_jobs().batches, 0);
    fixture->room = 1;
    submit_row("job-4", 0);
    assert_int_equal(fixture->dispatched, 5); /* nor does it wait for others */
    assert_int_equal(lines_about(text), 1);
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
}

TEST(the_log_says_once_why_a_model_is_not_batched)
{
    static const char text[] = "the input \"x\" has the fixed first dimension 1";
    struct wi_onnx_value fixed = row;
    fixed.dims[0] = 1;
    may_batch(WI_BATCHING_OFF);
    fixture->model.facts.signature.inputs = &fixed;
    wi_log_configure(WI_LOG_INFO, WI_LOG_TEXT);
    make_company_of(2, 0);
    assert_int_equal(lines_about(text), 0);
    fixture->config.pool.batching = WI_BATCHING_AUTO;
    fixture->room = 1;
    submit_row("job-4", 0); /* it does not wait */
    assert_int_equal(lines_about(text), 0);
    fixture->room = 0;
    submit_row("job-5", 0);
    submit_row("job-6", 0);
    assert_int_equal(lines_about(text), 1);
    wi_log_configure(WI_LOG_ERROR, WI_LOG_TEXT);
}

/* --- the first batch -------------------------------------------------------------------------- */

/* Requests of one row each, of which only a name says that it is one of a batch. */
static void submit_values(int first, int count, int differ)
{
    json_decref(fixture->model.facts.spec.json);
    fixture->model.facts.spec.json = json_object();
    fixture->room = 0;
    for (int i = first; i < first + count; i++) {
        struct wi_inference *asked =
            ASKED(.model = wi_model_ref(&fixture->model), .timeout_ms = 60000);
        char id[WI_ID_SIZE];
        snprintf(id, sizeof id, "job-%d", i);
        add_values(&asked->tensors, &(float){differ ? (float)i : 1}, 1);
        submit_asked(id, asked);
    }
}

static void answer_values(const char *attempt, const float *values, int64_t rows)
{
    struct wi_answer answer = {.ok = 1};
    add_values(&answer.outputs, values, rows);
    fixture->room++;
    events()->on_answer(events()->context, fixture->sent_to, attempt, &answer);
    wi_tensors_clear(&answer.outputs);
}

static const float outputs[] = {10, 20, 30};

static void finish_comparisons(void)
{
    while (fixture->jobs->trials._comparisons)
        uv_run(&fixture->loop, UV_RUN_ONCE);
}

/* Three requests as a batch, whose answers are kept, and each alone, the last with that answer. The
 * comparisons have begun. */
static void begin_three(float last)
{
    may_batch(WI_BATCHING_AUTO);
    submit_values(0, 3, 1);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->requests, 3);
    fixture->room = 2;
    answer_values(fixture->attempt, outputs, 3);
    assert_int_equal(fixture->answers, 0);
    assert_int_equal(fixture->dispatched, 4);
    answer_values("job-0.2", &outputs[0], 1);
    answer_values("job-1.2", &outputs[1], 1);
    answer_values("job-2.2", &last, 1);
    assert_int_equal(fixture->answers, 3);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.batch, 0);
}

static void try_three(float last)
{
    begin_three(last);
    finish_comparisons();
}

TEST(the_first_batch_of_a_name_is_compared_with_its_requests_alone)
{
    try_three(30);
    for (int i = 1; i < 3; i++) {
        submit_values(3 * i, 3, 1);
        fixture->room = 1;
        events()->on_capacity(events()->context);
        assert_int_equal(fixture->requests, 3);
        answer_values(fixture->attempt, outputs, 3);
        assert_int_equal(fixture->answers, 3 + 3 * i);
        assert_int_equal(fixture->last.batch, 3);
    }
    assert_null(wi_jobs_batch_obstacle(fixture->jobs, &fixture->model));
}

TEST(rows_that_affect_each_other_are_not_run_together_again)
{
    try_three(31);
    char *why = wi_jobs_batch_obstacle(fixture->jobs, &fixture->model);
    assert_string_equal(
        why, "requests that ran together got other answers than each of them alone");
    free(why);
    submit_values(3, 3, 1);
    fixture->room = 3;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 7);
    assert_int_equal(count_jobs().batches, 1);
}

/* Clients have their answers already, and nothing is known of the rows yet. */
TEST(answers_are_compared_in_a_later_turn_of_the_loop)
{
    begin_three(31);
    assert_non_null(fixture->jobs->trials._comparisons);
    assert_null(wi_jobs_batch_obstacle(fixture->jobs, &fixture->model));
    submit_values(3, 3, 1);
    fixture->room = 3;
    events()->on_capacity(events()->context);
    assert_int_equal(count_jobs().batches, 1); /* it is still on trial */
    finish_comparisons();
    char *why = wi_jobs_batch_obstacle(fixture->jobs, &fixture->model);
    assert_non_null(why);
    free(why);
}

/* The jobs are freed meanwhile: tear_down finds the model's references and the answers freed. */
TEST(a_comparison_may_outlive_the_jobs)
{
    begin_three(30);
    assert_non_null(fixture->jobs->trials._comparisons);
}

TEST(nothing_else_is_joined_while_the_first_batch_is_compared)
{
    may_batch(WI_BATCHING_AUTO);
    submit_values(0, 2, 1);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    submit_values(2, 2, 1);
    fixture->room = 2;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 3);
    /* A batch that is lost shows nothing: the next one is compared. */
    snprintf(fixture->attempt, sizeof fixture->attempt, "job-0.b1");
    lose(0);
    submit_values(4, 2, 1);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->requests, 0); /* those that were lost go first */
    fixture->room = 2;
    events()->on_capacity(events()->context);
    assert_int_equal(count_jobs().batches, 2);
    answer_values("job-4.b1", outputs, 2);
    assert_int_equal(fixture->answers, 0);
}

TEST(requests_that_are_the_same_prove_nothing)
{
    may_batch(WI_BATCHING_AUTO);
    submit_values(0, 3, 0);
    fixture->room = 3;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->dispatched, 3);
    assert_int_equal(count_jobs().batches, 0);
}

/* --- what leaves ------------------------------------------------------------------------------ */

TEST(one_that_is_out_of_time_or_cancelled_costs_the_others_nothing)
{
    struct wi_answer answer = {.ok = 1};
    may_batch(WI_BATCHING_AUTO);
    fixture->room = 0;
    submit_row("job-0", 0);
    submit_row_for("job-1", 0, 30);
    submit_row("job-2", 0);
    submit_row("job-3", 0);
    fixture->room = 1;
    events()->on_capacity(events()->context);
    assert_int_equal(fixture->requests, 4);
    while (fixture->answers == 0)
        uv_run(&fixture->loop, UV_RUN_ONCE);
    assert_int_equal(fixture->last.code, WI_DEADLINE_EXCEEDED);
    assert_int_equal(wi_jobs_cancel(fixture->jobs, "job-2"), WI_OK);
    assert_int_equal(fixture->last.code, WI_CANCELLED);
    assert_int_equal(fixture->cancelled, 0);
    add_row(&answer.outputs, 4);
    events()->on_answer(events()->context, "node-1", fixture->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    assert_int_equal(fixture->answers, 4);
    assert_int_equal(fixture->last.code, WI_OK);
    assert_int_equal(fixture->last.batch, 4);
    assert_int_equal(count_jobs().completed, 2);
}
