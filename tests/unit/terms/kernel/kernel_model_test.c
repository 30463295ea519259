/* The built-in models over kernels: that their kernels fit each other, what their weights are, and
 * what goes in and comes out. */
#include "../../test.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "terms/kernel/kernel_model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct wi_error error;

static const struct wi_kernel_model *model_of(const char *name)
{
    const struct wi_kernel_model *model = wi_kernel_models;
    while (strcmp(model->name, name) != 0)
        model++;
    return model;
}

/* --- the table -------------------------------------------------------------------------------- */

static const char *const names[] = {"batch", "positions", "n"};
static const int64_t sizes[] = {3, 5, 7}; /* of these */

/* What a product of sizes and numbers is. */
static int64_t product(const char *term, size_t length)
{
    int64_t value = 1;
    for (size_t n; length > 0; term += n + (n < length), length -= n + (n < length)) {
        size_t known = 0;
        n = strcspn(term, "*,");
        while (known < 3 && (strlen(names[known]) != n || memcmp(names[known], term, n) != 0))
            known++;
        value *= known < 3 ? sizes[known] : strtoll(term, NULL, 10);
    }
    return value;
}

static struct wi_tensor shaped(const char *name, const char *shape)
{
    struct wi_tensor tensor = {.name = (char *)(uintptr_t)name, .datatype = WI_FP32};
    size_t length;
    for (const char *term; (term = wi_kernel_shape_next(&shape, &length));)
        tensor.dims[tensor.rank++] = product(term, length);
    tensor.size = (size_t)wi_shape_elements(tensor.dims, tensor.rank) * sizeof(float);
    return tensor;
}

/* What there is by a name, in bytes. */
struct values {
    struct {
        const char *name;
        size_t bytes;
        int used;
    } items[64];
    size_t count;
};

static void put(struct values *values, const char *name, size_t bytes)
{
    for (size_t i = 0; i < values->count; i++)
        assert_string_not_equal(values->items[i].name, name);
    values->items[values->count].name = name;
    values->items[values->count++].bytes = bytes;
}

static size_t take(struct values *values, const char *name)
{
    size_t i = 0;
    while (i < values->count && strcmp(values->items[i].name, name) != 0)
        i++;
    if (i == values->count)
        fail_msg("there is no %s yet", name);
    values->items[i].used = 1;
    return values->items[i].bytes;
}

/* Each input has as many elements as what it is of, fits the kernel, and the options are its own.
 */
static void run_step(const struct wi_kernel_step *step, struct values *values)
{
    const struct wi_kernel *kernel = wi_kernel_find(step->kernel);
    struct wi_tensor items[WI_KERNEL_INPUTS], output = {.datatype = WI_FP32};
    struct wi_tensors inputs = {items, 0}, outputs = {&output, 1};
    json_t *options = step->options ? json_loads(step->options, 0, NULL) : NULL;
    assert_non_null(kernel);
    assert_int_equal(!step->options, !options);
    for (; inputs.count < WI_KERNEL_INPUTS && kernel->inputs[inputs.count].name; inputs.count++) {
        const struct wi_kernel_tensor *given = &step->inputs[inputs.count];
        items[inputs.count] = shaped(kernel->inputs[inputs.count].name, given->shape);
        assert_int_equal(items[inputs.count].size, take(values, given->name));
    }
    assert_int_equal(wi_kernel_check_inputs(kernel, &inputs, options, &error), WI_OK);
    assert_int_equal(wi_kernel_check_options(kernel, options, &error), WI_OK);
    output.name = (char *)(uintptr_t)kernel->output.name;
    assert_int_equal(
        wi_kernel_check_answer(kernel, &inputs, options, &outputs, &error), WI_INFERENCE_FAILED);
    const char *shape = strrchr(error.detail, '['); /* which says what it would put out */
    for (char *at = (char *)(uintptr_t)shape; *at && *at != ']';)
        output.dims[output.rank++] = strtoll(at + 1, &at, 10);
    assert_int_equal(wi_kernel_check_answer(kernel, &inputs, options, &outputs, &error), WI_OK);
    json_decref(options);
    put(values, step->output, (size_t)wi_shape_elements(output.dims, output.rank) * sizeof(float));
}

TEST(test_every_step_has_what_it_takes)
{
    for (const struct wi_kernel_model *model = wi_kernel_models; model->name; model++) {
        struct values values = {0};
        put(&values, model->input.name, shaped("x", model->input.shape).size);
        for (const struct wi_kernel_weight *weight = model->weights; weight->name; weight++)
            put(&values, weight->name, shaped("w", weight->shape).size);
        for (const struct wi_kernel_step *step = model->steps; step->kernel; step++)
            run_step(step, &values);
        assert_string_equal(values.items[values.count - 1].name, model->output.name);
        assert_int_equal(take(&values, model->output.name), shaped("y", model->output.shape).size);
        for (size_t i = 0; i < values.count; i++)
            assert_true(values.items[i].used);
    }
}

TEST(test_names_and_seeds)
{
    size_t count = 0;
    for (const struct wi_kernel_model *model = wi_kernel_models; model->name; model++) {
        assert_true(!model[1].name || strcmp(model->name, model[1].name) < 0);
        for (const struct wi_kernel_weight *weight = model->weights; weight->name;
             weight++, count++)
            for (const struct wi_kernel_model *other = wi_kernel_models; other->name; other++)
                for (const struct wi_kernel_weight *one = other->weights; one->name; one++)
                    assert_true(one == weight || one->seed != weight->seed);
    }
    assert_true(count > 10);
}

/* --- weights ---------------------------------------------------------------------------------- */

/* The same numbers are in tests/page/kernel-model.test.mjs. */
TEST(test_elements_of_a_seed)
{
    static const struct wi_kernel_weight weight = {"w", "4", 0, 1, 1},
                                         biased = {"b", "4", 1, 0.125, 11};
    static const float elements[] = {-0.183301926f, 0.643415809f, -0.857596159f, 0.57155931f},
                       others[] = {0.879062533f, 1.0797379f, 1.02200508f, 1.09375179f};
    for (uint32_t k = 0; k < 4; k++) {
        assert_true(wi_kernel_weight_element(&weight, k) == elements[k]);
        assert_true(wi_kernel_weight_element(&biased, k) == others[k]);
    }
}

TEST(test_elements_are_spread_evenly)
{
    static const struct wi_kernel_weight weight = {"w", "n", 0.5, 0.25, 7};
    double sum = 0, squares = 0;
    const uint32_t n = 100000;
    for (uint32_t k = 0; k < n; k++) {
        double element = (double)wi_kernel_weight_element(&weight, k);
        assert_true(element >= 0.25 && element < 0.75);
        sum += element - 0.5;
        squares += (element - 0.5) * (element - 0.5);
    }
    assert_true(fabs(sum / n) < 0.002);
    assert_true(fabs(squares / n - 0.25 * 0.25 / 3) < 0.001);
}

TEST(test_without_a_spread_all_are_the_same)
{
    static const struct wi_kernel_weight weight = {"w", "n", 2, 0, 9};
    for (uint32_t k = 0; k < 100; k++)
        assert_true(wi_kernel_weight_element(&weight, k) == 2);
}

/* --- what goes in and comes out --------------------------------------------------------------- */

TEST(test_dimensions_of_a_shape)
{
    int64_t dims[WI_TENSOR_MAX_RANK];
    assert_int_equal(wi_kernel_model_dims("batch,positions,64", dims), 3);
    assert_int_equal(dims[0], -1);
    assert_int_equal(dims[1], -1);
    assert_int_equal(dims[2], 64);
    assert_int_equal(wi_kernel_model_dims("n", dims), 1);
}

TEST(test_sizes_within_limits)
{
    static const struct {
        const char *model;
        int64_t dims[3];
        const char *expected; /* NULL: it is right */
    } rows[] = {
        {"transformer", {1, 1, 64}, NULL},
        {"transformer", {64, 128, 64}, NULL},
        {"transformer", {0, 17, 64}, NULL},
        {"transformer", {1, 129, 64}, "positions is 1 to 128"},
        {"transformer", {1, 0, 64}, "positions is 1 to 128"},
        {"transformer", {65, 1, 64}, "batch is 0 to 64"},
        {"mlp", {4096, 784}, NULL},
        {"mlp", {4097, 784}, "[batch,784], where batch is 0 to 4096"},
        {"vector", {0}, NULL},
        {"vector", {4194305}, "n is 0 to 4194304"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_tensor input = {.name = (char *)(uintptr_t) "x", .rank = 3};
        memcpy(input.dims, rows[i].dims, sizeof rows[i].dims);
        enum wi_code code = wi_kernel_model_check_input(model_of(rows[i].model), &input, &error);
        assert_int_equal(code, rows[i].expected ? WI_INPUT_SHAPE : WI_OK);
        if (!rows[i].expected)
            continue;
        assert_string_equal(error.field, "inputs[0].shape");
        assert_non_null(strstr(error.expected, rows[i].expected));
    }
}

TEST(test_answers)
{
    struct wi_tensor x = {.name = (char *)(uintptr_t) "x", .rank = 2, .dims = {3, 784}};
    struct wi_tensor y = {
        .name = (char *)(uintptr_t) "y", .datatype = WI_FP32, .rank = 2, .dims = {3, 10}};
    struct wi_tensors outputs = {&y, 1};
    const struct wi_kernel_model *mlp = model_of("mlp");
    assert_int_equal(wi_kernel_model_check_answer(mlp, &x, &outputs, &error), WI_OK);
    y.dims[0] = 4;
    assert_int_equal(wi_kernel_model_check_answer(mlp, &x, &outputs, &error), WI_INFERENCE_FAILED);
    assert_non_null(strstr(error.detail, "builtin/mlp has one output, y, FP32 [3, 10]"));
    y.dims[0] = 3;
    y.datatype = WI_FP16;
    assert_int_equal(wi_kernel_model_check_answer(mlp, &x, &outputs, &error), WI_INFERENCE_FAILED);
    y.datatype = WI_FP32;
    y.name = (char *)(uintptr_t) "z";
    assert_int_equal(wi_kernel_model_check_answer(mlp, &x, &outputs, &error), WI_INFERENCE_FAILED);
    y.name = (char *)(uintptr_t) "y";
    outputs.count = 0;
    assert_int_equal(wi_kernel_model_check_answer(mlp, &x, &outputs, &error), WI_INFERENCE_FAILED);
}

/* --- its kernels ------------------------------------------------------------------------------ */

static void add_use(void *context, const struct wi_kernel *kernel, const char *size_class)
{
    wi_buffer_strings(context, kernel->name, " ", size_class, "\n", NULL);
}

static void expect_uses(const char *name, int64_t first, int64_t second, const char *expected)
{
    const int64_t dims[WI_TENSOR_MAX_RANK] = {first, second, 64};
    struct wi_buffer out = {0};
    wi_kernel_model_uses(model_of(name), dims, add_use, &out);
    assert_string_equal(out.text, expected);
    wi_buffer_clear(&out);
}

TEST(each_kernel_has_the_sizes_that_the_input_makes)
{
    expect_uses("vector", 1000, 0, "multiply_add 1024\nrelu 1024\n");
    expect_uses("mlp", 3, 784,
        "matmul 1x4x1024x128\nmatmul 1x4x1x128\nadd 512\nrelu 512\nmatmul 1x4x128x16\n"
        "matmul 1x4x1x16\nadd 32\n");
    expect_uses("transformer", 2, 5,
        "layer_norm 16x64\nmatmul 1x16x64x64\nmatmul 1x16x64x64\nmatmul 1x16x64x64\n"
        "transpose 2x8x64\ntranspose 8x16x8\ntranspose 2x8x64\ntranspose 8x16x8\n"
        "transpose 2x8x64\ntranspose 8x16x8\nattention 8x8x16x8x16\ntranspose 8x8x16\n"
        "transpose 2x64x8\nmatmul 1x16x64x64\nadd 1024\nlayer_norm 16x64\nmatmul 1x16x64x256\n"
        "gelu 4096\nmatmul 1x16x256x64\nadd 1024\n");
}
