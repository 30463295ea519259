/* The kernels in plain loops; see answers.h. */
#include "proof/answers.h"

#include "base/memory.h"
#include "base/pcg32.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of the largest value of a kernel's answer: far beyond what single precision loses in sums of so
 * few numbers, and what a GPU's exponential function is off; below what half precision loses. */
#define TOLERANCE 1e-4

/* The sizes that dimensions have here, by their letters: odd ones, which no tile of a kernel has.
 */
enum { B = 2, M = 5, N = 7, K = 9, D = 3, E = 4, U = 6, L = 37 };

/* One run of a kernel. Tensors are in the table's order and have no more than three dimensions. */
struct known {
    const char *kernel;
    int64_t dims[WI_KERNEL_INPUTS][3]; /* of each input; a size of 0 ends them */
    size_t elements;                   /* of the output */
    const char *options;               /* JSON; NULL: none */
    unsigned positive;                 /* 1u << input whose elements are from 1 to 2 */
    void (*right)(const float *const *in, double *out);
};

/* --- element by element ----------------------------------------------------------------------- */

static void add(const float *const *in, double *out)
{
    for (size_t i = 0; i < L; i++)
        out[i] = (double)in[0][i] + (double)in[1][i];
}

static void multiply(const float *const *in, double *out)
{
    for (size_t i = 0; i < L; i++)
        out[i] = (double)in[0][i] * (double)in[1][i];
}

static void multiply_add(const float *const *in, double *out)
{
    for (size_t i = 0; i < L; i++)
        out[i] = (double)in[0][i] * (double)in[1][i] + (double)in[2][i];
}

static void relu(const float *const *in, double *out)
{
    for (size_t i = 0; i < L; i++)
        out[i] = fmax((double)in[0][i], 0);
}

static void gelu(const float *const *in, double *out)
{
    for (size_t i = 0; i < L; i++)
        out[i] = 0.5 * (double)in[0][i] * (1 + erf((double)in[0][i] / sqrt(2)));
}

static void silu(const float *const *in, double *out)
{
    for (size_t i = 0; i < L; i++)
        out[i] = (double)in[0][i] / (1 + exp(-(double)in[0][i]));
}

/* --- matrices --------------------------------------------------------------------------------- */

static void matmul(const float *const *in, double *out)
{
    for (size_t row = 0; row < B * M; row++)
        for (size_t j = 0; j < N; j++)
            for (size_t p = 0; p < K; p++)
                out[row * N + j] +=
                    (double)in[0][row * K + p] * (double)in[1][(row / M * K + p) * N + j];
}

static void transpose(const float *const *in, double *out)
{
    for (size_t i = 0; i < B * M * N; i++)
        out[i / (M * N) * M * N + i % N * M + i / N % M] = (double)in[0][i];
}

/* --- over the last dimension ------------------------------------------------------------------ */

static void reduce(const float *const *in, double *out)
{
    for (size_t i = 0; i < M * L; i++)
        out[i / L] += (double)in[0][i] / L;
}

/* e^x over the sum of all, of `count` numbers where they lie. */
static void soften(double *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] = exp(x[i]);
    for (size_t i = 0; i < count; i++)
        x[i] /= sum;
}

static void softmax(const float *const *in, double *out)
{
    for (size_t i = 0; i < M * L; i++)
        out[i] = (double)in[0][i];
    for (size_t row = 0; row < M; row++)
        soften(out + row * L, L);
}

static void layer_norm(const float *const *in, double *out)
{
    for (size_t row = 0; row < M; row++) {
        const float *x = in[0] + row * L;
        double mean = 0, variance = 0;
        for (size_t i = 0; i < L; i++)
            mean += (double)x[i] / L;
        for (size_t i = 0; i < L; i++)
            variance += pow((double)x[i] - mean, 2) / L;
        for (size_t i = 0; i < L; i++)
            out[row * L + i] = ((double)x[i] - mean) / sqrt(variance + 0.125) * (double)in[1][i] +
                               (double)in[2][i];
    }
}

/* Causal: query i sees the first i + 1 + N - M keys. */
static void attention(const float *const *in, double *out)
{
    for (size_t query = 0; query < B * M; query++) {
        const size_t batch = query / M, seen = query % M + 1 + N - M;
        double weights[N] = {0};
        for (size_t key = 0; key < seen; key++)
            for (size_t i = 0; i < D; i++)
                weights[key] +=
                    0.75 * (double)in[0][query * D + i] * (double)in[1][(batch * N + key) * D + i];
        soften(weights, seen);
        for (size_t key = 0; key < seen; key++)
            for (size_t i = 0; i < E; i++)
                out[query * E + i] += weights[key] * (double)in[2][(batch * N + key) * E + i];
    }
}

/* --- sound and pictures ----------------------------------------------------------------------- */

enum { HOP = 4, FRAMES = L / HOP, HEIGHT = 4, WIDTH = 9 };

/* Beyond its ends the sound is reflected. */
static double sample_at(const float *sound, int place)
{
    const int back = 2 * (L - 1), there = abs(place) % back;
    return (double)sound[there < back - there ? there : back - there];
}

static double power_of(const float *const *in, int frame, int bin)
{
    double cosines = 0, sines = 0;
    for (int j = 0; j < K; j++) {
        double value = sample_at(in[0], frame * HOP + j - K / 2) * (double)in[1][j];
        double angle = 2 * 3.14159265358979323846 * bin * j / K;
        cosines += value * cos(angle);
        sines += value * sin(angle);
    }
    return cosines * cosines + sines * sines;
}

static void mel_spectrogram(const float *const *in, double *out)
{
    double most = -INFINITY;
    for (size_t i = 0; i < D * FRAMES; i++) {
        double sum = 0;
        for (int bin = 0; bin < M; bin++)
            sum +=
                (double)in[2][i / FRAMES * M + (size_t)bin] * power_of(in, (int)(i % FRAMES), bin);
        out[i] = log10(fmax(1e-10, sum));
        most = fmax(most, out[i]);
    }
    for (size_t i = 0; i < D * FRAMES; i++)
        out[i] = fmax(out[i], most - 8) / 4 + 1;
}

/* A row, or a column, of `to` between the two of `from` that are nearest to its middle. */
struct between {
    size_t low, high;
    double share; /* of the second */
};
static struct between place_of(size_t i, size_t from, size_t to)
{
    double at = ((double)i + 0.5) * (double)from / (double)to - 0.5;
    at = fmin(fmax(at, 0), (double)from - 1);
    size_t low = (size_t)at;
    return (struct between){low, low + 1 < from ? low + 1 : low, at - (double)low};
}

static double mix(double one, double other, double share)
{
    return one * (1 - share) + other * share;
}

static void resize_normalise(const float *const *in, double *out)
{
    for (size_t i = 0; i < D * HEIGHT * WIDTH; i++) {
        const size_t channel = i / (HEIGHT * WIDTH);
        const float *x = in[0] + channel;
        struct between row = place_of(i / WIDTH % HEIGHT, M, HEIGHT);
        struct between column = place_of(i % WIDTH, N, WIDTH);
        const double upper = mix((double)x[(row.low * N + column.low) * D],
            (double)x[(row.low * N + column.high) * D], column.share);
        const double lower = mix((double)x[(row.high * N + column.low) * D],
            (double)x[(row.high * N + column.high) * D], column.share);
        out[i] =
            (mix(upper, lower, row.share) * 0.5 - (double)in[1][channel]) / (double)in[2][channel];
    }
}

/* --- self-organising maps --------------------------------------------------------------------- */

static void som_distance(const float *const *in, double *out)
{
    for (size_t i = 0; i < N * U; i++)
        for (size_t j = 0; j < D; j++)
            out[i] += pow((double)in[0][i / U * D + j] - (double)in[1][i % U * D + j], 2);
}

static void som_update(const float *const *in, double *out)
{
    for (size_t i = 0; i < U * D; i++) {
        out[i] = (double)in[0][i];
        for (size_t p = 0; p < N; p++)
            out[i] += 0.25 * (double)in[2][p * U + i / D] *
                      ((double)in[1][p * D + i % D] - (double)in[0][i]);
    }
}

/* --- the table -------------------------------------------------------------------------------- */

/* By name. */
static const struct known all[] = {
    {"add", {{L}, {L}}, L, NULL, 0, add},
    {"attention", {{B, M, D}, {B, N, D}, {B, N, E}}, B *M *E, "{\"causal\": true, \"scale\": 0.75}",
        0, attention},
    {"gelu", {{L}}, L, NULL, 0, gelu},
    {"layer_norm", {{M, L}, {L}, {L}}, M *L, "{\"epsilon\": 0.125}", 0, layer_norm},
    {"matmul", {{B, M, K}, {B, K, N}}, B *M *N, NULL, 0, matmul},
    {"mel_spectrogram", {{L}, {K}, {D, M}}, D *FRAMES, "{\"hop\": 4}", 1u << 1 | 1u << 2,
        mel_spectrogram},
    {"multiply", {{L}, {L}}, L, NULL, 0, multiply},
    {"multiply_add", {{L}, {L}, {L}}, L, NULL, 0, multiply_add},
    {"reduce", {{M, L}}, M, "{\"operation\": \"mean\"}", 0, reduce},
    {"relu", {{L}}, L, NULL, 0, relu},
    {"resize_normalise", {{M, N, D}, {D}, {D}}, D *HEIGHT *WIDTH,
        "{\"height\": 4, \"width\": 9, \"factor\": 0.5}", 1u << 2, resize_normalise},
    {"silu", {{L}}, L, NULL, 0, silu},
    {"softmax", {{M, L}}, M *L, NULL, 0, softmax},
    {"som_distance", {{N, D}, {U, D}}, N *U, NULL, 0, som_distance},
    {"som_update", {{U, D}, {N, D}, {N, U}}, U *D, "{\"rate\": 0.25}", 0, som_update},
    {"transpose", {{B, M, N}}, B *M *N, NULL, 0, transpose},
};

const struct wi_kernel *wi_answer_kernel(size_t index)
{
    return index < sizeof all / sizeof *all ? wi_kernel_find(all[index].kernel) : NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* From -2 to 2, in steps that FP32 has exactly. */
static float draw(struct wi_pcg32 *random)
{
    return (float)(wi_pcg32_next(random) >> 20) / 1024 - 2;
}

static void add_tensor(struct wi_tensors *inputs, const char *name, const int64_t dims[3],
    int positive, struct wi_pcg32 *random)
{
    struct wi_tensor *tensor = wi_tensors_add(inputs);
    tensor->name = wi_strdup(name);
    tensor->datatype = WI_FP32;
    while (tensor->rank < 3 && dims[tensor->rank] > 0)
        tensor->dims[tensor->rank] = dims[tensor->rank], tensor->rank++;
    size_t elements = (size_t)wi_shape_elements(tensor->dims, tensor->rank);
    tensor->size = elements * sizeof(float);
    tensor->blob = wi_blob_new(NULL, tensor->size);
    if (!tensor->blob)
        abort(); /* a few hundred bytes */
    tensor->blob->size = tensor->size;
    for (size_t i = 0; i < elements; i++) {
        float value = draw(random);
        ((float *)(void *)tensor->blob->bytes)[i] = positive ? 1 + fabsf(value) / 2 : value;
    }
}

json_t *wi_answer_ask(size_t index, uint32_t seed, struct wi_tensors *inputs)
{
    const struct known *known = &all[index];
    const struct wi_kernel *kernel = wi_answer_kernel(index);
    struct wi_pcg32 random;
    wi_pcg32_seed(&random, seed, 0);
    for (size_t i = 0; kernel->inputs[i].name; i++)
        add_tensor(inputs, kernel->inputs[i].name, known->dims[i], (int)(known->positive >> i & 1),
            &random);
    return known->options ? json_loads(known->options, 0, NULL) : NULL;
}

/* --- comparing -------------------------------------------------------------------------------- */

static int compare(
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
    double *right = wi_alloc(known->elements * sizeof *right);
    known->right(in, right);
    int same = compare(wi_tensor_bytes(&outputs->items[0]), right, known->elements, detail, size);
    free(right);
    return same;
}
