/* What a request and an answer may have by the table of kernels. */
#include "../../test.h"

#include "base/memory.h"
#include "kernel.h"
#include "terms/kernel/kernel.h"
#include <stdio.h>
#include <string.h>

static struct wi_tensors inputs, outputs;
static struct wi_error error;
static const json_t *given;

static int tear_down(void **state)
{
    (void)state;
    wi_tensors_clear(&inputs);
    wi_tensors_clear(&outputs);
    return 0;
}

FIXTURE(NULL, tear_down)

/* A tensor of that shape; nobody reads its elements. */
static void add(struct wi_tensors *list, const char *name, enum wi_datatype datatype, unsigned rank,
    const int64_t *dims)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    int64_t elements = wi_shape_elements(dims, rank);
    tensor->name = wi_strdup(name);
    tensor->datatype = datatype;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
    tensor->size = (size_t)elements * sizeof(float);
}
#define DIMS(...)                                                                                  \
    sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[])                    \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define INPUT(name, ...) add(&inputs, name, WI_FP32, DIMS(__VA_ARGS__))
#define OUTPUT(name, ...) add(&outputs, name, WI_FP32, DIMS(__VA_ARGS__))
#define SCALAR(list, name) add(list, name, WI_FP32, 0, (const int64_t[1]){0})

static enum wi_code check(const char *kernel)
{
    memset(&error, 0, sizeof error);
    return wi_kernel_check_inputs(wi_kernel_find(kernel), &inputs, NULL, &error);
}

static enum wi_code check_answer(const char *kernel)
{
    return wi_kernel_check_answer(wi_kernel_find(kernel), &inputs, given, &outputs, &error);
}

/* --- the table -------------------------------------------------------------------------------- */

/* What has no C has no row, and the other way round. */
TEST(test_every_row_has_its_kernel)
{
    static const char *const made[] = {
#define NAME(name) #name,
        KERNEL_LIST(NAME)};
    size_t count = 0;
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        assert_non_null(wi_kernel_find(made[i]));
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++, count++)
        assert_true(!kernel[1].name || strcmp(kernel->name, kernel[1].name) < 0);
    assert_int_equal(count, sizeof made / sizeof *made);
    assert_null(wi_kernel_find("dance"));
}

/* A kernel in C finds all that it gets in its struct. */
TEST(test_every_row_fits_a_call)
{
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++) {
        size_t tensors = 0, options = 0;
        while (kernel->inputs[tensors].name)
            tensors++;
        while (kernel->options[options].name)
            options++;
        assert_true(tensors > 0 || wi_kernel_is_ours(kernel));
        assert_true(tensors <= KERNEL_INPUTS && options <= KERNEL_OPTIONS);
    }
}

TEST(test_names)
{
    char names[400], few[12];
    wi_kernel_names(names, sizeof names);
    assert_non_null(strstr(names, "add, attention, gelu, "));
    assert_non_null(strstr(names, ", transpose"));
    assert_non_null(wi_kernel_find("challenge")); /* which is ours alone */
    wi_kernel_names(few, sizeof few);
    assert_string_equal(few, "add, …");
}

/* --- inputs ----------------------------------------------------------------------------------- */

TEST(test_matrices_that_fit)
{
    INPUT("b", 2, 5, 3, 4); /* in any order */
    INPUT("a", 2, 5, 7, 3);
    assert_int_equal(check("matmul"), WI_OK);
    OUTPUT("c", 2, 5, 7, 4);
    assert_int_equal(check_answer("matmul"), WI_OK);
    outputs.items[0].dims[3] = 5;
    assert_int_equal(check_answer("matmul"), WI_INFERENCE_FAILED);
    assert_non_null(strstr(error.detail, "FP32 [2, 5, 7, 4]"));
}

TEST(test_an_answer_with_more_or_nothing)
{
    INPUT("x", 3);
    assert_int_equal(check_answer("relu"), WI_INFERENCE_FAILED);
    OUTPUT("y", 3);
    assert_int_equal(check_answer("relu"), WI_OK);
    OUTPUT("z", 3);
    assert_int_equal(check_answer("relu"), WI_INFERENCE_FAILED);
}

TEST(test_an_answer_of_another_name_or_datatype)
{
    INPUT("x", 3);
    add(&outputs, "y", WI_FP16, DIMS(3));
    assert_int_equal(check_answer("relu"), WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);
    OUTPUT("x", 3);
    assert_int_equal(check_answer("relu"), WI_INFERENCE_FAILED);
}

TEST(test_a_scalar_and_nothing)
{
    SCALAR(&inputs, "a");
    SCALAR(&inputs, "b");
    assert_int_equal(check("add"), WI_OK);
    SCALAR(&outputs, "c");
    assert_int_equal(check_answer("add"), WI_OK);
    wi_tensors_clear(&inputs);
    INPUT("a", 0, 3);
    INPUT("b", 0, 3);
    assert_int_equal(check("add"), WI_OK);
}

/* A vector has no dimensions before its last. */
TEST(test_over_the_last_dimension)
{
    INPUT("x", 5);
    assert_int_equal(check("reduce"), WI_OK);
    SCALAR(&outputs, "y");
    assert_int_equal(check_answer("reduce"), WI_OK);
    wi_tensors_clear(&inputs);
    SCALAR(&inputs, "x");
    assert_int_equal(check("reduce"), WI_INPUT_SHAPE);
}

TEST(test_sizes_that_differ)
{
    INPUT("a", 7, 3);
    INPUT("b", 4, 4);
    assert_int_equal(check("matmul"), WI_INPUT_SHAPE);
    assert_string_equal(error.field, "inputs[1].shape");
    assert_non_null(strstr(error.expected, "[*,k,n]"));
}

TEST(test_leading_dimensions_that_differ)
{
    INPUT("a", 2, 7, 3);
    INPUT("b", 3, 4);
    assert_int_equal(check("matmul"), WI_INPUT_SHAPE);
    wi_tensors_clear(&inputs);
    INPUT("a", 2, 7, 3);
    INPUT("b", 5, 3, 4);
    assert_int_equal(check("matmul"), WI_INPUT_SHAPE);
}

TEST(test_ranks_that_differ)
{
    INPUT("data", 1, 7, 3);
    INPUT("weights", 4, 3);
    assert_int_equal(check("som_distance"), WI_INPUT_SHAPE);
    assert_string_equal(error.field, "inputs[0].shape");
}

TEST(test_an_input_that_is_missing)
{
    INPUT("a", 3);
    assert_int_equal(check("add"), WI_INPUT_MISSING);
    assert_string_equal(error.field, "inputs");
    assert_string_equal(error.expected, "a [*], b [*]");
}

TEST(test_an_input_too_many_or_twice)
{
    INPUT("x", 3);
    INPUT("bias", 3);
    assert_int_equal(check("relu"), WI_INPUT_UNKNOWN);
    assert_string_equal(error.field, "inputs[1].name");
    wi_tensors_clear(&inputs);
    INPUT("x", 3);
    INPUT("x", 3);
    assert_int_equal(check("relu"), WI_INPUT_UNKNOWN);
    assert_string_equal(error.field, "inputs[1].name");
}

TEST(test_another_datatype)
{
    add(&inputs, "x", WI_INT32, DIMS(3));
    assert_int_equal(check("relu"), WI_INPUT_DATATYPE);
    assert_string_equal(error.field, "inputs[0].datatype");
    assert_string_equal(error.expected, "FP32");
}

TEST(test_halves_where_the_kernel_takes_them)
{
    add(&inputs, "a", WI_FP16, DIMS(2, 3));
    add(&inputs, "b", WI_FP16, DIMS(3, 4));
    assert_int_equal(check("matmul"), WI_OK);
    OUTPUT("c", 2, 4);
    assert_int_equal(check_answer("matmul"), WI_INFERENCE_FAILED);
    assert_non_null(strstr(error.detail, "c, FP16 [2, 4]"));
    outputs.items[0].datatype = WI_FP16;
    assert_int_equal(check_answer("matmul"), WI_OK);
    inputs.items[1].datatype = WI_FP32;
    assert_int_equal(check("matmul"), WI_INPUT_DATATYPE);
    assert_string_equal(error.field, "inputs[1].datatype");
    assert_string_equal(error.expected, "FP32 or FP16, all inputs alike");
    wi_tensors_clear(&inputs);
    add(&inputs, "x", WI_FP16, DIMS(3));
    assert_int_equal(check("relu"), WI_INPUT_DATATYPE);
    assert_string_equal(error.expected, "FP32");
}

/* --- sizes that no input has ------------------------------------------------------------------ */

static enum wi_code check_with(const char *kernel, const char *text, int has_answer)
{
    const struct wi_kernel *row = wi_kernel_find(kernel);
    json_t *options = json_loads(text, 0, NULL);
    memset(&error, 0, sizeof error);
    enum wi_code code = has_answer ? wi_kernel_check_answer(row, &inputs, options, &outputs, &error)
                                   : wi_kernel_check_inputs(row, &inputs, options, &error);
    json_decref(options);
    return code;
}

TEST(test_a_size_is_an_option)
{
    const char *five = "{\"n\": 5, \"seed\": \"0123456789abcdef\"}";
    assert_int_equal(check_with("challenge", five, 0), WI_OK);
    OUTPUT("c", 5, 4);
    assert_int_equal(check_with("challenge", five, 1), WI_INFERENCE_FAILED);
    assert_non_null(strstr(error.detail, "FP32 [5, 5]"));
    outputs.items[0].dims[1] = 5;
    assert_int_equal(check_with("challenge", five, 1), WI_OK);
}

/* --- how much --------------------------------------------------------------------------------- */

/* 256 MiB are 2^26 floats. */
TEST(test_the_most_bytes)
{
    INPUT("x", 1 << 25);
    assert_int_equal(check("relu"), WI_OK);
    inputs.items[0].dims[0]++;
    inputs.items[0].size += sizeof(float);
    assert_int_equal(check("relu"), WI_ANSWER_TOO_LARGE);
}

TEST(test_a_large_output_of_small_inputs)
{
    INPUT("a", 1 << 20, 1);
    INPUT("b", 1, 1 << 20);
    assert_int_equal(check("matmul"), WI_ANSWER_TOO_LARGE);
    assert_string_equal(error.field, "inputs");
}

/* They have no elements, and would be counted through. */
TEST(test_huge_dimensions_beside_none)
{
    INPUT("x", INT64_C(1) << 40, 0);
    assert_int_equal(check("softmax"), WI_ANSWER_TOO_LARGE);
    wi_tensors_clear(&inputs);
    INPUT("x", INT64_C(1) << 25, INT64_C(1) << 25, 0);
    assert_int_equal(check("softmax"), WI_ANSWER_TOO_LARGE);
    wi_tensors_clear(&inputs);
    INPUT("x", 0, WI_TENSOR_DIM_MAX);
    assert_int_equal(check("softmax"), WI_ANSWER_TOO_LARGE);
}

/* --- sizes that are options ------------------------------------------------------------------- */

TEST(test_an_answer_of_the_size_that_an_option_says)
{
    json_t *object = json_pack("{s:i, s:s}", "n", 3, "seed", "0123456789abcdef");
    given = object;
    OUTPUT("c", 3, 3);
    assert_int_equal(check_answer("challenge"), WI_OK);
    outputs.items[0].dims[1] = 4;
    assert_int_equal(check_answer("challenge"), WI_INFERENCE_FAILED);
    assert_non_null(strstr(error.detail, "FP32 [3, 3]"));
    given = NULL;
    json_decref(object);
}

/* --- options ---------------------------------------------------------------------------------- */

static enum wi_code check_options(const char *kernel, const char *text)
{
    json_t *options = json_loads(text, 0, NULL);
    enum wi_code code = wi_kernel_check_options(wi_kernel_find(kernel), options, &error);
    json_decref(options);
    return code;
}

TEST(test_options)
{
    assert_int_equal(wi_kernel_check_options(wi_kernel_find("reduce"), NULL, &error), WI_OK);
    assert_int_equal(check_options("reduce", "{\"operation\": \"max\"}"), WI_OK);
    assert_int_equal(check_options("attention", "{\"causal\": true, \"scale\": 0.5}"), WI_OK);
    assert_int_equal(check_options("reduce", "{\"operation\": \"product\"}"), WI_INVALID_FIELD);
    assert_string_equal(error.field, "options.operation");
    assert_int_equal(check_options("layer_norm", "{\"epsilon\": 0}"), WI_INVALID_FIELD);
    assert_int_equal(check_options("relu", "{\"slope\": 1}"), WI_UNKNOWN_FIELD);
    assert_string_equal(error.field, "options.slope");
}

/* --- inputs of ours --------------------------------------------------------------------------- */

TEST(test_every_kernel_takes_what_is_drawn_for_it)
{
    for (const struct wi_kernel *kernel = wi_kernels; kernel->name; kernel++) {
        assert_int_equal(wi_kernel_draw(kernel, 1, &inputs), 0);
        assert_int_equal(check(kernel->name), WI_OK);
        wi_tensors_clear(&inputs);
    }
    assert_int_equal(wi_kernel_draw(wi_kernel_find("add"), 1, &inputs), 0);
    assert_int_equal(inputs.items[0].rank, 2);
    assert_int_equal(inputs.items[0].size, WI_KERNEL_DRAWN_DIM * WI_KERNEL_DRAWN_DIM * 4);
}
