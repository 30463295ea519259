/*
 * The guard beside the clients' jobs, against a pool that this test plays: what runs once more and
 * where, what becomes of it, and that no client notices.
 */
#include "../test.h"

#include "base/clock.h"
#include "base/memory.h"
#include "check/check.h"
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- the pool that we play */

struct sent {
    char attempt[WI_ID_SIZE + 12];
    enum wi_platform platform;
    double deadline_ms;
    int over;
};

static struct fixture {
    uv_loop_t loop;
    struct wi_config config;
    struct wi_model model;
    struct wi_node_info node;
    struct wi_verdicts *verdicts;
    struct wi_jobs *jobs;
    struct wi_checks *checks;
    struct wi_probe wish;
    int gone, full; /* the node */
    int no_yardstick;
    char asked_node[WI_ID_SIZE], asked_browser[32]; /* of the last pick; "" for any */
    struct sent sent[64];
    size_t sent_count, cancelled, handed_back;
    enum wi_task_kind task; /* of the last task, and what it foresees */
    double prompt_tokens, answer_tokens;
    /* what clients got */
    int answers;
    enum wi_verdict numerics;
    enum wi_code code;
} the;

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    snprintf(the.asked_node, sizeof the.asked_node, "%s", demand->node ? demand->node : "");
    snprintf(
        the.asked_browser, sizeof the.asked_browser, "%s", demand->browser ? demand->browser : "");
    *choice = (struct wi_choice){.node = "node-1", .platform_count = 1};
    choice->platforms[0] = demand->has_platform ? demand->platform : WI_WASM;
    if (!demand->has_platform)
        choice->probe = the.wish;
    return the.full ? WI_PICK_WAIT : WI_PICK_NODE;
}

int wi_pool_has_room(const struct wi_pool *pool, const struct wi_demand *demand)
{
    return 1;
}

enum wi_code wi_pool_dispatch(
    struct wi_pool *pool, const char *node_id, const struct wi_task *task, struct wi_error *error)
{
    struct sent *sent = &the.sent[the.sent_count++];
    snprintf(sent->attempt, sizeof sent->attempt, "%s", task->attempt_id);
    sent->platform = task->platforms[0];
    sent->deadline_ms = task->deadline_ms;
    the.task = task->task;
    the.prompt_tokens = task->prompt_tokens;
    the.answer_tokens = task->answer_tokens;
    if (task->task == WI_TASK_NONE)
        assert_int_equal(task->tensors->count, 1);
    assert_int_equal(task->fallback, 0);
    return WI_OK;
}

void wi_pool_computed(
    struct wi_pool *pool, const char *node_id, const struct wi_prefix_key *key, unsigned tokens)
{
}

void wi_pool_credit(struct wi_pool *pool, const char *node_id, const char *attempt_id,
    const struct wi_credit *credit)
{
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    the.cancelled++;
}

void wi_pool_probe_dropped(
    struct wi_pool *pool, const struct wi_model *model, const struct wi_probe *probe)
{
    assert_ptr_equal(model, &the.model);
    assert_memory_equal(probe, &the.wish, sizeof(*probe));
    the.handed_back++;
}

void wi_pool_set_backlog(struct wi_pool *pool, size_t waiting)
{
}

int wi_pool_yardstick(const struct wi_pool *pool, char node[WI_ID_SIZE])
{
    snprintf(node, WI_ID_SIZE, "node-wasm");
    return the.no_yardstick ? -1 : 0;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    return the.gone ? NULL : &the.node;
}

struct wi_verdicts *wi_pool_verdicts(const struct wi_pool *pool)
{
    return the.verdicts;
}

/* ---------------------------------------------------------------- the fixture */

static int set_up(void **state)
{
    the = (struct fixture){.model = {.name = "twice", .hash = "abcd", ._references = 1},
        .node = {.id = "node-1", .session = "session-1", .kind = "chrome"},
        .wish = {.wanted = 1, .browser = "chrome", .platform = WI_WEBGPU}};
    the.config.pool.max_queue = 4;
    the.verdicts = wi_verdicts_new(NULL);
    uv_loop_init(&the.loop);
    the.jobs = wi_jobs_new(&the.loop, &the.config, NULL);
    wi_jobs_start(the.jobs, NULL);
    the.checks = wi_checks_new(&the.loop, the.jobs, NULL, &the.config);
    return 0;
}

static int tear_down(void **state)
{
    wi_checks_stop(the.checks);
    wi_jobs_abort(the.jobs);
    wi_jobs_free(the.jobs);
    wi_checks_free(the.checks);
    uv_run(&the.loop, UV_RUN_DEFAULT);
    wi_verdicts_free(the.verdicts);
    assert_int_equal(the.model._references, 1);
    return uv_loop_close(&the.loop);
}

static void add(struct wi_tensors *list, const char *name, float value, size_t count)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = WI_FP32;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)count;
    tensor->size = count * sizeof value;
    tensor->blob = wi_blob_new(NULL, tensor->size);
    for (size_t i = 0; i < count; i++)
        wi_blob_append(tensor->blob, &value, sizeof value);
}

static void on_done(void *context, const struct wi_job_spec *spec, struct wi_job_result *result)
{
    the.answers++;
    the.code = result->code;
    the.numerics = result->numerics;
}

static enum wi_code submit_so(
    int has_platform, enum wi_platform platform, int stream, enum wi_task_kind task)
{
    struct wi_job_spec spec = {.model = wi_model_ref(&the.model),
        .stream = stream,
        .task = task,
        .priority = 5,
        .has_platform = has_platform,
        .platform = platform,
        .timeout_ms = 60000,
        .accepted_at = wi_now_ms()};
    struct wi_error error;
    wi_id_new(spec.id, "job");
    add(&spec.tensors, "x", 1, 1);
    return wi_jobs_submit(the.jobs, &spec, on_done, NULL, &error);
}

static enum wi_code submit_to(int has_platform, enum wi_platform platform)
{
    return submit_so(has_platform, platform, 0, WI_TASK_NONE);
}

static const struct wi_pool_events *events(void)
{
    return wi_jobs_pool_events(the.jobs);
}

/* The `index`th attempt answers with `count` values. */
static void answer(size_t index, float value, size_t count)
{
    struct sent *sent = &the.sent[index];
    struct wi_answer answer = {
        .ok = 1, .executed_on = json_pack("{s:s}", "platform", wi_platform_names[sent->platform])};
    assert_true(index < the.sent_count && !sent->over);
    sent->over = 1;
    add(&answer.outputs, "y", value, count);
    events()->on_answer(events()->context, "node-1", sent->attempt, &answer);
    wi_tensors_clear(&answer.outputs);
    json_decref(answer.executed_on);
}

/* Likewise, to a task; `member` says in how many bits. */
static void answer_task_so(size_t index, const char *member, const char *bits, json_t *result)
{
    struct sent *sent = &the.sent[index];
    struct wi_answer answer = {.ok = 1,
        .result = result,
        .executed_on =
            json_pack("{s:s, s:s}", "platform", wi_platform_names[sent->platform], member, bits)};
    assert_true(index < the.sent_count && !sent->over);
    sent->over = 1;
    events()->on_answer(events()->context, "node-1", sent->attempt, &answer);
    json_decref(answer.result);
    json_decref(answer.executed_on);
}

static void answer_task(size_t index, const char *precision, json_t *result)
{
    answer_task_so(index, "precision", precision, result);
}

static json_t *written(double logprob)
{
    return json_pack("{s:s, s:[{s:i, s:f}]}", "text", "a", "logprobs", "id", 1, "logprob", logprob);
}

static json_t *seen(double probability)
{
    return json_pack("{s:[{s:s, s:f}]}", "labels", "label", "a river", "probability", probability);
}

static void fail_with(size_t index, enum wi_code code, const char *detail, int retryable)
{
    struct wi_answer answer = {.retryable = retryable};
    the.sent[index].over = 1;
    wi_error_set(&answer.error, code, NULL, "%s", detail);
    events()->on_answer(events()->context, "node-1", the.sent[index].attempt, &answer);
}

static void turn(void)
{
    uv_run(&the.loop, UV_RUN_NOWAIT);
}

/* A client's request is answered by WASM with 2; gives the index of the run beside it. */
static size_t client(void)
{
    size_t first = the.sent_count;
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(first, 2, 1);
    turn();
    assert_int_equal(the.sent_count, first + 2);
    assert_int_equal(the.sent[first + 1].platform, WI_WEBGPU);
    return first + 1;
}

static enum wi_verdict look_up(enum wi_platform platform, int *due)
{
    struct wi_place place = wi_place_of(&the.node, the.model.engine, platform);
    return wi_verdicts_get(the.verdicts, &the.model, &place, NULL, due);
}

static enum wi_verdict verdict_on(enum wi_platform platform)
{
    int due;
    return look_up(platform, &due);
}

/* Whether another check of WebGPU would tell something new. */
static int is_due(void)
{
    int due;
    look_up(WI_WEBGPU, &due);
    return due;
}

static enum wi_verdict verdict(void)
{
    return verdict_on(WI_WEBGPU);
}

static struct wi_check_counters counters(void)
{
    struct wi_check_counters counters;
    wi_checks_counters(the.checks, &counters);
    return counters;
}

/* ---------------------------------------------------------------- */

static void agreeing_is_trusted(void **state)
{
    struct wi_job_counters jobs;
    size_t probe = client();
    assert_int_equal(the.answers, 1); /* before the run beside it has ended */
    assert_int_equal(the.numerics, WI_TRUSTED);
    assert_int_equal(verdict(), WI_UNKNOWN);
    answer(probe, 2.001f, 1);
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(the.answers, 1);
    assert_int_equal(counters().trusted, 1);
    assert_int_equal(counters().running, 0);
    wi_jobs_counters(the.jobs, &jobs);
    assert_int_equal(jobs.accepted, 1);
    assert_int_equal(jobs.completed, 1);
    assert_int_equal(jobs.running, 0);
}

static void differing_is_wrong(void **state)
{
    answer(client(), 3, 1);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(counters().wrong, 1);
}

static void quantised_models_may_differ_more(void **state)
{
    the.model.signature.quantised = 1;
    answer(client(), 2.02f, 1);
    assert_int_equal(verdict(), WI_TRUSTED);
}

static void large_answers_are_compared_off_the_loop(void **state)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(0, 2, 100000);
    turn();
    answer(1, 2, 100000);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().running, 1);
    while (counters().running > 0)
        uv_run(&the.loop, UV_RUN_ONCE);
    assert_int_equal(verdict(), WI_TRUSTED);
}

static void the_end_may_come_while_comparing(void **state)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(0, 2, 100000);
    turn();
    answer(1, 2, 100000);
    assert_int_equal(counters().running, 1); /* tear_down does the rest */
}

static void a_stream_is_not_run_again(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 1, WI_TASK_NONE), WI_OK);
    answer(0, 3, 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(the.numerics, WI_UNKNOWN); /* so it goes out as unchecked */
}

/* By an input of ours, which WASM gets too. */
static void a_task_is_checked_afterwards(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 1, WI_TASK_CHAT), WI_OK);
    answer_task(0, "fp32", written(-9));
    assert_int_equal(the.numerics, WI_UNKNOWN); /* so it goes out as unchecked */
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_int_equal(the.task, WI_TASK_COMPLETE);
    answer_task(1, "fp32", written(-1));
    assert_int_equal(the.sent[2].platform, WI_WEBGPU);
    answer_task(2, "fp32", written(-1.04));
    assert_int_equal(verdict(), WI_TRUSTED);
    assert_int_equal(counters().trusted, 1);
    assert_int_equal(submit_so(1, WI_WEBGPU, 1, WI_TASK_CHAT), WI_OK);
    answer_task(3, "fp32", written(-1));
    assert_int_equal(the.numerics, WI_TRUSTED);
    turn();
    assert_int_equal(the.sent_count, 4);
}

/* Routing asks for it, since nothing is known of the place. */
static void compare_pictures(double on_webgpu, const char *precision)
{
    size_t first = the.sent_count;
    the.wish.deadline_ms = the.wish.compare = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
    answer_task(first, "fp32", seen(0.1));
    turn();
    assert_int_equal(the.sent[first + 1].platform, WI_WASM);
    answer_task(first + 1, precision, seen(0.9));
    assert_int_equal(the.sent[first + 2].platform, WI_WEBGPU);
    answer_task(first + 2, precision, seen(on_webgpu));
}

static void a_wrong_task_is_found_out(void **state)
{
    compare_pictures(0.5, "fp32");
    assert_int_equal(verdict(), WI_WRONG);
}

static void a_task_in_few_bits_may_differ_more(void **state)
{
    compare_pictures(0.8, "q8");
    assert_int_equal(verdict(), WI_TRUSTED);
}

static enum wi_verdict compare_text(const char *quantization)
{
    size_t first = the.sent_count;
    the.wish.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_COMPLETE), WI_OK);
    answer_task(first, "fp32", written(-1));
    turn();
    answer_task_so(first + 1, "quantization", quantization, written(-1));
    answer_task_so(first + 2, "quantization", quantization, written(-1.1));
    return verdict();
}

static void the_bits_of_a_gguf_file_are_those_of_its_weights(void **state)
{
    assert_int_equal(compare_text("Q8_0"), WI_TRUSTED);
    strcpy(the.model.hash, "efgh");
    assert_int_equal(compare_text("F32"), WI_WRONG);
}

static void a_task_that_cannot_run_there_is_unable(void **state)
{
    the.wish.deadline_ms = the.wish.compare = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
    answer_task(0, "fp32", seen(1));
    turn();
    answer_task(1, "fp32", seen(1));
    fail_with(2, WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_UNABLE);
}

/* An input of ours may fail where clients' do not. */
static void what_cannot_run_is_not_tried_after_each_answer(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(0, "fp32", written(-1));
    turn();
    answer_task(1, "fp32", written(-1));
    fail_with(2, WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_UNABLE);
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(3, "fp32", written(-1));
    turn();
    assert_int_equal(the.sent_count, 4);
}

static void what_cannot_be_told_stays_open(void **state)
{
    the.wish.deadline_ms = the.wish.compare = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_OBJECT_DETECTION), WI_OK);
    answer_task(0, "fp32", json_pack("{s:[]}", "boxes"));
    turn();
    answer_task(1, "fp32", json_pack("{s:[]}", "boxes"));
    answer_task(2, "fp32", json_pack("{s:[]}", "boxes"));
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().failed, 1);
    assert_false(is_due());
}

/* A place that is trusted is tried for its speed alone. */
static void what_is_trusted_is_only_measured(void **state)
{
    the.wish.deadline_ms = 1;
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_IMAGE_CLASSIFICATION), WI_OK);
    answer_task(0, "fp32", seen(1));
    turn();
    assert_int_equal(the.sent[1].platform, WI_WEBGPU);
    answer_task(1, "fp32", seen(1));
    assert_int_equal(counters().measured, 1);
    assert_int_equal(the.sent_count, 2);
}

/* Else each answer would have WASM try it again. */
static void what_wasm_cannot_do_is_not_tried_again_at_once(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(0, "fp32", written(-1));
    turn();
    fail_with(1, WI_DEADLINE_EXCEEDED, "it takes too long", 0);
    assert_int_equal(counters().failed, 1);
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_CHAT), WI_OK);
    answer_task(2, "fp32", written(-1));
    turn();
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(verdict(), WI_UNKNOWN);
}

static void speech_that_is_drawn_at_random_is_not_compared(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_so(1, WI_WEBGPU, 0, WI_TASK_TEXT_TO_SPEECH), WI_OK);
    answer_task(0, "fp32", json_object());
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(the.numerics, WI_UNKNOWN);
    assert_int_equal(counters().dropped, 0);
}

/* A stream too; by a text that has nothing of the client's. */
static void a_place_is_measured_by_a_text_of_ours(void **state)
{
    the.wish.platform = WI_WASM;
    the.wish.deadline_ms = 1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(submit_so(0, WI_WASM, i, WI_TASK_CHAT), WI_OK);
        assert_int_equal(the.task, WI_TASK_CHAT);
        answer((size_t)i * 2, 3, 0);
        turn();
        assert_int_equal(the.sent_count, 2 * i + 2);
        assert_string_equal(the.asked_browser, "chrome");
        assert_int_equal(the.task, WI_TASK_COMPLETE);
        assert_true(the.prompt_tokens > 1 && the.answer_tokens > 1);
        answer((size_t)i * 2 + 1, 3, 0);
        assert_int_equal(counters().measured, i + 1);
    }
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_COMPLETE), WI_OK);
    answer(4, 3, 0);
    turn();
    fail_with(5, WI_CONTEXT_LENGTH, "the context is small", 0);
    assert_int_equal(counters().failed, 1);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(submit_so(0, WI_WASM, 0, WI_TASK_TOKENIZE), WI_OK);
    answer(6, 3, 0);
    turn();
    assert_int_equal(the.sent_count, 7);
    assert_int_equal(the.handed_back, 1);
}

static void a_pinned_answer_is_checked_afterwards(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(0, 3, 1);
    assert_int_equal(the.numerics, WI_UNKNOWN);
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    answer(1, 2, 1);
    assert_int_equal(verdict(), WI_WRONG);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(2, 3, 1);
    assert_int_equal(the.numerics, WI_WRONG);
    turn();
    assert_int_equal(the.sent_count, 3); /* known by now */
}

static void neither_being_wasm_asks_both(void **state)
{
    the.wish.platform = WI_WEBNN;
    assert_int_equal(submit_to(0, 0), WI_OK);
    the.sent[0].platform = WI_WEBGPU; /* as if routing had sent it there */
    answer(0, 2, 1);
    turn();
    assert_int_equal(the.sent[1].platform, WI_WASM);
    answer(1, 2, 1);
    assert_int_equal(the.sent[2].platform, WI_WEBNN);
    answer(2, 5, 1);
    assert_int_equal(verdict_on(WI_WEBNN), WI_WRONG);
    assert_int_equal(verdict(), WI_UNKNOWN);
}

static void what_cannot_run_is_unable(void **state)
{
    fail_with(client(), WI_OPERATOR_UNSUPPORTED, "no kernel", 0);
    assert_int_equal(verdict(), WI_UNABLE);
    assert_int_equal(counters().unable, 1);
}

static void what_breaks_is_not_tried_again_at_once(void **state)
{
    size_t probe = client();
    the.gone = 1; /* the bridge forgets the node before it reports what was on it */
    events()->on_lost(events()->context, "node-1", the.sent[probe].attempt, 1, "it crashed");
    the.gone = 0;
    assert_int_equal(the.sent_count, 2);
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().failed, 1);
    assert_false(is_due());
    fail_with(client(), WI_INFERENCE_FAILED, "device_lost: it went", 1);
    assert_int_equal(verdict(), WI_UNABLE);
}

static void its_time_counts_from_its_dispatch(void **state)
{
    the.wish.deadline_ms = 50000;
    size_t probe = client();
    assert_true(the.sent[probe].deadline_ms > 49990 && the.sent[probe].deadline_ms <= 50000);
}

static void gives_way_to_clients(void **state)
{
    the.wish.deadline_ms = 50000;
    assert_int_equal(submit_to(0, 0), WI_OK);
    the.full = 1;
    assert_int_equal(submit_to(0, 0), WI_OK); /* waits */
    answer(0, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(counters().dropped, 1);
    assert_int_equal(the.handed_back, 1);
    the.full = 0;
    events()->on_capacity(events()->context);
    assert_int_equal(the.sent_count, 2);
    assert_int_equal(the.sent[1].platform, WI_WASM);
}

static void waits_for_room_behind_everybody(void **state)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    the.full = 1;
    answer(0, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(submit_to(0, 0), WI_OK); /* a client comes later, and goes first */
    the.full = 0;
    events()->on_capacity(events()->context);
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_int_equal(the.sent[2].platform, WI_WEBGPU);
}

static void few_run_at_a_time(void **state)
{
    static const char *const kinds[] = {"chrome", "edge", "firefox", "safari"};
    for (int i = 0; i < 4; i++) { /* four places, each with a check of its own */
        snprintf(the.wish.browser, sizeof the.wish.browser, "%s", kinds[i]);
        size_t first = the.sent_count;
        assert_int_equal(submit_to(0, 0), WI_OK);
        answer(first, 2, 1);
        turn();
    }
    assert_int_equal(counters().running, 4);
    assert_int_equal(the.sent_count, 4 + 2);
    answer(1, 2, 1);
    events()->on_capacity(events()->context);
    assert_int_equal(the.sent_count, 4 + 3);
}

static void one_at_a_time_for_a_place(void **state)
{
    client();
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(2, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(counters().running, 1);
    assert_int_equal(counters().dropped, 0);
}

static void random_models_are_only_measured(void **state)
{
    strcpy(the.model.signature.random, "RandomNormal");
    answer(client(), 77, 1);
    assert_int_equal(verdict(), WI_EXEMPT);
    assert_int_equal(counters().measured, 1);
}

static void off_means_off(void **state)
{
    the.config.pool.numerics = WI_NUMERICS_OFF;
    answer(client(), 77, 1); /* routing may still measure */
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().measured, 1);
    the.wish.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(2, 77, 1);
    turn();
    assert_int_equal(the.numerics, WI_UNKNOWN);
    assert_int_equal(the.sent_count, 3);
}

static void what_wasm_refuses_is_refused(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_to(0, 0), WI_OK);
    fail_with(0, WI_OPERATOR_UNSUPPORTED, "no Gemm(6)", 0);
    assert_int_equal(the.code, WI_OPERATOR_UNSUPPORTED);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OPERATOR_UNSUPPORTED);
    assert_int_equal(the.sent_count, 1);
    assert_int_equal(submit_to(0, 0), WI_OK); /* WASM itself may be asked again */
    answer(1, 2, 1);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
}

static void too_big_for_wasm_is_tried_elsewhere(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_to(0, 0), WI_OK);
    fail_with(0, WI_INFERENCE_FAILED, "out_of_memory: std::bad_alloc", 0);
    assert_int_equal(verdict(), WI_EXEMPT);
    assert_int_equal(the.answers, 0);
    assert_int_equal(the.sent_count, 2);
    fail_with(1, WI_INFERENCE_FAILED, "out_of_memory: std::bad_alloc", 0);
    assert_int_equal(the.answers, 1); /* once is enough */
    assert_int_equal(the.code, WI_INFERENCE_FAILED);
}

static void a_joined_page_is_no_measure(void **state)
{
    the.wish.wanted = 0;
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(0, 2, 1);
    turn();
    the.node.session[0] = '\0';
    answer(1, 3, 1);
    strcpy(the.node.session, "session-1");
    assert_int_equal(verdict(), WI_UNKNOWN);
    assert_int_equal(counters().dropped, 1);
    assert_int_equal(submit_to(1, WI_WEBGPU), WI_OK);
    answer(2, 2, 1);
    turn();
    assert_int_equal(the.sent_count, 3); /* nor is it asked again after each answer */
}

/* A program has no WASM: another node's is the measure. */
static void a_program_is_measured_by_a_browser(void **state)
{
    the.wish.wanted = 0;
    the.node.session[0] = '\0';
    strcpy(the.node.kind, "python");
    assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
    answer(0, 2, 1);
    assert_int_equal(the.numerics, WI_UNKNOWN);
    turn();
    assert_int_equal(the.sent_count, 2);
    assert_int_equal(the.sent[1].platform, WI_WASM);
    assert_string_equal(the.asked_node, "node-wasm");
    assert_string_equal(the.asked_browser, "");
    answer(1, 2, 1);
    assert_int_equal(counters().trusted, 1);
    assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
    answer(2, 2, 1);
    assert_int_equal(the.numerics, WI_TRUSTED);
}

static void a_program_without_a_measure_stays_unchecked(void **state)
{
    the.wish.wanted = 0;
    the.node.session[0] = '\0';
    strcpy(the.node.kind, "python");
    the.no_yardstick = 1;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
        answer((size_t)i, 2, 1);
        assert_int_equal(the.numerics, WI_UNKNOWN);
        turn();
        assert_int_equal(the.sent_count, i + 1);
    }
    assert_int_equal(counters().dropped, 0);
    the.no_yardstick = 0; /* and is compared as soon as there is one */
    assert_int_equal(submit_to(1, WI_NATIVE), WI_OK);
    answer(2, 2, 1);
    the.no_yardstick = 1; /* which may be gone again by then */
    turn();
    assert_int_equal(the.sent_count, 3);
    assert_int_equal(counters().running, 0);
    assert_int_equal(counters().dropped, 1);
}

static void drain_count(void *context)
{
    ++*(int *)context;
}

static void shutting_down_does_not_wait(void **state)
{
    int idle = 0;
    client();
    wi_checks_stop(the.checks);
    wi_jobs_drain(the.jobs, drain_count, &idle);
    assert_int_equal(idle, 1);
    assert_int_equal(the.cancelled, 1);
    assert_int_equal(counters().running, 0);
    assert_int_equal(counters().dropped, 1);
}

static void begun_but_not_sent_when_the_end_comes(void **state)
{
    assert_int_equal(submit_to(0, 0), WI_OK);
    answer(0, 2, 1);
    assert_int_equal(counters().running, 1); /* without the turn that would send it */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(agreeing_is_trusted),
        TEST(differing_is_wrong),
        TEST(quantised_models_may_differ_more),
        TEST(large_answers_are_compared_off_the_loop),
        TEST(the_end_may_come_while_comparing),
        TEST(a_stream_is_not_run_again),
        TEST(a_task_is_checked_afterwards),
        TEST(a_wrong_task_is_found_out),
        TEST(a_task_in_few_bits_may_differ_more),
        TEST(the_bits_of_a_gguf_file_are_those_of_its_weights),
        TEST(a_task_that_cannot_run_there_is_unable),
        TEST(what_cannot_run_is_not_tried_after_each_answer),
        TEST(what_cannot_be_told_stays_open),
        TEST(what_is_trusted_is_only_measured),
        TEST(what_wasm_cannot_do_is_not_tried_again_at_once),
        TEST(speech_that_is_drawn_at_random_is_not_compared),
        TEST(a_place_is_measured_by_a_text_of_ours),
        TEST(a_pinned_answer_is_checked_afterwards),
        TEST(neither_being_wasm_asks_both),
        TEST(what_cannot_run_is_unable),
        TEST(what_breaks_is_not_tried_again_at_once),
        TEST(its_time_counts_from_its_dispatch),
        TEST(gives_way_to_clients),
        TEST(waits_for_room_behind_everybody),
        TEST(few_run_at_a_time),
        TEST(one_at_a_time_for_a_place),
        TEST(random_models_are_only_measured),
        TEST(off_means_off),
        TEST(what_wasm_refuses_is_refused),
        TEST(too_big_for_wasm_is_tried_elsewhere),
        TEST(a_joined_page_is_no_measure),
        TEST(a_program_is_measured_by_a_browser),
        TEST(a_program_without_a_measure_stays_unchecked),
        TEST(shutting_down_does_not_wait),
        TEST(begun_but_not_sent_when_the_end_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
