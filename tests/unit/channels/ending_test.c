/* What is told of a request that has ended: always how, and what came of it only if published. */
#include "../test.h"

#include "rows.h"

#include "channels/channels.h"
#include "channels/gathering.h"
#include <math.h>

static struct wi_inference *asked;
static struct wi_tensors outputs;
static struct wi_outcome outcome;
static struct wi_run_ending ending;

static int set_up(void **state)
{
    asked = wi_inference_new();
    outputs = (struct wi_tensors){0};
    outcome = (struct wi_outcome){.outputs = &outputs,
        .queue_ms = 1.5,
        .inference_ms = 2,
        .total_ms = 4,
        .gpu_ms = -1,
        .attempts = 1};
    ending = (struct wi_run_ending){.id = "my \"id\"",
        .client = "ada",
        .model_name = "nest:q8",
        .asked = asked,
        .outcome = &outcome,
        .total_ms = 12.5};
    return 0;
}

static int tear_down(void **state)
{
    wi_tensors_clear(&outputs);
    wi_inference_release(asked);
    return 0;
}

FIXTURE(set_up, tear_down)

static json_t *told(void)
{
    struct wi_buffer text = {0};
    wi_ending_print(&ending, &text);
    json_t *job = json_loads(text.text, 0, NULL);
    assert_non_null(job);
    wi_buffer_clear(&text);
    return job;
}

static struct wi_tensor *add_output(
    const char *name, enum wi_datatype type, int64_t rows, int64_t width)
{
    struct wi_tensor *tensor = wi_tensors_add(&outputs);
    size_t size = (size_t)(rows * width) * wi_datatype_size(type);
    tensor->name = wi_strdup(name);
    tensor->datatype = type;
    tensor->rank = 2;
    tensor->dims[0] = rows;
    tensor->dims[1] = width;
    tensor->blob = wi_blob_new(NULL, size);
    memset(tensor->blob->bytes, 0, size);
    tensor->blob->size = tensor->size = size;
    return tensor;
}

TEST(without_publish_only_four_members_are_told)
{
    add_output("x", WI_INT32, 1, 2);
    add_output("embeddings", WI_FP32, 1, 2);
    outcome.result = json_pack("{s:s}", "text", "secret");
    json_t *job = told();
    assert_int_equal(json_object_size(job), 4);
    assert_string_equal(member_text(job, "id"), "my \"id\"");
    assert_string_equal(member_text(job, "model_name"), "nest:q8");
    assert_string_equal(member_text(job, "status"), "done");
    const json_t *performance = json_object_get(job, "performance");
    assert_true(json_number_value(json_object_get(performance, "queue_ms")) == 1.5);
    assert_true(json_number_value(json_object_get(performance, "total_ms")) == 4);
    struct wi_tensor vectors;
    assert_false(wi_ending_vectors(&ending, &vectors));
    json_decref((json_t *)outcome.result);
    json_decref(job);
}

TEST(requests_without_an_answer_have_failed_or_were_cancelled)
{
    asked->publish = 1;
    ending.outcome = NULL;
    ending.code = WI_DEADLINE_EXCEEDED;
    json_t *job = told();
    assert_string_equal(member_text(job, "status"), "failed");
    assert_true(json_number_value(
                    json_object_get(json_object_get(job, "performance"), "total_ms")) == 12.5);
    assert_null(json_object_get(job, "result"));
    json_decref(job);
    ending.code = WI_CANCELLED;
    ending.asked = NULL; /* it was never run */
    ending.model_name = NULL;
    job = told();
    assert_string_equal(member_text(job, "status"), "cancelled");
    assert_true(json_is_null(json_object_get(job, "model_name")));
    json_decref(job);
}

TEST(a_published_result_has_tensors_and_what_else_there_is)
{
    struct wi_tensor vectors;
    asked->publish = 1;
    add_output("x", WI_INT32, 1, 2);
    add_output("half", WI_FP16, 1, 2); /* no JSON has it */
    outcome.result = json_pack("{s:s, s:i}", "text", "hello", "vector", 1);
    json_t *job = told(), *result = json_object_get(job, "result");
    assert_string_equal(member_text(result, "text"), "hello");
    assert_int_equal(json_array_size(json_object_get(result, "outputs")), 1);
    assert_string_equal(
        member_text(json_array_get(json_object_get(result, "outputs"), 0), "name"), "x");
    assert_null(json_object_get(result, "vector"));
    assert_false(wi_ending_vectors(&ending, &vectors));
    json_decref((json_t *)outcome.result);
    json_decref(job);
}

TEST(a_single_vector_is_part_of_the_result)
{
    struct wi_tensor vectors;
    const float numbers[] = {NAN, -2};
    asked->publish = 1;
    struct wi_tensor *tensor = add_output("embeddings", WI_FP32, 1, 2);
    memcpy(tensor->blob->bytes, numbers, sizeof numbers);
    json_t *job = told(), *result = json_object_get(job, "result");
    const json_t *vector = json_object_get(result, "vector");
    assert_int_equal(json_array_size(vector), 2);
    assert_string_equal(json_string_value(json_array_get(vector, 0)), "NaN");
    assert_true(json_number_value(json_array_get(vector, 1)) == -2);
    assert_int_equal(json_array_size(json_object_get(result, "outputs")), 0);
    json_decref(job);
    tensor->rank = 1; /* one vector as it is */
    tensor->dims[0] = 2;
    assert_true(wi_ending_vectors(&ending, &vectors));
    assert_int_equal(vectors.dims[0], 1);
    assert_int_equal(vectors.dims[1], 2);
    wi_tensors_clear(&outputs);
    add_output("embeddings", WI_FP32, 2, 2);
    job = told();
    assert_null(json_object_get(json_object_get(job, "result"), "vector"));
    json_decref(job);
}

TEST(only_matrices_of_floats_of_that_name_are_vectors)
{
    struct wi_tensor vectors;
    asked->publish = 1;
    add_output("embedding", WI_FP32, 1, 2);
    assert_false(wi_ending_vectors(&ending, &vectors));
    wi_tensors_clear(&outputs);
    add_output("embeddings", WI_FP64, 1, 2);
    assert_false(wi_ending_vectors(&ending, &vectors));
    wi_tensors_clear(&outputs);
    struct wi_tensor *tensor = add_output("embeddings", WI_FP32, 2, WI_VECTOR_MAX);
    assert_true(wi_ending_vectors(&ending, &vectors));
    tensor->rank = 3;
    tensor->dims[2] = 1;
    assert_false(wi_ending_vectors(&ending, &vectors));
    wi_tensors_clear(&outputs);
    add_output("embeddings", WI_FP32, 1, WI_VECTOR_MAX + 1);
    assert_false(wi_ending_vectors(&ending, &vectors));
    wi_tensors_clear(&outputs);
    add_output("embeddings", WI_FP32, 1, 0);
    assert_false(wi_ending_vectors(&ending, &vectors));
}

static void check_result(int is_told)
{
    json_t *job = told();
    assert_int_equal(json_is_object(json_object_get(job, "result")), is_told);
    assert_int_equal(json_is_null(json_object_get(job, "result")), !is_told);
    json_decref(job);
}

TEST(results_of_more_than_64_kib_are_left_out)
{
    static const char around[] = "{\"outputs\":[],\"text\":\"\"}";
    char *text = wi_alloc(WI_RESULT_MAX + 1);
    memset(text, 'x', WI_RESULT_MAX);
    asked->publish = 1;
    for (int more = 0; more < 2; more++) {
        outcome.result =
            json_pack("{s:s#}", "text", text, WI_RESULT_MAX + 1 - sizeof around + more);
        check_result(!more);
        json_decref((json_t *)outcome.result);
    }
    outcome.result = json_pack("{s:[]}", "words");
    for (size_t i = 0; i < WI_RESULT_MAX; i++)
        json_array_append_new(json_object_get(outcome.result, "words"), json_integer(1));
    check_result(0);
    json_decref((json_t *)outcome.result);
    outcome.result = NULL;
    add_output("x", WI_UINT8, 1, WI_RESULT_MAX / 2 - 100); /* as JSON a zero and a comma each */
    check_result(1);
    add_output("y", WI_UINT8, 1, 100);
    check_result(0);
    free(text);
}

/* It must not hold the loop for longer than what fits. */
TEST(a_result_of_any_size_is_printed_no_further_than_it_can_be_told)
{
    struct wi_buffer text = {0};
    asked->publish = 1;
    struct wi_tensor *tensor = add_output("x", WI_BYTES, 0, 1);
    uint32_t length = 1 << 26;
    wi_blob_unref(tensor->blob);
    tensor->blob = wi_blob_new(NULL, sizeof length + length);
    tensor->blob->size = tensor->size = sizeof length + length;
    memcpy(tensor->blob->bytes, &length, sizeof length);
    memset(tensor->blob->bytes + sizeof length, 'x', length);
    add_output("y", WI_FP64, 1 << 10, 1 << 10);
    add_output("embeddings", WI_FP32, 1, WI_VECTOR_MAX);
    wi_ending_print(&ending, &text);
    assert_non_null(strstr(text.text, ",\"result\":null}"));
    wi_buffer_clear(&text);
    wi_tensor_to_json_within(&text, &outputs.items[1], 1 << 16);
    assert_in_range(text.size, (1 << 16) + 1, (1 << 16) + 8192);
    wi_buffer_clear(&text);
    wi_tensor_to_json_within(&text, &outputs.items[0], 1 << 16);
    assert_in_range(text.size, (1 << 16) + 1, (1 << 16) + 8192);
    wi_buffer_clear(&text);
}

/* 60,000 bytes of numbers fit. */
TEST(a_vector_is_part_of_the_result_as_long_as_that_fits)
{
    asked->publish = 1;
    struct wi_tensor *tensor = add_output("embeddings", WI_FP32, 1, 5000);
    for (size_t i = 0; i < 5000; i++)
        memcpy(tensor->blob->bytes + i * 4, &(float){-0.12345678f}, 4);
    json_t *job = told();
    const json_t *vector = json_object_get(json_object_get(job, "result"), "vector");
    assert_int_equal(json_array_size(vector), 5000);
    json_decref(job);
    wi_tensors_clear(&outputs);
    add_output("embeddings", WI_FP32, 1, WI_VECTOR_MAX);
    check_result(0);
}

TEST(labels_are_the_beginnings_of_texts)
{
    char out[WI_LABEL_MAX + 1];
    struct wi_buffer text = {0};
    assert_null(wi_ending_label(&ending, 0, out));
    for (int i = 0; i < 100; i++)
        wi_buffer_puts(&text, "\xf0\x9f\x90\xa6"); /* a character of four bytes */
    asked->input = json_pack("{s:[s, s, s]}", "texts", "short", text.text, "");
    assert_string_equal(wi_ending_label(&ending, 0, out), "short");
    assert_int_equal(strlen(wi_ending_label(&ending, 1, out)), 320);
    assert_string_equal(wi_ending_label(&ending, 2, out), "");
    assert_null(wi_ending_label(&ending, 3, out));
    wi_buffer_clear(&text);
}
