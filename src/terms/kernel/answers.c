/* The kernels in plain loops; see answers.h. */
#include "terms/kernel/answers.h"

#include "base/memory.h"
#include "base/pcg32.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the largest value of a kernel's answer: far beyond what single precision loses in sums of so
 * few numbers, and what a GPU's exponential function is off; below what half precision loses. */
#define TOLERANCE 1e-4

/* The longest of all dimensions but that of `l`. */
#define LONGEST 24

/* The sizes of one run, by the letters of the table. They are drawn, so that a known answer cannot
 * be recognised by its shapes. */
struct sizes {
    size_t b, d, e, k, l, m, n, u;
};
static const char letters[] = "bdeklmnu";

/* One run of a kernel. Tensors are in the table's order and have no more than three dimensions. */
struct known {
    const char *kernel;
    const char *dims[WI_KERNEL_INPUTS]; /* of each input */
    const char *output;
    const char *options; /* JSON; NULL: none */
    void (*right)(const struct sizes *s, const float *const *in, double *out);
};

static size_t *sizes_find(struct sizes *sizes, char letter)
{
    size_t *const all[] = {
        &sizes->b, &sizes->d, &sizes->e, &sizes->k, &sizes->l, &sizes->m, &sizes->n, &sizes->u};
    return all[strchr(letters, letter) - letters];
}

/* --- element by element ----------------------------------------------------------------------- */

static void answer_add(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->l; i++)
        out[i] = (double)in[0][i] + (double)in[1][i];
}

static void answer_multiply(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->l; i++)
        out[i] = (double)in[0][i] * (double)in[1][i];
}

static void multiply_add(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->l; i++)
        out[i] = (double)in[0][i] * (double)in[1][i] + (double)in[2][i];
}

static void answer_relu(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->l; i++)
        out[i] = fmax((double)in[0][i], 0);
}

static void answer_gelu(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->l; i++)
        out[i] = 0.5 * (double)in[0][i] * (1 + erf((double)in[0][i] / sqrt(2)));
}

static void answer_silu(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->l; i++)
        out[i] = (double)in[0][i] / (1 + exp(-(double)in[0][i]));
}

/* --- matrices --------------------------------------------------------------------------------- */

static void answer_matmul(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t row = 0; row < s->b * s->m; row++)
        for (size_t j = 0; j < s->n; j++)
            for (size_t p = 0; p < s->k; p++)
                out[row * s->n + j] += (double)in[0][row * s->k + p] *
                                       (double)in[1][(row / s->m * s->k + p) * s->n + j];
}

static void answer_transpose(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->b * s->m * s->n; i++)
        out[i / (s->m * s->n) * s->m * s->n + i % s->n * s->m + i / s->n % s->m] = (double)in[0][i];
}

/* --- over the last dimension ------------------------------------------------------------------ */

static void answer_reduce(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->m * s->l; i++)
        out[i / s->l] += (double)in[0][i] / (double)s->l;
}

/* e^x over the sum of all, for `count` numbers, in place. */
static void row_soften(double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] = exp(x[i]);
    for (size_t i = 0; i < count; i++)
        x[i] /= sum;
}

static void answer_softmax(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->m * s->l; i++)
        out[i] = (double)in[0][i];
    for (size_t row = 0; row < s->m; row++)
        row_soften(out + row * s->l, s->l);
}

static void layer_norm(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t row = 0; row < s->m; row++) {
        const float *x = in[0] + row * s->l;
        double mean = 0, variance = 0;
        for (size_t i = 0; i < s->l; i++)
            mean += (double)x[i] / (double)s->l;
        for (size_t i = 0; i < s->l; i++)
            variance += pow((double)x[i] - mean, 2) / (double)s->l;
        for (size_t i = 0; i < s->l; i++)
            out[row * s->l + i] =
                ((double)x[i] - mean) / sqrt(variance + 0.125) * (double)in[1][i] +
                (double)in[2][i];
    }
}

/* Causal: query i of m sees the first i + 1 + n - m keys of n. */
static void answer_attention(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t query = 0; query < s->b * s->m; query++) {
        const size_t batch = query / s->m, seen = query % s->m + 1 + s->n - s->m;
        double weights[LONGEST] = {0};
        for (size_t key = 0; key < seen; key++)
            for (size_t i = 0; i < s->d; i++)
                weights[key] += 0.75 * (double)in[0][query * s->d + i] *
                                (double)in[1][(batch * s->n + key) * s->d + i];
        row_soften(weights, seen);
        for (size_t key = 0; key < seen; key++)
            for (size_t i = 0; i < s->e; i++)
                out[query * s->e + i] +=
                    weights[key] * (double)in[2][(batch * s->n + key) * s->e + i];
    }
}

/* --- self-organising maps --------------------------------------------------------------------- */

static void som_distance(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->n * s->u; i++)
        for (size_t j = 0; j < s->d; j++)
            out[i] +=
                pow((double)in[0][i / s->u * s->d + j] - (double)in[1][i % s->u * s->d + j], 2);
}

static void som_update(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->u * s->d; i++) {
        out[i] = (double)in[0][i];
        for (size_t p = 0; p < s->n; p++)
            out[i] += 0.25 * (double)in[2][p * s->u + i / s->d] *
                      ((double)in[1][p * s->d + i % s->d] - (double)in[0][i]);
    }
}

/* --- the table -------------------------------------------------------------------------------- */

/* By name. */
static const struct known all[] = {
    {"add", {"l", "l"}, "l", NULL, answer_add},
    {"attention", {"bmd", "bnd", "bne"}, "bme", "{\"causal\": true, \"scale\": 0.75}",
        answer_attention},
    {"gelu", {"l"}, "l", NULL, answer_gelu},
    {"layer_norm", {"ml", "l", "l"}, "ml", "{\"epsilon\": 0.125}", layer_norm},
    {"matmul", {"bmk", "bkn"}, "bmn", NULL, answer_matmul},
    {"multiply", {"l", "l"}, "l", NULL, answer_multiply},
    {"multiply_add", {"l", "l", "l"}, "l", NULL, multiply_add},
    {"reduce", {"ml"}, "m", "{\"operation\": \"mean\"}", answer_reduce},
    {"relu", {"l"}, "l", NULL, answer_relu},
    {"silu", {"l"}, "l", NULL, answer_silu},
    {"softmax", {"ml"}, "ml", NULL, answer_softmax},
    {"som_distance", {"nd", "ud"}, "nu", NULL, som_distance},
    {"som_update", {"ud", "nd", "nu"}, "ud", "{\"rate\": 0.25}", som_update},
    {"transpose", {"bmn"}, "bnm", NULL, answer_transpose},
};

const struct wi_kernel *wi_answer_kernel(size_t index)
{
    return index < sizeof all / sizeof *all ? wi_kernel_find(all[index].kernel) : NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* From -2 to 2, in steps that FP32 has exactly. */
static float value_draw(struct wi_pcg32 *random)
{
    return (float)(wi_pcg32_next(random) >> 20) / 1024 - 2;
}

static size_t draw_size(struct wi_pcg32 *random, size_t least, size_t most)
{
    return least + wi_pcg32_next(random) % (most - least + 1);
}

/* A query sees a key at least: so n is m or more. */
static struct sizes draw_sizes(struct wi_pcg32 *random)
{
    struct sizes sizes = {.b = draw_size(random, 1, 3),
        .d = draw_size(random, 1, 8),
        .e = draw_size(random, 1, 8),
        .k = draw_size(random, 2, LONGEST),
        .l = draw_size(random, 8, 200),
        .m = draw_size(random, 1, 12),
        .u = draw_size(random, 1, 12)};
    sizes.n = draw_size(random, sizes.m, LONGEST);
    return sizes;
}

/* Those of inputs that were made so. */
static struct sizes read_sizes(const struct known *known, const struct wi_tensors *inputs)
{
    struct sizes sizes = {0};
    for (size_t i = 0; i < inputs->count; i++)
        for (unsigned d = 0; d < inputs->items[i].rank; d++)
            *sizes_find(&sizes, known->dims[i][d]) = (size_t)inputs->items[i].dims[d];
    return sizes;
}

static void add_tensor(struct wi_tensors *inputs, const char *name, struct sizes *sizes,
    const char *dims, struct wi_pcg32 *random)
{
    struct wi_tensor *tensor = wi_tensors_add(inputs);
    tensor->name = wi_strdup(name);
    tensor->datatype = WI_FP32;
    for (; dims[tensor->rank]; tensor->rank++)
        tensor->dims[tensor->rank] = (int64_t)*sizes_find(sizes, dims[tensor->rank]);
    size_t elements = (size_t)wi_shape_elements(tensor->dims, tensor->rank);
    tensor->size = elements * sizeof(float);
    tensor->blob = wi_blob_new(NULL, tensor->size);
    if (!tensor->blob)
        abort(); /* a few thousand bytes */
    tensor->blob->size = tensor->size;
    for (size_t i = 0; i < elements; i++)
        ((float *)(void *)tensor->blob->bytes)[i] = value_draw(random);
}

json_t *wi_answer_ask(size_t index, uint32_t seed, struct wi_tensors *inputs)
{
    const struct known *known = &all[index];
    const struct wi_kernel *kernel = wi_answer_kernel(index);
    struct wi_pcg32 random;
    wi_pcg32_seed(&random, seed, 0);
    struct sizes sizes = draw_sizes(&random);
    for (size_t i = 0; kernel->inputs[i].name; i++)
        add_tensor(inputs, kernel->inputs[i].name, &sizes, known->dims[i], &random);
    return known->options ? json_loads(known->options, 0, NULL) : NULL;
}

/* --- comparing -------------------------------------------------------------------------------- */

static int answer_compare(
    const unsigned char *bytes, const double *right, size_t count, char *detail, size_t size)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs(right[i]));
    for (size_t i = 0; i < count; i++) {
        float is;
        memcpy(&is, bytes + i * sizeof is, sizeof is); /* it need not be aligned */
        if (fabs((double)is - right[i]) <= TOLERANCE * most)
            continue; /* NaN is not */
        snprintf(detail, size, "element %zu is %.9g, not %.9g", i, (double)is, right[i]);
        return 0;
    }
    return 1;
}

int wi_answer_is_right(size_t index, const struct wi_tensors *inputs,
    const struct wi_tensors *outputs, char *detail, size_t size)
{
    const struct known *known = &all[index];
    const float *in[WI_KERNEL_INPUTS] = {0};
    for (size_t i = 0; i < inputs->count; i++)
        in[i] = (const float *)(const void *)wi_tensor_bytes(&inputs->items[i]);
    struct sizes sizes = read_sizes(known, inputs);
    size_t elements = 1;
    for (const char *letter = known->output; *letter; letter++)
        elements *= *sizes_find(&sizes, *letter);
    double *right = wi_alloc(elements * sizeof *right);
    known->right(&sizes, in, right);
    int same = answer_compare(wi_tensor_bytes(&outputs->items[0]), right, elements, detail, size);
    free(right);
    return same;
}
