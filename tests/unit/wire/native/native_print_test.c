/* Answers of the native dialect: every member, JSON and binary tensors, and what cannot be. */
#include "../../test.h"

#include "wire/native/native.h"
#include <string.h>

static struct wi_inference asked;
static const float numbers[] = {1.5f, -2};

static void add_tensor(
    struct wi_tensors *tensors, const char *name, enum wi_datatype type, size_t elements)
{
    struct wi_tensor *tensor = wi_tensors_add(tensors);
    tensor->name = wi_strdup(name);
    tensor->datatype = type;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)elements;
    tensor->size = elements * wi_datatype_size(type);
    tensor->blob = wi_blob_new(NULL, sizeof numbers);
    assert_int_equal(wi_blob_append(tensor->blob, numbers, sizeof numbers), 0);
}

static struct wi_outcome outcome_of(struct wi_tensors *outputs)
{
    return (struct wi_outcome){.id = "mine",
        .model_name = "m",
        .type = WI_TYPE_VISION,
        .node = "node-1",
        .browser = "firefox",
        .browser_version = "",
        .numerics = "ok",
        .outputs = outputs,
        .queue_ms = 1,
        .load_ms = 2,
        .inference_ms = 3,
        .total_ms = 6,
        .attempts = 1};
}

/* Prints, and gives the JSON as a new reference; `printing` is the caller's. */
static json_t *print(
    const struct wi_infer *infer, const struct wi_outcome *outcome, struct wi_printing **printing)
{
    struct wi_error error;
    *printing = wi_dialect_native.print(infer, outcome, &error);
    assert_non_null(*printing);
    assert_int_equal(outcome->outputs->count, 0);
    wi_printing_run(*printing);
    const struct wi_slice *slices = (*printing)->slices;
    assert_true((*printing)->slice_count >= 1);
    json_t *json = json_loadb(slices[0].bytes, slices[0].size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    return json;
}

static const char *text_at(const json_t *json, const char *object, const char *name)
{
    return json_string_value(json_object_get(json_object_get(json, object), name));
}

TEST(test_json)
{
    struct wi_native_extras extras = {0};
    struct wi_infer infer = {.asked = &asked, .extras = &extras};
    struct wi_tensors outputs = {0};
    struct wi_printing *printing;
    add_tensor(&outputs, "y", WI_FP32, 2);
    const struct wi_outcome outcome = outcome_of(&outputs);
    json_t *json = print(&infer, &outcome, &printing);
    assert_false(wi_printing_has_binary(printing));
    assert_int_equal(printing->json_bytes, sizeof numbers);
    assert_true(printing->needs >= 2 * strlen("-1.7976931348623157e+308"));
    assert_int_equal(printing->slice_count, 1);
    assert_string_equal(json_string_value(json_object_get(json, "id")), "mine");
    assert_string_equal(json_string_value(json_object_get(json, "model_type")), "vision");
    const json_t *y = json_array_get(json_object_get(json, "outputs"), 0);
    assert_true(json_number_value(json_array_get(json_object_get(y, "data"), 1)) == -2);
    assert_string_equal(text_at(json, "executed_on", "node"), "node-1");
    assert_string_equal(text_at(json, "executed_on", "browser"), "firefox");
    const json_t *on = json_object_get(json, "executed_on");
    assert_true(json_is_null(json_object_get(on, "browser_version")));
    assert_true(json_is_null(json_object_get(on, "platform")));
    assert_int_equal(json_array_size(json_object_get(on, "fallbacks")), 0);
    const json_t *performance = json_object_get(json, "performance");
    assert_true(json_number_value(json_object_get(performance, "inference_ms")) == 3);
    assert_null(json_object_get(performance, "batch"));
    assert_true(json_is_false(json_object_get(performance, "warm")));
    assert_null(json_object_get(json, "result"));
    json_decref(json);
    wi_printing_free(printing);
}

/* Of a kernel alone, and null where there is no clock. */
TEST(test_gpu_clock)
{
    struct wi_native_extras extras = {0};
    struct wi_program program = {0};
    struct wi_inference own = {.program = &program}, timed = own;
    timed.benchmark.runs = 1;
    const struct {
        const struct wi_inference *asked;
        double gpu_ms;
        enum { NUMBER, NOTHING, NO_MEMBER } printed;
    } cases[] = {{&own, 1.25, NUMBER}, {&own, 0, NUMBER}, {&own, -1, NOTHING},
        {&asked, 1.25, NO_MEMBER}, {&timed, 1.25, NO_MEMBER}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_infer infer = {.asked = (struct wi_inference *)cases[i].asked, .extras = &extras};
        struct wi_tensors outputs = {0};
        struct wi_outcome outcome = outcome_of(&outputs);
        struct wi_printing *printing;
        outcome.gpu_ms = cases[i].gpu_ms;
        json_t *json = print(&infer, &outcome, &printing);
        const json_t *is = json_object_get(json_object_get(json, "performance"), "gpu_ms");
        if (cases[i].printed == NO_MEMBER)
            assert_null(is);
        else if (cases[i].printed == NOTHING)
            assert_true(json_is_null(is));
        else
            assert_true(json_is_number(is) && json_number_value(is) == cases[i].gpu_ms);
        json_decref(json);
        wi_printing_free(printing);
    }
}

/* What the page reported, and the platform that was passed over before it. */
TEST(test_reported)
{
    struct wi_native_extras extras = {0};
    struct wi_infer infer = {.asked = &asked, .extras = &extras};
    struct wi_tensors outputs = {0};
    struct wi_printing *printing;
    struct wi_outcome outcome = outcome_of(&outputs);
    json_t *report = json_pack("{s:s, s:s, s:[{s:s}]}", "browser", "chromium", "platform", "wasm",
        "fallbacks", "platform", "webgl");
    json_t *result = json_pack("{s:i}", "labels", 7);
    outcome.executed_on = report;
    outcome.result = result;
    outcome.browser = NULL;
    outcome.refused_platform = "webgpu";
    outcome.refused_reason = "it said \"no\"";
    outcome.batch = 3;
    outcome.warm = 1;
    json_t *json = print(&infer, &outcome, &printing);
    assert_string_equal(text_at(json, "executed_on", "browser"), "chromium");
    assert_string_equal(text_at(json, "executed_on", "platform"), "wasm");
    const json_t *fallbacks = json_object_get(json_object_get(json, "executed_on"), "fallbacks");
    assert_int_equal(json_array_size(fallbacks), 2);
    const json_t *first = json_array_get(fallbacks, 0);
    assert_string_equal(json_string_value(json_object_get(first, "platform")), "webgpu");
    assert_string_equal(json_string_value(json_object_get(first, "reason")), "it said \"no\"");
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "result"), "labels")), 7);
    const json_t *performance = json_object_get(json, "performance");
    assert_int_equal(json_integer_value(json_object_get(performance, "batch")), 3);
    assert_true(json_is_true(json_object_get(performance, "warm")));
    json_decref(json);
    json_decref(report);
    json_decref(result);
    wi_printing_free(printing);
}

/* Tensors in binary are slices of what they were; an empty one still makes the answer binary. */
TEST(test_binary)
{
    struct wi_native_extras extras = {.binary_output = 1};
    struct wi_infer infer = {.asked = &asked, .extras = &extras};
    struct wi_tensors outputs = {0};
    struct wi_printing *printing;
    add_tensor(&outputs, "y", WI_FP16, 4);
    add_tensor(&outputs, "empty", WI_FP32, 0);
    struct wi_outcome outcome = outcome_of(&outputs);
    json_decref(print(&infer, &outcome, &printing));
    assert_true(wi_printing_has_binary(printing));
    assert_int_equal(printing->json_bytes, 0);
    const struct wi_slice *slices = printing->slices;
    assert_int_equal(printing->slice_count, 2);
    assert_int_equal(slices[1].size, sizeof numbers);
    assert_memory_equal(slices[1].bytes, numbers, sizeof numbers);
    assert_ptr_equal(slices[1].bytes, wi_tensor_bytes(&printing->outputs.items[0]));
    wi_printing_free(printing);

    add_tensor(&outputs, "empty", WI_FP32, 0);
    json_decref(print(&infer, &outcome, &printing));
    assert_int_equal(printing->slice_count, 1);
    assert_true(wi_printing_has_binary(printing));
    wi_printing_free(printing);
}

TEST(test_not_in_json)
{
    struct wi_native_extras extras = {0};
    struct wi_infer infer = {.asked = &asked, .extras = &extras};
    struct wi_tensors outputs = {0};
    struct wi_error error;
    add_tensor(&outputs, "half", WI_FP16, 4);
    const struct wi_outcome outcome = outcome_of(&outputs);
    assert_null(wi_dialect_native.print(&infer, &outcome, &error));
    assert_int_equal(error.code, WI_NOT_ACCEPTABLE);
    assert_string_equal(error.field, "parameters.binary_data_output");
    assert_non_null(strstr(error.detail, "half"));
    wi_tensors_clear(&outputs);
}
