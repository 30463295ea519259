/* The body of POST /v1/benchmark, and the inputs that are made where it has none. */
#include "../reading.h"
#include "../text_models.h"

#include "base/memory.h"
#include "wire/benchmark/benchmark.h"

static struct wi_infer infer;
static struct wi_error error;

static int tear_down(void **state)
{
    (void)state;
    wi_infer_clear(&infer);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    chat._references = embedder._references = 1;
    return 0;
}

FIXTURE(set_up, tear_down)

static enum wi_code take_in(const char *body)
{
    wi_infer_clear(&infer);
    return parse(&wi_dialect_benchmark, &infer, body, &error);
}

TEST(test_defaults)
{
    assert_int_equal(take_in("{\"model_name\":\"m\"}"), WI_OK);
    const struct wi_inference *asked = infer.asked;
    assert_int_equal(asked->benchmark.runs, 20);
    assert_int_equal(asked->benchmark.warmup, 1);
    assert_int_equal(asked->benchmark.threads, WI_THREADS_USUAL);
    assert_int_equal(asked->fallback, 0);
    assert_false(asked->has_platform);
    assert_true(wi_infer_timeout_ms(&infer, WI_TYPE_VISION) == 600000);
    assert_string_equal(infer.model_name, "m");
    assert_null(asked->kernel);
}

TEST(test_all_that_may_be_said)
{
    assert_int_equal(take_in("{\"kernel\":\"matmul\",\"runs\":1000,\"warmup\":0,\"threads\":1,"
                             "\"platform\":\"wasm\",\"browser\":\"chrome\",\"node\":\"n\","
                             "\"timeout_ms\":5,\"priority\":3,\"id\":\"mine\",\"options\":{}}"),
        WI_OK);
    const struct wi_inference *asked = infer.asked;
    assert_string_equal(asked->kernel->name, "matmul");
    assert_int_equal(asked->benchmark.runs, 1000);
    assert_int_equal(asked->benchmark.warmup, 0);
    assert_int_equal(asked->benchmark.threads, WI_THREADS_ONE);
    assert_true(asked->timeout_ms == 5);
    assert_int_equal(take_in("{\"model_name\":\"m\",\"platform\":\"wasm\",\"threads\":\"all\","
                             "\"optimization\":\"none\"}"),
        WI_OK);
    assert_int_equal(infer.asked->benchmark.threads, WI_THREADS_ALL);
    assert_true(infer.asked->benchmark.as_it_is);
}

TEST(test_a_profile_is_of_few_runs)
{
    static const struct {
        const char *body;
        unsigned runs;
    } rows[] = {{"{\"model_name\":\"m\",\"profile\":true}", 5},
        {"{\"model_name\":\"m\",\"profile\":true,\"runs\":50}", 50},
        {"{\"model_name\":\"m\",\"profile\":false}", 20}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(take_in(rows[i].body), WI_OK);
        assert_int_equal(infer.asked->benchmark.runs, rows[i].runs);
        assert_int_equal(infer.asked->benchmark.profile, i < 2);
    }
    assert_int_equal(take_in("{\"model_name\":\"m\"}"), WI_OK);
    assert_false(infer.asked->benchmark.profile);
}

TEST(test_what_is_refused)
{
    static const struct {
        const char *body;
        enum wi_code code;
        const char *field;
    } rows[] = {
        {"{}", WI_MISSING_FIELD, "model_name"},
        {"{\"model_name\":\"m\",\"kernel\":\"relu\"}", WI_INVALID_FIELD, "kernel"},
        {"{\"kernel\":\"dance\"}", WI_KERNEL_NOT_FOUND, "kernel"},
        {"{\"kernel\":\"relu\",\"inputs\":\"text\"}", WI_INVALID_FIELD, "inputs"},
        {"{\"kernel\":\"relu\",\"options\":{\"slope\":1}}", WI_UNKNOWN_FIELD, "options.slope"},
        {"{\"model_name\":\"m\",\"fallback\":false}", WI_UNKNOWN_FIELD, "fallback"},
        {"{\"model_name\":\"m\",\"runs\":0}", WI_INVALID_FIELD, "runs"},
        {"{\"model_name\":\"m\",\"runs\":1001}", WI_INVALID_FIELD, "runs"},
        {"{\"model_name\":\"m\",\"profile\":true,\"runs\":51}", WI_INVALID_FIELD, "runs"},
        {"{\"model_name\":\"m\",\"profile\":1}", WI_INVALID_FIELD, "profile"},
        {"{\"model_name\":\"m\",\"warmup\":-1}", WI_INVALID_FIELD, "warmup"},
        {"{\"model_name\":\"m\",\"warmup\":101}", WI_INVALID_FIELD, "warmup"},
        {"{\"model_name\":\"m\",\"platform\":\"wasm\",\"threads\":2}", WI_INVALID_FIELD, "threads"},
        {"{\"model_name\":\"m\",\"threads\":1}", WI_INVALID_FIELD, "threads"},
        {"{\"model_name\":\"m\",\"platform\":\"webgpu\",\"threads\":\"all\"}", WI_INVALID_FIELD,
            "threads"},
        {"{\"model_name\":\"m\",\"task\":\"dance\"}", WI_INVALID_FIELD, "task"},
        {"{\"model_name\":\"../m\"}", WI_INVALID_FIELD, "model_name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum wi_code code = take_in(rows[i].body);
        if (code != rows[i].code || strcmp(error.field, rows[i].field) != 0)
            fail_msg("%s: %s, field \"%s\"", rows[i].body, wi_code_name(code), error.field);
    }
}

/* --- inputs of ours --------------------------------------------------------------------------- */

static struct wi_onnx_value input = {.name = (char *)"x",
    .tensor = 1,
    .has_datatype = 1,
    .datatype = WI_FP32,
    .has_shape = 1,
    .rank = 2,
    .dims = {-1, 3}};
static struct wi_model onnx = {.name = (char *)"m",
    ._references = 1,
    .engine = WI_ENGINE_ORT,
    .format = WI_FORMAT_ONNX,
    .facts.signature = {.inputs = &input, .input_count = 1}};

static enum wi_code fit(struct wi_model *model)
{
    return wi_dialect_benchmark.fit(&infer, model, &error);
}

TEST(test_a_graph_gets_random_numbers)
{
    assert_int_equal(take_in("{\"model_name\":\"m\"}"), WI_OK);
    assert_int_equal(fit(&onnx), WI_OK);
    assert_int_equal(fit(&onnx), WI_OK); /* once */
    const struct wi_tensors *tensors = &infer.asked->tensors;
    assert_int_equal(tensors->count, 1);
    assert_int_equal(tensors->items[0].dims[0], 1);
    assert_int_equal(tensors->items[0].dims[1], 3);
    assert_int_equal(wi_dialect_benchmark.check(&infer, &onnx, &limits, &error), WI_OK);
}

TEST(test_a_graph_that_none_can_be_made_for)
{
    input.datatype = WI_BYTES;
    assert_int_equal(take_in("{\"model_name\":\"m\"}"), WI_OK);
    assert_int_equal(fit(&onnx), WI_INPUT_INVALID);
    assert_string_equal(error.field, "inputs");
    input.datatype = WI_FP32;
}

TEST(test_a_client_that_has_inputs_keeps_them)
{
    assert_int_equal(take_in("{\"model_name\":\"m\",\"inputs\":[{\"name\":\"x\","
                             "\"datatype\":\"FP32\",\"shape\":[1,3],\"data\":[1,2,3]}]}"),
        WI_OK);
    assert_int_equal(fit(&onnx), WI_OK);
    assert_int_equal(infer.asked->tensors.count, 1);
    assert_int_equal(infer.asked->tensors.items[0].size, 12);
}

TEST(test_a_language_model_goes_on_with_a_text_of_ours)
{
    assert_int_equal(take_in("{\"model_name\":\"tiny\",\"platform\":\"simulated\",\"options\":{"
                             "\"max_tokens\":5,\"top_k\":3}}"),
        WI_OK);
    assert_int_equal(fit(&chat), WI_OK);
    assert_int_equal(wi_dialect_benchmark.check(&infer, &chat, &limits, &error), WI_OK);
    const struct wi_inference *asked = wi_infer_settle(&infer, &chat);
    assert_int_equal(asked->task, WI_TASK_COMPLETE);
    assert_non_null(json_object_get(asked->input, "prompt"));
    assert_int_equal(json_integer_value(json_object_get(asked->options, "max_tokens")), 5);
    assert_int_equal(json_integer_value(json_object_get(asked->options, "top_k")), 3);
    assert_true(json_number_value(json_object_get(asked->options, "temperature")) == 0);
    assert_int_equal(asked->benchmark.runs, 20);
}

TEST(test_an_embedder_gets_texts_of_ours)
{
    assert_int_equal(take_in("{\"model_name\":\"embedder\"}"), WI_OK);
    assert_int_equal(fit(&embedder), WI_OK);
    assert_int_equal(wi_infer_settle(&infer, &embedder)->task, WI_TASK_EMBED);
    assert_true(json_array_size(json_object_get(infer.asked->input, "texts")) > 0);
}

TEST(test_threads_of_an_engine_that_cannot_choose_them)
{
    assert_int_equal(
        take_in("{\"model_name\":\"tiny\",\"platform\":\"wasm\",\"threads\":1}"), WI_OK);
    assert_int_equal(fit(&chat), WI_OK);
    assert_int_equal(wi_dialect_benchmark.check(&infer, &chat, &limits, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "threads");
}

TEST(test_what_computes_nothing_has_no_profile)
{
    static struct wi_model echo = {.name = (char *)"builtin/echo",
        ._references = 1,
        .engine = WI_ENGINE_BUILTIN,
        .builtin = WI_BUILTIN_ECHO};
    assert_int_equal(
        take_in("{\"model_name\":\"builtin/echo\",\"inputs\":[],\"profile\":true}"), WI_OK);
    assert_int_equal(wi_dialect_benchmark.check(&infer, &echo, &limits, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "profile");
    assert_string_equal(error.expected, "no profile, or a model that computes");
}
