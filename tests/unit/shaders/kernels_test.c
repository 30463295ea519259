/* Each kernel in C against plain loops in double precision, for odd shapes, for nothing, and for
 * numbers that are none. */
#include "../test.h"

#include "base/memory.h"
#include "kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One run: its sizes, and its tensors filled from a seed. What lies behind the output is watched.
 */
struct run {
    struct kernel_call call;
    size_t elements; /* of the output */
    double *right;
};
#define GUARD 64
#define UNTOUCHED 12345.0f

static uint32_t drawn;
static double number(void) /* from -2 to 2 */
{
    drawn = drawn * 1664525 + 1013904223;
    return (double)(drawn >> 8) / (1 << 22) - 2;
}

static float *filled(size_t count)
{
    float *values = wi_alloc((count + 1) * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)number();
    return values;
}

static struct run begin(const size_t *inputs, size_t elements)
{
    struct run run = {.elements = elements};
    for (size_t i = 0; i < KERNEL_INPUTS && inputs[i] != SIZE_MAX; i++)
        run.call.in[i] = filled(inputs[i]);
    run.call.out = filled(elements + GUARD);
    for (size_t i = 0; i < elements + GUARD; i++)
        run.call.out[i] = UNTOUCHED;
    run.right = wi_alloc((elements + 1) * sizeof *run.right);
    return run;
}
#define BEGIN(elements, ...) begin((const size_t[]){__VA_ARGS__, SIZE_MAX}, elements)

/* Runs it and compares: `tolerance` is of the largest value. */
static void end(struct run *run, void (*kernel)(const struct kernel_call *), double tolerance)
{
    double most = 0;
    kernel(&run->call);
    for (size_t i = 0; i < run->elements; i++)
        if (isfinite(run->right[i]))
            most = fmax(most, fabs(run->right[i]));
    for (size_t i = 0; i < run->elements; i++) {
        double is = (double)run->call.out[i], right = run->right[i];
        int same = isnan(right)   ? isnan(is)
                   : isinf(right) ? is == right
                                  : fabs(is - right) <= tolerance * most;
        if (!same)
            fail_msg("element %zu of %zu is %.9g, not %.9g", i, run->elements, is, right);
    }
    for (size_t i = 0; i < GUARD; i++)
        assert_true(run->call.out[run->elements + i] == UNTOUCHED);
    for (size_t i = 0; i < KERNEL_INPUTS; i++)
        free((void *)(uintptr_t)run->call.in[i]);
    free(run->call.out);
    free(run->right);
}

static const uint32_t lengths[] = {0, 1, 3, 4, 17, 257, 7000};
#define LENGTHS (sizeof lengths / sizeof *lengths)

/* --- element by element ----------------------------------------------------------------------- */

static double relu(double a, double b, double c)
{
    (void)b;
    (void)c;
    return a < 0 ? 0 : a;
}

static double gelu(double a, double b, double c)
{
    (void)b;
    (void)c;
    return 0.5 * a * (1 + erf(a / sqrt(2)));
}

static double silu(double a, double b, double c)
{
    (void)b;
    (void)c;
    return a / (1 + exp(-a));
}

static double add(double a, double b, double c)
{
    (void)c;
    return a + b;
}

static double multiply(double a, double b, double c)
{
    (void)c;
    return a * b;
}

static double multiply_add(double a, double b, double c)
{
    return a * b + c;
}

static const struct {
    void (*kernel)(const struct kernel_call *);
    double (*right)(double a, double b, double c);
    size_t inputs;
} alike[] = {{kernel_add, add, 2}, {kernel_multiply, multiply, 2},
    {kernel_multiply_add, multiply_add, 3}, {kernel_relu, relu, 1}, {kernel_gelu, gelu, 1},
    {kernel_silu, silu, 1}};

static void check_alike(size_t which, uint32_t n)
{
    struct run run = alike[which].inputs == 1   ? BEGIN(n, n)
                     : alike[which].inputs == 2 ? BEGIN(n, n, n)
                                                : BEGIN(n, n, n, n);
    const float *const *in = run.call.in;
    run.call.size[0] = n;
    for (uint32_t i = 0; i < n; i++)
        run.right[i] = alike[which].right(
            (double)in[0][i], in[1] ? (double)in[1][i] : 0, in[2] ? (double)in[2][i] : 0);
    end(&run, alike[which].kernel, 1e-6);
}

TEST(test_element_by_element)
{
    for (size_t which = 0; which < sizeof alike / sizeof *alike; which++)
        for (size_t i = 0; i < LENGTHS; i++)
            check_alike(which, lengths[i]);
}

static double one(void (*kernel)(const struct kernel_call *), double at)
{
    float x = (float)at, y = UNTOUCHED;
    const struct kernel_call call = {.in = {&x}, .out = &y, .size = {1}};
    kernel(&call);
    return (double)y;
}

/* Far from 0, and what is no number. */
TEST(test_functions_at_their_ends)
{
    static const double at[] = {-1e30, -200, -88, -87, -20, -1e-30, 0, 1e-30, 20, 87, 88, 200, 1e30,
        NAN, INFINITY, -INFINITY};
    for (size_t which = 3; which < sizeof alike / sizeof *alike; which++)
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            double is = one(alike[which].kernel, at[i]);
            double right = alike[which].right((double)(float)at[i], 0, 0);
            int same = isnan(right)   ? isnan(is)
                       : isinf(right) ? is == right
                                      : fabs(is - right) <= 1e-6 * fabs(right) + 1e-30;
            if (!same && fabs(right) > 1e-6)
                fail_msg("kernel %zu of %g is %.9g, not %.9g", which, at[i], is, right);
            assert_true(isnan(is) == isnan(right));
        }
}

/* --- matrices --------------------------------------------------------------------------------- */

static void check_matmul(uint32_t batch, uint32_t m, uint32_t k, uint32_t n)
{
    struct run run = BEGIN((size_t)batch * m * n, (size_t)batch * m * k, (size_t)batch * k * n);
    const float *a = run.call.in[0], *b = run.call.in[1];
    memcpy(run.call.size, ((const uint32_t[]){batch, m, k, n}), 4 * sizeof(uint32_t));
    for (size_t r = 0; r < (size_t)batch * m; r++)
        for (size_t j = 0; j < n; j++)
            for (size_t p = 0; p < k; p++)
                run.right[r * n + j] += (double)a[r * k + p] * (double)b[(r / m * k + p) * n + j];
    end(&run, kernel_matmul, 1e-5);
}

TEST(test_matmul)
{
    static const uint32_t shapes[][4] = {{1, 1, 1, 1}, {1, 17, 17, 17}, {1, 257, 3, 5},
        {1, 5, 257, 9}, {1, 4, 256, 8}, {1, 3, 513, 7}, {1, 1000, 7, 1}, {1, 7, 1000, 3},
        {3, 9, 11, 13}, {0, 3, 3, 3}, {2, 0, 3, 3}, {2, 3, 0, 3}, {2, 3, 3, 0}, {1, 33, 65, 31},
        {1, 259, 257, 39}, {1, 2, 3, 64}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_matmul(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]);
}

TEST(test_transpose)
{
    static const uint32_t shapes[][3] = {
        {1, 1, 1}, {1, 17, 1}, {2, 1000, 7}, {3, 16, 16}, {1, 257, 31}, {0, 5, 5}, {1, 0, 5}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        const size_t batch = shapes[s][0], m = shapes[s][1], n = shapes[s][2];
        struct run run = BEGIN(batch * m * n, batch * m * n);
        memcpy(run.call.size, shapes[s], sizeof shapes[s]);
        for (size_t i = 0; i < batch * m * n; i++)
            run.right[i / (m * n) * m * n + i % n * m + i / n % m] = (double)run.call.in[0][i];
        end(&run, kernel_transpose, 0);
    }
}

/* --- over the last dimension ------------------------------------------------------------------ */

static double reduced(const float *x, size_t n, int operation)
{
    double sum = 0, most = -INFINITY, least = INFINITY;
    for (size_t i = 0; i < n; i++) {
        sum += (double)x[i];
        most = fmax(most, (double)x[i]);
        least = fmin(least, (double)x[i]);
    }
    return operation == 0 ? sum : operation == 1 ? sum / (double)n : operation == 2 ? most : least;
}

TEST(test_reduce)
{
    for (int operation = 0; operation < 4; operation++)
        for (size_t s = 0; s < LENGTHS; s++) {
            const size_t rows = 3, n = lengths[s];
            struct run run = BEGIN(rows, rows * n);
            run.call.size[0] = (uint32_t)rows;
            run.call.size[1] = (uint32_t)n;
            run.call.option[0] = (float)operation;
            for (size_t r = 0; r < rows; r++)
                run.right[r] = reduced(run.call.in[0] + r * n, n, operation);
            end(&run, kernel_reduce, 1e-5);
        }
}

TEST(test_reduce_tells_of_what_is_no_number)
{
    for (int operation = 0; operation < 4; operation++) {
        struct run run = BEGIN(1, 9);
        ((float *)(uintptr_t)run.call.in[0])[5] = NAN;
        run.call.size[0] = 1;
        run.call.size[1] = 9;
        run.call.option[0] = (float)operation;
        run.right[0] = NAN;
        end(&run, kernel_reduce, 0);
    }
}

TEST(test_softmax)
{
    for (size_t s = 0; s < LENGTHS; s++) {
        const size_t rows = 3, n = lengths[s];
        struct run run = BEGIN(rows * n, rows * n);
        run.call.size[0] = (uint32_t)rows;
        run.call.size[1] = (uint32_t)n;
        for (size_t r = 0; r < rows; r++) {
            float *x = (float *)(uintptr_t)run.call.in[0] + r * n;
            double sum = 0;
            for (size_t i = 0; i < n; i++) {
                x[i] = x[i] * 40 + 1000; /* e^x alone would be infinite */
                sum += exp((double)x[i] - 1000);
            }
            for (size_t i = 0; i < n; i++)
                run.right[r * n + i] = exp((double)x[i] - 1000) / sum;
        }
        end(&run, kernel_softmax, 1e-5);
    }
}

TEST(test_layer_norm)
{
    for (size_t s = 0; s < LENGTHS; s++) {
        const size_t rows = 3, n = lengths[s];
        struct run run = BEGIN(rows * n, rows * n, n, n);
        run.call.size[0] = (uint32_t)rows;
        run.call.size[1] = (uint32_t)n;
        run.call.option[0] = 1e-5f;
        for (size_t i = 0; i < rows * n; i++) {
            const float *x = run.call.in[0] + i / n * n;
            double mean = reduced(x, n, 1), squares = 0;
            for (size_t j = 0; j < n; j++)
                squares += ((double)x[j] - mean) * ((double)x[j] - mean);
            run.right[i] = ((double)x[i % n] - mean) / sqrt(squares / (double)n + 1e-5) *
                               (double)run.call.in[1][i % n] +
                           (double)run.call.in[2][i % n];
        }
        end(&run, kernel_layer_norm, 1e-5);
    }
}

/* --- attention -------------------------------------------------------------------------------- */

static void attend(struct run *run, size_t query, size_t seen, double scale)
{
    const size_t m = run->call.size[1], d = run->call.size[2], n = run->call.size[3],
                 e = run->call.size[4];
    const float *q = run->call.in[0] + query * d, *k = run->call.in[1] + query / m * n * d,
                *v = run->call.in[2] + query / m * n * e;
    double *weights = wi_alloc((n + 1) * sizeof *weights), sum = 0, most = -INFINITY;
    for (size_t key = 0; key < seen; key++) {
        for (size_t i = 0; i < d; i++)
            weights[key] += (double)q[i] * (double)k[key * d + i] * scale;
        most = fmax(most, weights[key]);
    }
    for (size_t key = 0; key < seen; key++)
        sum += weights[key] = exp(weights[key] - most);
    for (size_t key = 0; key < seen; key++)
        for (size_t i = 0; i < e; i++)
            run->right[query * e + i] += weights[key] / sum * (double)v[key * e + i];
    free(weights);
}

TEST(test_attention)
{
    static const uint32_t shapes[][5] = {{1, 1, 1, 1, 1}, {2, 17, 5, 17, 3}, {1, 13, 300, 257, 20},
        {3, 7, 8, 5, 9}, {1, 3, 4, 0, 2}, {1, 0, 4, 3, 2}, {1, 3, 0, 3, 2}, {1, 3, 4, 3, 0}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int causal = 0; causal < 2; causal++)
            for (int given = 0; given < 2; given++) {
                const size_t batch = shapes[s][0], m = shapes[s][1], d = shapes[s][2],
                             n = shapes[s][3], e = shapes[s][4];
                struct run run = BEGIN(batch * m * e, batch * m * d, batch * n * d, batch * n * e);
                memcpy(run.call.size, shapes[s], sizeof shapes[s]);
                run.call.option[0] = (float)causal;
                run.call.option[1] = given ? 0.75f : 0;
                for (size_t query = 0; query < batch * m; query++) {
                    long seen = causal ? (long)(query % m) + 1 + (long)n - (long)m : (long)n;
                    attend(&run, query, seen < 0 ? 0 : (size_t)seen,
                        given ? 0.75 : 1 / sqrt(d ? (double)d : 1));
                }
                end(&run, kernel_attention, 1e-5);
            }
}

/* Of keys that a query does not see, nothing counts, not even what is no number. */
TEST(test_attention_looks_at_no_key_that_is_hidden)
{
    const size_t m = 9, d = 4, n = 70, e = 5;
    struct run run = BEGIN(m * e, m * d, n * d, n * e);
    memcpy(run.call.size, ((const uint32_t[]){1, 9, 4, 70, 5}), 5 * sizeof(uint32_t));
    run.call.option[0] = 1;
    for (size_t i = 0; i < d; i++)
        ((float *)(uintptr_t)run.call.in[1])[(n - 1) * d + i] = INFINITY;
    for (size_t i = 0; i < e; i++)
        ((float *)(uintptr_t)run.call.in[2])[(n - 1) * e + i] = NAN;
    for (size_t query = 0; query < m; query++)
        attend(&run, query, query + 1 + n - m, 0.5);
    end(&run, kernel_attention, 1e-5);
}

/* --- self-organising maps --------------------------------------------------------------------- */

static const uint32_t maps[][3] = {
    {1, 1, 1}, {17, 3, 5}, {257, 7, 4}, {0, 3, 5}, {5, 0, 3}, {5, 3, 0}};
#define MAPS (sizeof maps / sizeof *maps)

TEST(test_som_distance)
{
    for (size_t s = 0; s < MAPS; s++) {
        const size_t n = maps[s][0], d = maps[s][1], u = maps[s][2];
        struct run run = BEGIN(n * u, n * d, u * d);
        memcpy(run.call.size, maps[s], sizeof maps[s]);
        for (size_t i = 0; i < n * u; i++)
            for (size_t j = 0; j < d; j++)
                run.right[i] += pow(
                    (double)run.call.in[0][i / u * d + j] - (double)run.call.in[1][i % u * d + j],
                    2);
        end(&run, kernel_som_distance, 1e-5);
    }
}

TEST(test_som_update)
{
    for (size_t s = 0; s < MAPS; s++) {
        const size_t u = maps[s][0], d = maps[s][1], n = maps[s][2];
        struct run run = BEGIN(u * d, u * d, n * d, n * u);
        memcpy(run.call.size, maps[s], sizeof maps[s]);
        run.call.option[0] = 0.25f;
        for (size_t i = 0; i < u * d; i++) {
            double old = (double)run.call.in[0][i];
            run.right[i] = old;
            for (size_t p = 0; p < n; p++)
                run.right[i] += 0.25 * (double)run.call.in[2][p * u + i / d] *
                                ((double)run.call.in[1][p * d + i % d] - old);
        }
        end(&run, kernel_som_update, 1e-5);
    }
}
