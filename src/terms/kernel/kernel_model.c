/* The built-in models over kernels; see kernel_model.h. */
#include "terms/kernel/kernel_model.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS(type, ...) ((const struct type[]){__VA_ARGS__, {0}})
#define SIZES(...) ROWS(wi_kernel_size, __VA_ARGS__)
#define WEIGHTS(...) ROWS(wi_kernel_weight, __VA_ARGS__)
#define STEPS(...) ROWS(wi_kernel_step, __VA_ARGS__)

/* A bias is added to each row as the product of a column of ones with it. */
static const struct wi_kernel_weight mlp_weights[] = {
    {"hidden_weight", "784,128", 0, 1.0 / 16, 1},
    {"hidden_bias", "1,128", 0, 1.0 / 16, 2},
    {"out_weight", "128,10", 0, 1.0 / 8, 3},
    {"out_bias", "1,10", 0, 1.0 / 16, 4},
    {"ones", "batch,1", 1, 0, 5},
    {0},
};

static const struct wi_kernel_step mlp_steps[] = {
    {"matmul", {{"x", "batch,784"}, {"hidden_weight", "784,128"}}, "hidden_product", NULL},
    {"matmul", {{"ones", "batch,1"}, {"hidden_bias", "1,128"}}, "hidden_biases", NULL},
    {"add", {{"hidden_product", "batch,128"}, {"hidden_biases", "batch,128"}}, "hidden", NULL},
    {"relu", {{"hidden", "batch,128"}}, "active", NULL},
    {"matmul", {{"active", "batch,128"}, {"out_weight", "128,10"}}, "out_product", NULL},
    {"matmul", {{"ones", "batch,1"}, {"out_bias", "1,10"}}, "out_biases", NULL},
    {"add", {{"out_product", "batch,10"}, {"out_biases", "batch,10"}}, "y", NULL},
    {0},
};

static const struct wi_kernel_weight transformer_weights[] = {
    {"attention_scale", "64", 1, 1.0 / 8, 11},
    {"attention_bias", "64", 0, 1.0 / 8, 12},
    {"query_weight", "64,64", 0, 1.0 / 4, 13},
    {"key_weight", "64,64", 0, 1.0 / 4, 14},
    {"value_weight", "64,64", 0, 1.0 / 4, 15},
    {"joined_weight", "64,64", 0, 1.0 / 4, 16},
    {"feed_scale", "64", 1, 1.0 / 8, 17},
    {"feed_bias", "64", 0, 1.0 / 8, 18},
    {"wide_weight", "64,256", 0, 1.0 / 4, 19},
    {"narrow_weight", "256,64", 0, 1.0 / 8, 20},
    {0},
};

#define POSITIONS "batch,positions,64"
#define COLUMNS "batch,64,positions"
#define LINES "batch*positions,64"
#define ALL "batch*positions*64"
#define HEADS "batch,4,positions,16"
#define HEAD_COLUMNS "batch,4,16,positions"

/* From [batch, positions, 64] to its 4 heads: of the columns, 16 are a head's. */
#define SPLIT(all, name)                                                                           \
    {"transpose", {{all, POSITIONS}}, name "_columns", NULL},                                      \
    {                                                                                              \
        "transpose", {{name "_columns", HEAD_COLUMNS}}, name "_heads", NULL                        \
    }

/* y = z + gelu(norm(z) · wide) · narrow with z = x + attention(norm(x)) · joined. */
static const struct wi_kernel_step transformer_steps[] = {
    {"layer_norm", {{"x", POSITIONS}, {"attention_scale", "64"}, {"attention_bias", "64"}},
        "normed", NULL},
    {"matmul", {{"normed", LINES}, {"query_weight", "64,64"}}, "queries", NULL},
    {"matmul", {{"normed", LINES}, {"key_weight", "64,64"}}, "keys", NULL},
    {"matmul", {{"normed", LINES}, {"value_weight", "64,64"}}, "values", NULL},
    SPLIT("queries", "query"),
    SPLIT("keys", "key"),
    SPLIT("values", "value"),
    {"attention", {{"query_heads", HEADS}, {"key_heads", HEADS}, {"value_heads", HEADS}}, "heads",
        "{\"causal\": true}"},
    {"transpose", {{"heads", HEADS}}, "head_columns", NULL},
    {"transpose", {{"head_columns", COLUMNS}}, "joined", NULL},
    {"matmul", {{"joined", LINES}, {"joined_weight", "64,64"}}, "attended", NULL},
    {"add", {{"x", ALL}, {"attended", ALL}}, "z", NULL},
    {"layer_norm", {{"z", POSITIONS}, {"feed_scale", "64"}, {"feed_bias", "64"}}, "renormed", NULL},
    {"matmul", {{"renormed", LINES}, {"wide_weight", "64,256"}}, "wide", NULL},
    {"gelu", {{"wide", "batch*positions*256"}}, "active", NULL},
    {"matmul", {{"active", "batch*positions,256"}, {"narrow_weight", "256,64"}}, "narrow", NULL},
    {"add", {{"z", ALL}, {"narrow", ALL}}, "y", NULL},
    {0},
};

const struct wi_kernel_model wi_kernel_models[] = {
    {"mlp", "y = relu(x · w1 + b1) · w2 + b2; layers of 784, 128 and 10 units.", {"x", "batch,784"},
        {"y", "batch,10"}, SIZES({"batch", 0, 4096}), mlp_weights, mlp_steps},
    {"transformer", "A causal transformer block with 4 heads.", {"x", POSITIONS}, {"y", POSITIONS},
        SIZES({"batch", 0, 64}, {"positions", 1, 128}), transformer_weights, transformer_steps},
    {"vector", "y = relu(2 · x + 1).", {"x", "n"}, {"y", "n"}, SIZES({"n", 0, 4194304}),
        WEIGHTS({"two", "n", 2, 0, 31}, {"one", "n", 1, 0, 32}),
        STEPS({"multiply_add", {{"x", "n"}, {"two", "n"}, {"one", "n"}}, "line", NULL},
            {"relu", {{"line", "n"}}, "y", NULL})},
    {0},
};

uint32_t wi_kernel_hash(uint32_t x)
{
    x ^= x >> 16;
    x *= UINT32_C(0x7feb352d);
    x ^= x >> 15;
    x *= UINT32_C(0x846ca68b);
    return x ^ x >> 16;
}

float wi_kernel_weight_element(const struct wi_kernel_weight *weight, uint32_t k)
{
    double unit = (double)(wi_kernel_hash(wi_kernel_hash(k) ^ weight->seed) >> 8) / (1 << 23) - 1;
    return (float)(weight->middle + weight->spread * unit);
}

unsigned wi_kernel_model_dims(const char *shape, int64_t dims[WI_TENSOR_MAX_RANK])
{
    unsigned rank = 0;
    size_t length;
    for (const char *name; (name = wi_kernel_shape_next(&shape, &length));)
        dims[rank++] = isdigit((unsigned char)*name) ? strtoll(name, NULL, 10) : -1;
    return rank;
}

/* The input's dimension of that name. */
static int64_t size_in(const struct wi_kernel_model *model, const int64_t dims[WI_TENSOR_MAX_RANK],
    const char *name, size_t n)
{
    const char *shape = model->input.shape, *other;
    size_t length;
    for (unsigned i = 0; (other = wi_kernel_shape_next(&shape, &length)); i++)
        if (length == n && memcmp(other, name, n) == 0)
            return dims[i];
    return 0;
}

static void list_limits(const struct wi_kernel_model *model, char *out, size_t size)
{
    size_t used = 0;
    for (const struct wi_kernel_size *one = model->sizes; one->name && used < size; one++)
        used += (size_t)snprintf(out + used, size - used, "%s%s is %" PRId64 " to %" PRId64,
            used ? ", " : "", one->name, one->least, one->most);
}

enum wi_code wi_kernel_model_check_input(
    const struct wi_kernel_model *model, const struct wi_tensor *input, struct wi_error *error)
{
    char limits[120];
    for (const struct wi_kernel_size *size = model->sizes; size->name; size++) {
        int64_t is = size_in(model, input->dims, size->name, strlen(size->name));
        if (is >= size->least && is <= size->most)
            continue;
        list_limits(model, limits, sizeof limits);
        wi_error_set(error, WI_INPUT_SHAPE, "inputs[0].shape",
            "input %s has %" PRId64 " as its size %s; builtin/%s takes %" PRId64 " to %" PRId64,
            model->input.name, is, size->name, model->name, size->least, size->most);
        return wi_error_expect(error, "[%s], where %s", model->input.shape, limits);
    }
    return WI_OK;
}

enum wi_code wi_kernel_model_check_answer(const struct wi_kernel_model *model,
    const struct wi_tensor *input, const struct wi_tensors *outputs, struct wi_error *error)
{
    const struct wi_tensor *output = outputs->items;
    const char *shape = model->output.shape, *name;
    int64_t dims[WI_TENSOR_MAX_RANK];
    unsigned rank = wi_kernel_model_dims(shape, dims);
    char text[240];
    size_t length;
    for (unsigned i = 0; (name = wi_kernel_shape_next(&shape, &length)); i++)
        if (dims[i] < 0)
            dims[i] = size_in(model, input->dims, name, length);
    if (outputs->count == 1 && strcmp(output->name, model->output.name) == 0 &&
        output->datatype == WI_FP32 && output->rank == rank &&
        memcmp(output->dims, dims, rank * sizeof *dims) == 0)
        return WI_OK;
    wi_shape_format(dims, rank, text, sizeof text);
    return wi_error_set(error, WI_INFERENCE_FAILED, "data.tensors",
        "builtin/%s has one output, %s, FP32 %s", model->name, model->output.name, text);
}

/* A dimension of a step: a product of numbers and of the input's sizes. */
static int64_t term_product(const struct wi_kernel_model *model,
    const int64_t dims[WI_TENSOR_MAX_RANK], const char *term, size_t length)
{
    int64_t value = 1;
    for (const char *end = term + length; term < end;) {
        size_t n = strcspn(term, "*,");
        value *=
            isdigit((unsigned char)*term) ? strtoll(term, NULL, 10) : size_in(model, dims, term, n);
        term += n + 1;
    }
    return value;
}

void wi_kernel_model_uses(const struct wi_kernel_model *model,
    const int64_t dims[WI_TENSOR_MAX_RANK], wi_kernel_use_fn *each, void *context)
{
    char size_class[WI_KERNEL_CLASS_SIZE];
    for (const struct wi_kernel_step *step = model->steps; step->kernel; step++) {
        const struct wi_kernel *kernel = wi_kernel_find(step->kernel);
        struct wi_tensor items[WI_KERNEL_INPUTS] = {0};
        struct wi_tensors inputs = {items, 0};
        for (; kernel->inputs[inputs.count].name; inputs.count++) {
            struct wi_tensor *input = &items[inputs.count];
            const char *shape = step->inputs[inputs.count].shape, *term;
            input->name = (char *)(uintptr_t)kernel->inputs[inputs.count].name;
            input->datatype = WI_FP32;
            for (size_t length; (term = wi_kernel_shape_next(&shape, &length));)
                input->dims[input->rank++] = term_product(model, dims, term, length);
        }
        /* None of these kernels has a size that an option says. */
        if (wi_kernel_size_class(kernel, &inputs, NULL, size_class) == 0)
            each(context, kernel, size_class);
    }
}
