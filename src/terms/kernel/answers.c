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

#define HOP 4
/* The longest of all dimensions but that of `l`. */
#define LONGEST 24

/* The sizes of one run, by the letters of the table; those after `u` follow from others or from the
 * options. They are drawn, so that a known answer cannot be recognised by its shapes. */
struct sizes {
    size_t b, d, e, k, l, m, n, u, f, h, x, y;
};
static const char letters[] = "bdeklmnufhxy";

/* One run of a kernel. Tensors are in the table's order and have no more than three dimensions. */
struct known {
    const char *kernel;
    const char *dims[WI_KERNEL_INPUTS]; /* of each input */
    const char *output;
    const char *options; /* JSON; NULL: none */
    unsigned positive;   /* 1u << input whose elements are from 1 to 2 */
    void (*right)(const struct sizes *s, const float *const *in, double *out);
};

static size_t *sizes_find(struct sizes *sizes, char letter)
{
    size_t *const all[] = {&sizes->b, &sizes->d, &sizes->e, &sizes->k, &sizes->l, &sizes->m,
        &sizes->n, &sizes->u, &sizes->f, &sizes->h, &sizes->x, &sizes->y};
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

/* --- sound and pictures ----------------------------------------------------------------------- */

/* Beyond its ends the sound is reflected. */
static double sample_at(const float *sound, int length, int place)
{
    const int back = 2 * (length - 1), there = abs(place) % back;
    return (double)sound[there < back - there ? there : back - there];
}

static double power_of(const struct sizes *s, const float *const *in, int frame, int bin)
{
    const int n = (int)s->k;
    double cosines = 0, sines = 0;
    for (int j = 0; j < n; j++) {
        double value = sample_at(in[0], (int)s->l, frame * HOP + j - n / 2) * (double)in[1][j];
        double angle = 2 * 3.14159265358979323846 * bin * j / n;
        cosines += value * cos(angle);
        sines += value * sin(angle);
    }
    return cosines * cosines + sines * sines;
}

static void mel_spectrogram(const struct sizes *s, const float *const *in, double *out)
{
    double most = -INFINITY;
    for (size_t i = 0; i < s->d * s->f; i++) {
        double sum = 0;
        for (size_t bin = 0; bin < s->h; bin++)
            sum +=
                (double)in[2][i / s->f * s->h + bin] * power_of(s, in, (int)(i % s->f), (int)bin);
        out[i] = log10(fmax(1e-10, sum));
        most = fmax(most, out[i]);
    }
    for (size_t i = 0; i < s->d * s->f; i++)
        out[i] = fmax(out[i], most - 8) / 4 + 1;
}

/* A row, or a column, of `to` between the two of `from` that are nearest to its middle. */
struct between {
    size_t low, high;
    double share; /* of the second */
};
static struct between place_find(size_t i, size_t from, size_t to)
{
    double at = ((double)i + 0.5) * (double)from / (double)to - 0.5;
    at = fmin(fmax(at, 0), (double)from - 1);
    size_t low = (size_t)at;
    return (struct between){low, low + 1 < from ? low + 1 : low, at - (double)low};
}

static double value_mix(double one, double other, double share)
{
    return one * (1 - share) + other * share;
}

static void resize_normalise(const struct sizes *s, const float *const *in, double *out)
{
    for (size_t i = 0; i < s->d * s->y * s->x; i++) {
        const size_t channel = i / (s->y * s->x);
        const float *x = in[0] + channel;
        struct between row = place_find(i / s->x % s->y, s->m, s->y);
        struct between column = place_find(i % s->x, s->n, s->x);
        const double upper = value_mix((double)x[(row.low * s->n + column.low) * s->d],
            (double)x[(row.low * s->n + column.high) * s->d], column.share);
        const double lower = value_mix((double)x[(row.high * s->n + column.low) * s->d],
            (double)x[(row.high * s->n + column.high) * s->d], column.share);
        out[i] = (value_mix(upper, lower, row.share) * 0.5 - (double)in[1][channel]) /
                 (double)in[2][channel];
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
    {"add", {"l", "l"}, "l", NULL, 0, answer_add},
    {"attention", {"bmd", "bnd", "bne"}, "bme", "{\"causal\": true, \"scale\": 0.75}", 0,
        answer_attention},
    {"gelu", {"l"}, "l", NULL, 0, answer_gelu},
    {"layer_norm", {"ml", "l", "l"}, "ml", "{\"epsilon\": 0.125}", 0, layer_norm},
    {"matmul", {"bmk", "bkn"}, "bmn", NULL, 0, answer_matmul},
    {"mel_spectrogram", {"l", "k", "dh"}, "df", "{\"hop\": 4}", 1u << 1 | 1u << 2, mel_spectrogram},
    {"multiply", {"l", "l"}, "l", NULL, 0, answer_multiply},
    {"multiply_add", {"l", "l", "l"}, "l", NULL, 0, multiply_add},
    {"reduce", {"ml"}, "m", "{\"operation\": \"mean\"}", 0, answer_reduce},
    {"relu", {"l"}, "l", NULL, 0, answer_relu},
    {"resize_normalise", {"mnd", "d", "d"}, "dyx", "{\"height\": 4, \"width\": 9, \"factor\": 0.5}",
        1u << 2, resize_normalise},
    {"silu", {"l"}, "l", NULL, 0, answer_silu},
    {"softmax", {"ml"}, "ml", NULL, 0, answer_softmax},
    {"som_distance", {"nd", "ud"}, "nu", NULL, 0, som_distance},
    {"som_update", {"ud", "nd", "nu"}, "ud", "{\"rate\": 0.25}", 0, som_update},
    {"transpose", {"bmn"}, "bnm", NULL, 0, answer_transpose},
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

static void sizes_follow(struct sizes *sizes)
{
    sizes->f = sizes->l / HOP;
    sizes->h = sizes->k / 2 + 1;
    sizes->y = 4; /* as the options have it */
    sizes->x = 9;
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
    sizes_follow(&sizes);
    return sizes;
}

/* Those of inputs that were made so. */
static struct sizes read_sizes(const struct known *known, const struct wi_tensors *inputs)
{
    struct sizes sizes = {0};
    for (size_t i = 0; i < inputs->count; i++)
        for (unsigned d = 0; d < inputs->items[i].rank; d++)
            *sizes_find(&sizes, known->dims[i][d]) = (size_t)inputs->items[i].dims[d];
    sizes_follow(&sizes);
    return sizes;
}

static void add_tensor(struct wi_tensors *inputs, const char *name, struct sizes *sizes,
    const char *dims, int positive, struct wi_pcg32 *random)
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
    for (size_t i = 0; i < elements; i++) {
        float value = value_draw(random);
        ((float *)(void *)tensor->blob->bytes)[i] = positive ? 1 + fabsf(value) / 2 : value;
    }
}

json_t *wi_answer_ask(size_t index, uint32_t seed, struct wi_tensors *inputs)
{
    const struct known *known = &all[index];
    const struct wi_kernel *kernel = wi_answer_kernel(index);
    struct wi_pcg32 random;
    wi_pcg32_seed(&random, seed, 0);
    struct sizes sizes = draw_sizes(&random);
    for (size_t i = 0; kernel->inputs[i].name; i++)
        add_tensor(inputs, kernel->inputs[i].name, &sizes, known->dims[i],
            (int)(known->positive >> i & 1), &random);
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
