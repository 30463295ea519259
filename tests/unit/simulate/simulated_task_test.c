/* What a simulated node makes of its tasks; its connection is played, and what it draws is given.
 */
#include "../test.h"

#include "../files.h"
#include "../terms/format/onnx_build.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/memory.h"
#include "simulate/simulate.h"
#include "terms/lab/profile.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- the connection that we play -------------------------------------------------------------- */

struct wi_worker {
    json_t *models;
};

static struct {
    uv_loop_t loop;
    struct sim_options options;
    struct sim sim;
    struct wi_worker worker;
    struct wi_worker_task task, *earlier; /* one that the node has, too; NULL: none */
    const double *lots;                   /* what is drawn next */
    int answers, repeats, cuts, parts, up;
    size_t bytes; /* of the parts */
    int credit;
    enum wi_code code;
    int retryable;
    double ms, answered_at;
    json_t *result;
    size_t outputs, rows, columns;
    float values[64];          /* of the first output, if it is FP32 */
    char first[64], last[256]; /* output's name; part */
    int parts_before_cut;
} test;

double wi_worker_random(struct wi_worker_service *service)
{
    return *test.lots++;
}

struct wi_worker_service *wi_worker_service(const struct wi_worker *worker)
{
    return &test.sim.service;
}

void wi_worker_cut(struct wi_worker *worker)
{
    test.cuts++;
    test.parts_before_cut = test.parts;
}

void wi_worker_each_task(struct wi_worker *worker, void (*visit)(struct wi_worker_task *task))
{
    if (test.earlier)
        visit(test.earlier);
    visit(&test.task);
}

const json_t *wi_worker_models(const struct wi_worker *worker)
{
    return worker->models;
}

void wi_worker_set_models(struct wi_worker *worker, json_t *models)
{
    json_decref(worker->models);
    worker->models = models;
}

int wi_worker_has_credit(struct wi_worker_task *task)
{
    return test.credit > 0;
}

void wi_worker_send_part(struct wi_worker_task *task, const char *members, size_t bytes)
{
    test.parts++;
    test.credit--;
    task->next++;
    test.bytes += bytes;
    snprintf(test.last, sizeof test.last, "%s", members);
}

void wi_worker_answer(struct wi_worker_task *task, const struct wi_worker_answer *answer)
{
    test.answers++;
    test.answered_at = wi_now_ms();
    test.code = answer->failure.code;
    test.retryable = answer->retryable;
    test.ms = answer->inference_ms;
    test.result = json_incref(answer->result);
    test.outputs = answer->outputs.count;
    assert_non_null(strstr(answer->executed_on, "\"simulated\":true"));
    if (answer->outputs.count == 0)
        return;
    const struct wi_tensor *first = &answer->outputs.items[0];
    snprintf(test.first, sizeof test.first, "%s", first->name);
    test.rows = (size_t)first->dims[0];
    test.columns = (size_t)first->dims[1];
    assert_int_equal(first->rank, test.columns ? 2 : 1);
    assert_int_equal(first->blob->size, first->size);
    if (first->datatype == WI_FP32)
        memcpy(test.values, wi_tensor_bytes(first),
            first->size < sizeof test.values ? first->size : sizeof test.values);
}

int wi_worker_repeat(struct wi_worker_task *task)
{
    test.repeats++;
    return test.up;
}

/* --- a node ----------------------------------------------------------------------------------- */

#define NEVER_DRAWN 0.99

static const double plain[] = {NEVER_DRAWN, NEVER_DRAWN, 0, 0};

static int set_up(void **state)
{
    memset(&test, 0, sizeof test);
    uv_loop_init(&test.loop);
    test.sim.options = &test.options;
    test.sim.service.context = &test.sim;
    test.sim.service.loop = &test.loop;
    test.task.worker = &test.worker;
    test.lots = plain;
    test.credit = 1000;
    test.up = 1;
    return 0;
}

static void forget(void)
{
    if (test.task.owner)
        wi_sim_end_task(&test.task);
    json_decref(test.result);
    test.result = NULL;
    test.task = (struct wi_worker_task){.worker = &test.worker};
    test.answers = test.parts = test.cuts = 0;
    test.bytes = 0;
}

static int tear_down(void **state)
{
    forget();
    uv_run(&test.loop, UV_RUN_DEFAULT);
    json_decref(test.worker.models);
    return uv_loop_close(&test.loop);
}

/* The node is sent a task: what it is to do, with which options, and the inputs. */
static void task_take_with(struct wi_worker_task *task, const char *model, const char *data,
    const char *options, struct wi_tensors *inputs)
{
    json_t *parsed = json_loads(data, 0, NULL), *requested = json_loads(options, 0, NULL);
    const struct wi_worker_request request = {
        .data = parsed, .options = requested, .model = model, .inputs = inputs};
    assert_non_null(parsed);
    wi_sim_take_task(task, &request);
    json_decref(parsed);
    json_decref(requested);
}

static void take_with(
    const char *model, const char *data, const char *options, struct wi_tensors *inputs)
{
    task_take_with(&test.task, model, data, options, inputs);
}

static void take(const char *model, const char *data, const char *options)
{
    struct wi_tensors none = {0};
    take_with(model, data, options, &none);
}

static void run_until_answered(void)
{
    while (test.answers == 0)
        uv_run(&test.loop, UV_RUN_ONCE);
}

static void expect_result(const char *json)
{
    json_t *expected = json_loads(json, 0, NULL);
    assert_non_null(expected);
    if (!json_equal(expected, test.result))
        fail_msg("%s", json_dumps(test.result, JSON_COMPACT));
    json_decref(expected);
}

FIXTURE(set_up, tear_down)

/* --- what becomes of it ----------------------------------------------------------------------- */

TEST(the_first_share_that_applies_is_what_happens)
{
    const struct {
        double lot;
        uint64_t failed, dropped, late, cut;
    } rows[] = {{0, 1, 0, 0, 0}, {.125 - 1e-9, 1, 0, 0, 0}, {.125, 0, 1, 0, 0},
        {.375 - 1e-9, 0, 1, 0, 0}, {.375, 0, 0, 1, 0}, {.625 - 1e-9, 0, 0, 1, 0},
        {.625, 0, 0, 0, 1}, {.875 - 1e-9, 0, 0, 0, 1}, {.875, 0, 0, 0, 0}};
    test.options.fail_rate = .125;
    test.options.drop_rate = test.options.late_rate = test.options.cut_rate = .25;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double lots[] = {rows[i].lot, NEVER_DRAWN, 0};
        int silent = rows[i].dropped || rows[i].late;
        test.sim.counters = (struct sim_counters){0};
        test.lots = lots;
        take("builtin/echo", "{}", "{}");
        assert_int_equal(test.sim.counters.failed, rows[i].failed);
        assert_int_equal(test.sim.counters.dropped, rows[i].dropped);
        assert_int_equal(test.sim.counters.late, rows[i].late);
        assert_int_equal(test.sim.counters.cut, rows[i].cut);
        assert_int_equal(test.cuts, rows[i].cut);
        assert_int_equal(test.sim.counters.answered, !silent);
        assert_int_equal(test.answers, !silent);
        if (!silent)
            assert_int_equal(test.code, rows[i].failed ? WI_INFERENCE_FAILED : WI_OK);
        if (!silent)
            assert_int_equal(test.retryable, rows[i].failed);
        forget();
    }
}

TEST(what_is_late_is_answered_when_nobody_wants_it_any_more)
{
    static const double lots[] = {0, NEVER_DRAWN, 0, 0, NEVER_DRAWN, 0};
    test.options.late_rate = .5;
    test.lots = lots;
    take("builtin/echo", "{}", "{}");
    uv_run(&test.loop, UV_RUN_NOWAIT);
    assert_int_equal(test.answers, 0);
    wi_sim_cancel_task(&test.task);
    assert_int_equal(test.answers, 1);
    forget();
    test.options.late_rate = 0;
    test.options.drop_rate = .5;
    take("builtin/echo", "{}", "{}");
    wi_sim_cancel_task(&test.task); /* what was dropped is not */
    assert_int_equal(test.answers, 0);
}

TEST(an_answer_may_come_twice)
{
    static const double lots[] = {NEVER_DRAWN, .25, 0, NEVER_DRAWN, .125, 0, NEVER_DRAWN, .125, 0};
    test.options.duplicate_rate = .25;
    test.lots = lots;
    take("builtin/echo", "{}", "{}");
    assert_int_equal(test.repeats, 0);
    forget();
    take("builtin/echo", "{}", "{}");
    assert_int_equal(test.repeats, 1);
    assert_int_equal(test.sim.counters.duplicated, 1);
    forget();
    test.up = 0; /* it could not be sent */
    take("builtin/echo", "{}", "{}");
    assert_int_equal(test.sim.counters.duplicated, 1);
}

TEST(an_answer_takes_latency_and_some_jitter)
{
    static const double lots[] = {NEVER_DRAWN, NEVER_DRAWN, .5};
    test.options.latency_ms = 20;
    test.options.jitter_ms = 10;
    test.lots = lots;
    double began = wi_now_ms();
    take("builtin/echo", "{}", "{}");
    assert_int_equal(test.answers, 0);
    run_until_answered();
    assert_true(test.ms == 25);
    assert_true(test.answered_at - began >= 24);
}

TEST(a_serial_node_does_one_after_the_other)
{
    static const double lots[] = {NEVER_DRAWN, NEVER_DRAWN, 0, NEVER_DRAWN, NEVER_DRAWN, 0};
    struct wi_worker_task earlier = {.worker = &test.worker};
    struct wi_tensors none = {0};
    test.options.latency_ms = 40;
    test.options.serial = 1;
    test.lots = lots;
    double began = wi_now_ms();
    task_take_with(&earlier, "builtin/echo", "{}", "{}", &none);
    test.earlier = &earlier;
    take("builtin/echo", "{}", "{}");
    while (test.answers < 2)
        uv_run(&test.loop, UV_RUN_ONCE);
    assert_true(test.answered_at - began >= 70);
    assert_true(test.ms == 40); /* without its wait */
    wi_sim_end_task(&earlier);
}

TEST(a_benchmark_takes_as_long_as_all_of_its_runs)
{
    static const double lots[] = {NEVER_DRAWN, NEVER_DRAWN, .5, 0, .25, .75};
    test.options.latency_ms = 2;
    test.options.jitter_ms = 4;
    test.lots = lots;
    take("builtin/echo", "{\"benchmark\":{\"runs\":3,\"warmup\":1}}", "{}");
    run_until_answered();
    assert_true(test.ms == 4 + 2 + 3 + 5);
    json_object_del(test.result, "output_hash");
    expect_result("{\"first_ms\":4.0,\"run_ms\":[2.0,3.0,5.0],\"gpu_ms\":null,\"load_ms\":0,"
                  "\"threads\":null,\"repeats\":1,\"clock_ms\":0.001,\"disturbed\":[]}");
}

TEST(a_profile_of_a_benchmark_is_of_its_runs)
{
    static const double lots[] = {NEVER_DRAWN, NEVER_DRAWN, .5, 0, .25, .75};
    struct wi_error error;
    test.options.latency_ms = 2;
    test.options.jitter_ms = 4;
    test.lots = lots;
    take("builtin/echo", "{\"benchmark\":{\"runs\":3,\"warmup\":1,\"profile\":true}}", "{}");
    run_until_answered();
    json_t *profile = json_object_get(test.result, "profile");
    assert_int_equal(wi_profile_settle(profile, 2 + 3 + 5, "", &error), WI_OK);
    assert_int_equal(json_integer_value(json_object_get(profile, "runs")), 3);
    json_t *other = json_object_get(profile, "other");
    assert_float_equal(json_number_value(json_object_get(other, "ms")), 1, 1e-9);
}

TEST(a_model_is_noted_once)
{
    static const char data[] = "{\"model\":{\"name\":\"m\",\"hash\":\"abc\"},\"task\":\"embed\","
                               "\"input\":{\"texts\":[\"a\"]}}";
    for (int i = 0; i < 2; i++) {
        test.lots = plain;
        take("m", data, "{}");
        forget();
    }
    json_t *row = json_array_get(test.worker.models, 0);
    assert_int_equal(json_array_size(test.worker.models), 1);
    assert_string_equal(json_string_value(json_object_get(row, "hash")), "abc");
    assert_string_equal(json_string_value(json_object_get(row, "state")), "loaded");
    test.lots = plain;
    take("builtin/echo", "{\"model\":{\"name\":\"builtin/echo\",\"hash\":\"\"}}", "{}");
    assert_int_equal(json_array_size(test.worker.models), 1);
}

TEST(a_model_is_dropped_and_the_others_stay)
{
    static const char *const names[] = {"one", "two"};
    for (size_t i = 0; i < 2; i++) {
        json_t *model = json_pack("{s:s, s:s}", "name", names[i], "hash", names[i]);
        wi_sim_note_model(&test.worker, model);
        json_decref(model);
    }
    wi_sim_drop_model(&test.worker, "nobody's");
    assert_int_equal(json_array_size(test.worker.models), 2);
    wi_sim_drop_model(&test.worker, "one");
    assert_int_equal(json_array_size(test.worker.models), 1);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(test.worker.models, 0), "name")), "two");
}

/* --- streams ---------------------------------------------------------------------------------- */

#define STREAM "{\"stream\":true}"

TEST(a_stream_counts_part_by_part)
{
    take("builtin/count", STREAM, "{\"count\":3,\"interval_ms\":20,\"bytes\":4}");
    double began = wi_now_ms();
    assert_int_equal(test.parts, 0); /* never from inside */
    run_until_answered();
    assert_true(wi_now_ms() - began >= 39); /* before the second, and before the third */
    assert_int_equal(test.parts, 3);
    assert_int_equal(test.bytes, 12);
    assert_string_equal(test.last, "\"index\":0,\"text\":\"2   \",\"tokens\":[2]");
    assert_int_equal(test.sim.counters.streams, 1);
    assert_int_equal(test.sim.counters.continued, 0);
    expect_result("{\"count\":3}");
}

TEST(a_part_counts_for_what_it_has_at_the_least)
{
    test.task.next = 1234;
    take("builtin/count", "{\"stream\":true,\"continue\":{}}",
        "{\"count\":1235,\"interval_ms\":0,\"bytes\":1}");
    run_until_answered();
    assert_int_equal(test.parts, 1);
    assert_int_equal(test.bytes, 5); /* "1234 " */
    assert_int_equal(test.sim.counters.continued, 1);
}

TEST(a_stream_waits_for_credit)
{
    test.credit = 2;
    take("builtin/count", STREAM, "{\"count\":5,\"interval_ms\":0}");
    for (int i = 0; i < 3; i++)
        uv_run(&test.loop, UV_RUN_NOWAIT);
    assert_int_equal(test.parts, 2);
    assert_int_equal(test.answers, 0);
    test.credit = 3;
    wi_sim_go_on(&test.task);
    assert_int_equal(test.parts, 5);
    assert_int_equal(test.answers, 1);
}

TEST(a_stream_meets_its_fate_on_the_way)
{
    /* The turn is drawn among the eight parts that are left: before the fifth. */
    static const double lots[] = {0, NEVER_DRAWN, 0, .5};
    test.options.fail_rate = .5;
    test.lots = lots;
    take("builtin/count", STREAM, "{\"count\":8,\"interval_ms\":0}");
    run_until_answered();
    assert_int_equal(test.parts, 4);
    assert_int_equal(test.code, WI_INFERENCE_FAILED);
    assert_int_equal(test.sim.counters.answered, 1);
    forget();
    test.options.fail_rate = 0;
    test.options.cut_rate = .5;
    test.lots = lots;
    take("builtin/count", STREAM, "{\"count\":8,\"interval_ms\":0}");
    run_until_answered();
    assert_int_equal(test.parts_before_cut, 4);
    assert_int_equal(test.cuts, 1); /* and not once more at its end */
    assert_int_equal(test.parts, 8);
    assert_int_equal(test.code, WI_OK);
    forget();
    test.options.cut_rate = 0;
    test.options.drop_rate = .5;
    test.lots = lots;
    take("builtin/count", STREAM, "{\"count\":8,\"interval_ms\":0}");
    for (int i = 0; i < 3; i++)
        uv_run(&test.loop, UV_RUN_NOWAIT);
    assert_int_equal(test.parts, 4);
    assert_int_equal(test.answers, 0);
}

/* --- what is answered ------------------------------------------------------------------------- */

#define TIMINGS                                                                                    \
    "\"timings\":{\"cache_n\":0,\"prompt_n\":3,\"prompt_ms\":3.0,\"prompt_per_token_ms\":1.0,"     \
    "\"prompt_per_second\":1000.0,\"predicted_n\":2,\"predicted_ms\":10.0,"                        \
    "\"predicted_per_token_ms\":10.0,\"predicted_per_second\":100.0}"
#define CHAT                                                                                       \
    "\"task\":\"chat\",\"input\":{\"messages\":[{\"role\":\"user\",\"content\":\"first\"},"        \
    "{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"two words\"}]}]}"

static const char *text_of(const char *member)
{
    return json_string_value(json_object_get(test.result, member));
}

static json_int_t usage(const char *member)
{
    return json_integer_value(json_object_get(json_object_get(test.result, "usage"), member));
}

TEST(a_conversation_is_answered_by_its_last_message)
{
    test.options.token_ms = 10;
    take("m", "{" CHAT "}", "{}");
    run_until_answered();
    assert_string_equal(text_of("text"), "two words");
    assert_string_equal(text_of("finish_reason"), "stop");
    assert_null(json_object_get(test.result, "index")); /* it is the only one */
    assert_int_equal(usage("prompt_tokens"), 3);
    assert_int_equal(usage("completion_tokens"), 2);
    json_t *timings = json_loads("{" TIMINGS "}", 0, NULL);
    assert_true(
        json_equal(json_object_get(timings, "timings"), json_object_get(test.result, "timings")));
    json_decref(timings);
    assert_int_equal(json_array_size(json_object_get(test.result, "tokens")), 2);
}

TEST(a_stream_of_text_has_a_part_for_each_word_and_one_for_its_end)
{
    take("m", "{\"stream\":true," CHAT "}", "{}");
    run_until_answered();
    assert_int_equal(test.parts, 3);
    assert_string_equal(test.last, "\"index\":0,\"result\":{\"finish_reason\":\"stop\"}");
    assert_int_equal(test.bytes, strlen("two words") + strlen("{\"finish_reason\":\"stop\"}"));
    assert_null(text_of("text")); /* the parts have carried it */
    assert_string_equal(text_of("finish_reason"), "stop");
}

/* Whether it is streamed or not, and in each run of a benchmark. */
TEST(a_text_takes_its_time_for_each_word)
{
    static const struct {
        const char *data;
        double ms;
    } rows[] = {{"{" CHAT "}", 7}, {"{\"stream\":true," CHAT "}", 7},
        {"{\"benchmark\":{\"runs\":2,\"warmup\":0}," CHAT "}", 14},
        {"{\"task\":\"automatic-speech-recognition\",\"input\":{\"audio\":{}}}", 4.5}};
    test.options.latency_ms = 2;
    test.options.token_ms = 2.5;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double began = wi_now_ms();
        test.lots = plain;
        take("m", rows[i].data, "{}");
        assert_int_equal(test.answers, 0);
        run_until_answered();
        if (i != 1)
            assert_float_equal(test.ms, rows[i].ms, 1e-9);
        assert_true(test.answered_at - began >= rows[i].ms - 1);
        forget();
    }
}

TEST(a_text_ends_where_it_is_told_to)
{
    static const struct {
        const char *options, *text, *why;
    } rows[] = {{"{\"max_tokens\":1}", "one", "length"},
        {"{\"max_tokens\":3}", "one two three", "stop"},
        {"{\"max_tokens\":0}", "one two three", "stop"},
        {"{\"stop\":[\"x\",\"hre\"]}", "one two", "stop"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test.lots = plain;
        take("m", "{\"task\":\"complete\",\"input\":{\"prompt\":\"one  two\\nthree \"}}",
            rows[i].options);
        assert_string_equal(text_of("text"), rows[i].text);
        assert_string_equal(text_of("finish_reason"), rows[i].why);
        forget();
    }
}

TEST(several_answers_are_choices)
{
    take("m", "{\"task\":\"complete\",\"input\":{\"prompts\":[\"a\",\"b c\"]}}", "{\"n\":2}");
    const json_t *choices = json_object_get(test.result, "choices"),
                 *last = json_array_get(choices, 3);
    assert_int_equal(json_array_size(choices), 4);
    assert_int_equal(json_integer_value(json_object_get(last, "index")), 3);
    assert_string_equal(json_string_value(json_object_get(last, "text")), "b c");
    assert_int_equal(usage("prompt_tokens"), 3);
    assert_int_equal(usage("completion_tokens"), 6);
}

TEST(a_tool_is_called_where_one_is_offered)
{
    static const char tools[] = "{\"tools\":[{\"function\":{\"name\":\"f\"}}]%s}";
    char options[128];
    snprintf(options, sizeof options, tools, "");
    take("m", "{" CHAT "}", options);
    const json_t *call = json_array_get(json_object_get(test.result, "tool_calls"), 0);
    assert_string_equal(text_of("finish_reason"), "tool_calls");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(call, "function"), "name")), "f");
    forget();
    snprintf(options, sizeof options, tools, ",\"tool_choice\":\"none\"");
    test.lots = plain;
    take("m", "{" CHAT "}", options);
    assert_string_equal(text_of("finish_reason"), "stop");
    forget();
    snprintf(options, sizeof options, tools, ""); /* its answer is there already */
    test.lots = plain;
    take("m",
        "{\"task\":\"chat\",\"input\":{\"messages\":[{\"role\":\"tool\",\"content\":\"7\"}]}}",
        options);
    assert_string_equal(text_of("text"), "7");
}

static double length_of(const float *vector, size_t count)
{
    double square = 0;
    for (size_t i = 0; i < count; i++)
        square += (double)vector[i] * vector[i];
    return sqrt(square);
}

TEST(a_text_becomes_the_same_vector_each_time)
{
    take("m", "{\"task\":\"embed\",\"input\":{\"texts\":[\"a cat\",\"a\"]}}", "{}");
    assert_string_equal(test.first, "embeddings");
    assert_int_equal(test.rows, 2);
    assert_int_equal(test.columns, 8);
    expect_result("{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":0}}");
    float both[16];
    memcpy(both, test.values, sizeof both);
    for (size_t row = 0; row < 2; row++)
        assert_float_equal(length_of(both + 8 * row, 8), 1, 1e-6);
    assert_memory_not_equal(both, both + 8, 8 * sizeof *both);
    forget();
    test.lots = plain;
    take("m", "{\"task\":\"embed\",\"input\":{\"texts\":[\"a\",\"a\"]}}", "{}");
    assert_memory_equal(test.values, both + 8, 8 * sizeof *both);
    assert_memory_equal(test.values + 8, both + 8, 8 * sizeof *both);
    forget();
    test.lots = plain;
    take("m", "{\"task\":\"embed\",\"input\":{\"texts\":[\"a\"]}}", "{\"dimensions\":40}");
    assert_int_equal(test.rows, 1);
    assert_int_equal(test.columns, 40);
    assert_float_equal(length_of(test.values, 40), 1, 1e-6);
}

TEST(a_sound_is_a_file)
{
    take("m", "{\"task\":\"text-to-speech\",\"input\":{\"text\":\"a cat\"}}", "{}");
    assert_string_equal(test.first, "audio");
    assert_int_equal(test.rows, 46);
}

TEST(documents_are_scored_by_the_words_of_the_query)
{
    take("m",
        "{\"task\":\"rerank\",\"input\":{\"query\":\"one cat\",\"documents\":[\"the cat\","
        "\"one cat\",\"x\"]}}",
        "{}");
    expect_result(
        "{\"scores\":[0.5,1.0,0.0],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":0}}");
}

TEST(labels_are_each_half_as_probable_as_the_one_before)
{
    take("m",
        "{\"task\":\"zero-shot-classification\",\"input\":{\"text\":\"x\",\"labels\":[\"a\",\"b\"]}"
        "}",
        "{}");
    expect_result("{\"labels\":[{\"label\":\"a\",\"index\":0,\"probability\":0.5},"
                  "{\"label\":\"b\",\"index\":1,\"probability\":0.25}]}");
}

TEST(words_have_numbers_of_their_own)
{
    take("m", "{\"task\":\"tokenize\",\"input\":{\"text\":\"a b a\",\"add_special\":true}}", "{}");
    const json_t *tokens = json_object_get(test.result, "tokens");
    assert_int_equal(json_array_size(tokens), 4);
    assert_int_equal(json_integer_value(json_array_get(tokens, 0)), 1);
    assert_true(json_equal(json_array_get(tokens, 1), json_array_get(tokens, 3)));
    assert_false(json_equal(json_array_get(tokens, 1), json_array_get(tokens, 2)));
}

TEST(a_count_that_is_no_stream_takes_as_long)
{
    test.options.latency_ms = .25;
    take("builtin/count", "{}", "{\"count\":4,\"interval_ms\":2}");
    run_until_answered();
    assert_true(test.ms == 6.25);
    expect_result("{\"count\":4}");
}

/* A free first dimension is that of the first tensor; a picture is one, whatever its file has. */
TEST(a_batch_has_the_rows_of_a_tensor_and_a_picture_is_one)
{
    static const char picture[] =
        "{\"input\":{\"image\":{\"tensor\":0,\"media_type\":\"image/png\"}}}";
    struct wi_buffer model = small_model();
    struct wi_tensors inputs = {0};
    char root[64];
    make_root(root, "simulate");
    write_file(root, "m/model.onnx", model.text, model.size);
    test.options.models = root;
    *wi_tensors_add(&inputs) = (struct wi_tensor){
        .name = wi_strdup("image"), .datatype = WI_UINT8, .rank = 1, .dims = {7}};
    take_with("m", "{}", "{}", &inputs);
    assert_int_equal(test.code, WI_OK);
    assert_int_equal(test.rows, 7);
    assert_int_equal(test.columns, 10);
    forget();
    test.lots = plain;
    take_with("m", picture, "{}", &inputs);
    assert_int_equal(test.rows, 1);
    assert_int_equal(test.columns, 10);
    wi_tensors_clear(&inputs);
    wi_sim_models_free(&test.sim);
    wi_buffer_clear(&model);
    remove_root(root);
}
