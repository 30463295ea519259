/* Joining by rows and splitting again. */
#include "../../test.h"

#include "base/memory.h"
#include "work/job/batch.h"
#include <stdlib.h>
#include <string.h>

static struct wi_onnx_value in = {.name = "x",
    .tensor = 1,
    .has_datatype = 1,
    .datatype = WI_FP32,
    .has_shape = 1,
    .rank = 2,
    .dims = {-1, 2},
    .is_batch = 1};

static struct wi_model model_of(struct wi_onnx_value *input, struct wi_onnx_value *output)
{
    return (struct wi_model){
        .facts.signature = {
            .inputs = input, .input_count = 1, .outputs = output, .output_count = 1}};
}

TEST(only_what_is_a_batch_may_be_joined)
{
    struct wi_onnx_value out = in;
    struct wi_model model = model_of(&in, &out);
    assert_true(wi_batch_model(&model));
    out.is_batch = 0; /* free, but perhaps a sequence */
    assert_false(wi_batch_model(&model));
    model.facts.spec.json = json_pack("{s:b}", "batch", 1);
    assert_true(wi_batch_model(&model));
    out.dims[0] = 1; /* whatever the owner says */
    assert_false(wi_batch_model(&model));
    json_decref(model.facts.spec.json);
    out = in;
    model.facts.spec.json = json_pack("{s:b}", "batch", 0);
    assert_false(wi_batch_model(&model));
    json_decref(model.facts.spec.json);
    model.facts.spec.json = json_pack("{s:{}}", "result"); /* is made of the first row */
    assert_false(wi_batch_model(&model));
    json_decref(model.facts.spec.json);
    model.facts.spec.json = NULL;
    model.builtin = WI_BUILTIN_ECHO;
    assert_false(wi_batch_model(&model));
}

static void check_obstacle(const struct wi_model *model, const char *expected)
{
    char *obstacle = wi_batch_obstacle(model);
    if (expected)
        assert_string_equal(obstacle, expected);
    else
        assert_null(obstacle);
    assert_int_equal(wi_batch_model(model), expected == NULL);
    free(obstacle);
}

TEST(it_says_what_keeps_requests_apart)
{
    static const char unnamed[] =
        "the output \"x\" has a first dimension whose name is neither \"N\" nor contains "
        "\"batch\"; \"batch\": true in model.json would allow it";
    struct wi_onnx_value ids = in, out = in;
    struct wi_model model = model_of(&ids, &out);
    check_obstacle(&model, NULL);
    out.is_batch = 0;
    check_obstacle(&model, unnamed);
    ids.dims[0] = 1;
    check_obstacle(&model, "the input \"x\" has the fixed first dimension 1");
    ids.rank = 0;
    check_obstacle(&model, "the input \"x\" has no dimensions");
    ids.datatype = WI_BYTES;
    check_obstacle(&model, "the input \"x\" has elements without a fixed size");
    ids.tensor = 0;
    check_obstacle(&model, "the input \"x\" is not a tensor");
    model.facts.signature.input_count = 0;
    check_obstacle(&model, "only tensors are combined, and it takes or makes none");
    model.facts.spec.json = json_pack("{s:{}}", "result");
    check_obstacle(&model, "its model.json has \"result\", which is made from the first row");
    json_object_set_new(model.facts.spec.json, "batch", json_false());
    check_obstacle(&model, "\"batch\" is false in its model.json");
    model.builtin = WI_BUILTIN_ECHO;
    check_obstacle(&model, "it computes nothing");
    json_decref(model.facts.spec.json);
}

TEST(a_scale_over_all_rows_keeps_them_apart_unless_the_owner_knows_better)
{
    struct wi_onnx_value out = in;
    struct wi_model model = model_of(&in, &out);
    strcpy(model.facts.signature.scaling, "DynamicQuantizeLinear");
    check_obstacle(
        &model, "its graph scales whole tensors by their values, so that rows affect each other");
    model.facts.spec.json = json_pack("{s:b}", "batch", 1);
    check_obstacle(&model, NULL);
    assert_false(wi_batch_is_named(&model));
    json_decref(model.facts.spec.json);
    model.facts.spec.json = NULL;
    assert_true(wi_batch_is_named(&model));
    model.facts.signature.scaling[0] = 0;
    strcpy(model.facts.signature.random, "RandomNormal");
    check_obstacle(
        &model, "its graph draws random numbers, so that its answers cannot be compared");
}

TEST(a_run_has_no_more_rows_than_the_kernels_take)
{
    static const struct wi_kernel_size sizes[] = {{"batch", 0, 64}, {0}};
    static const struct wi_kernel_model kernels = {.sizes = sizes};
    struct wi_onnx_value out = in;
    struct wi_model model = model_of(&in, &out);
    assert_true(wi_batch_most(&model) == INT64_MAX);
    model.kernels = &kernels;
    assert_int_equal(wi_batch_most(&model), 64);
    assert_true(wi_batch_model(&model));
}

static void add(
    struct wi_inference *asked, const float *numbers, int64_t rows, struct wi_budget *budget)
{
    struct wi_tensor *tensor = wi_tensors_add(&asked->tensors);
    tensor->name = wi_strdup("x");
    tensor->datatype = WI_FP32;
    tensor->rank = 2;
    tensor->dims[0] = rows;
    tensor->dims[1] = 2;
    tensor->size = (size_t)rows * 8;
    tensor->blob = wi_blob_new(budget, tensor->size);
    wi_blob_append(tensor->blob, numbers, tensor->size);
}

TEST(rows_come_out_as_they_went_in)
{
    static const float numbers[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct wi_budget budget = {.limit = 1000};
    struct wi_onnx_value out = in;
    struct wi_model model = model_of(&in, &out);
    struct wi_inference a = {.model = &model}, b = {.model = &model};
    const struct wi_inference *both[] = {&a, &b};
    struct wi_tensors joined = {0}, part = {0};
    add(&a, numbers, 1, &budget);
    add(&b, numbers + 2, 3, &budget);
    assert_int_equal(wi_batch_rows(&a), 1);
    assert_int_equal(wi_batch_rows(&b), 3);
    assert_true(wi_batch_fits(&a, &b));
    assert_true(wi_batch_differs(both, 2));
    assert_false(wi_batch_differs(both, 1));
    assert_int_equal(wi_batch_join(both, 2, &joined), 0);
    assert_int_equal(joined.count, 1);
    assert_int_equal(joined.items[0].dims[0], 4);
    assert_int_equal(joined.items[0].datatype, WI_FP32);
    assert_int_equal(joined.items[0].rank, 2);
    assert_memory_equal(wi_tensor_bytes(&joined.items[0]), numbers, sizeof numbers);
    assert_int_equal(wi_batch_split(&joined, 4, 1, 3, &part), 0);
    assert_int_equal(part.items[0].dims[0], 3);
    assert_int_equal(part.items[0].size, 24);
    assert_memory_equal(wi_tensor_bytes(&part.items[0]), numbers + 2, 24);
    wi_tensors_clear(&part);
    assert_int_equal(wi_batch_split(&joined, 5, 0, 1, &part), -1); /* not so many rows */
    assert_int_equal(part.count, 0);
    wi_tensors_clear(&joined);
    budget.limit = budget.used; /* no memory for the copy */
    assert_int_equal(wi_batch_join(both, 2, &joined), -1);
    assert_int_equal(joined.count, 0);
    wi_tensors_clear(&a.tensors);
    wi_tensors_clear(&b.tensors);
    assert_int_equal(budget.used, 0);
}

TEST(outputs_have_the_sizes_that_the_graph_and_the_inputs_give)
{
    static const float numbers[6] = {0};
    struct wi_budget budget = {.limit = 1000};
    struct wi_onnx_value x = in, outs[2] = {in, in};
    struct wi_model model = model_of(&x, outs);
    struct wi_inference asked = {.model = &model};
    model.facts.signature.output_count = 2;
    outs[1].name = "y";
    outs[1].rank = 3;
    outs[1].dims[1] = 5;
    outs[1].dims[2] = -1;
    x.dims[1] = -1;
    x.symbols[1] = 7;
    add(&asked, numbers, 3, &budget);
    assert_int_equal(wi_batch_output_bytes(&asked), 3 * 2 * 4); /* that of y is not known */
    outs[1].symbols[2] = 7;
    assert_int_equal(wi_batch_output_bytes(&asked), 3 * 2 * 4 + 3 * 5 * 2 * 4);
    wi_strings_add(&asked.outputs, "y");
    assert_int_equal(wi_batch_output_bytes(&asked), 3 * 5 * 2 * 4);
    outs[1].dims[1] = INT64_MAX;
    assert_true(wi_batch_output_bytes(&asked) == UINT64_MAX);
    outs[1].has_shape = 0;
    assert_int_equal(wi_batch_output_bytes(&asked), 0);
    wi_strings_clear(&asked.outputs);
    wi_tensors_clear(&asked.tensors);
}

TEST(what_differs_does_not_fit)
{
    static const float numbers[] = {1, 2};
    struct wi_onnx_value out = in;
    struct wi_model model = model_of(&in, &out), other = model;
    struct wi_inference a = {.model = &model}, b = {.model = &model};
    json_t *options = json_pack("{s:i}", "threads", 1);
    add(&a, numbers, 1, NULL);
    add(&b, numbers, 1, NULL);
    struct wi_tensor *tensor = &b.tensors.items[0];
    assert_true(wi_batch_fits(&a, &b));
#define DIFFERS(member, other_value)                                                               \
    do {                                                                                           \
        __auto_type value = (member);                                                              \
        (member) = (other_value);                                                                  \
        assert_false(wi_batch_fits(&a, &b));                                                       \
        assert_false(wi_batch_fits(&b, &a));                                                       \
        (member) = value;                                                                          \
        assert_true(wi_batch_fits(&a, &b));                                                        \
    } while (0)
    DIFFERS(b.model, &other);
    DIFFERS(b.type, b.type + 1);
    DIFFERS(b.fallback, 1);
    DIFFERS(b.has_platform, 1);
    DIFFERS(b.platform, b.platform + 1);
    DIFFERS(b.browser, (char *)"firefox");
    DIFFERS(b.node, (char *)"node-1");
    DIFFERS(b.precision, (char *)"fp16");
    DIFFERS(b.options, options);
    DIFFERS(b.tensors.count, 0);
    DIFFERS(tensor->name, (char *)"y");
    DIFFERS(tensor->dims[1], 3);
    DIFFERS(tensor->rank, 1);
    DIFFERS(tensor->datatype, WI_INT32);
    wi_strings_add(&b.outputs, "y");
    assert_false(wi_batch_fits(&a, &b));
    wi_strings_clear(&b.outputs);
    json_decref(options);
    wi_tensors_clear(&a.tensors);
    wi_tensors_clear(&b.tensors);
}

TEST(rows_are_counted_where_all_tensors_have_as_many)
{
    struct wi_onnx_value out = in;
    struct wi_model model = model_of(&in, &out);
    struct wi_budget budget = {.limit = 4096};
    struct wi_inference asked = {.model = &model};
    static const float numbers[6] = {0};
    assert_int_equal(wi_batch_rows(&asked), 0); /* no tensor */
    add(&asked, numbers, 3, &budget);
    assert_int_equal(wi_batch_rows(&asked), 3);
    model.builtin = WI_BUILTIN_ECHO;
    assert_int_equal(wi_batch_rows(&asked), 0);
    model.builtin = WI_BUILTIN_NONE;
    asked.benchmark.runs = 1;
    assert_int_equal(wi_batch_rows(&asked), 0);
    asked.benchmark.runs = 0;
    add(&asked, numbers, 2, &budget);
    assert_int_equal(wi_batch_rows(&asked), 0);
    asked.tensors.items[1].dims[0] = 3;
    assert_int_equal(wi_batch_rows(&asked), 3);
    asked.tensors.items[1].rank = 0;
    assert_int_equal(wi_batch_rows(&asked), 0);
    wi_tensors_clear(&asked.tensors);
}
