/* Products of challenges: that of the page's own kernel is right, and what is wrong is found. */
#include "../../test.h"

#include "base/memory.h"
#include "kernel.h"
#include "owners/proof/freivalds.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 61
static const struct wi_challenge challenge = {.n = N, .seed = UINT64_C(0x0123456789abcdef)};
static char detail[200];

/* By the definition, in whole numbers. */
static void multiply(const struct wi_challenge *one, float *c)
{
    const uint32_t n = one->n;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t j = 0; j < n; j++) {
            int sum = 0;
            for (uint32_t p = 0; p < n; p++)
                sum += wi_challenge_element(i * n + p, (uint32_t)one->seed) *
                       wi_challenge_element(p * n + j, (uint32_t)(one->seed >> 32));
            c[i * n + j] = (float)sum;
        }
}

/* By the kernel that the page runs on WASM. */
static void compute(const struct wi_challenge *one, float *c)
{
    const struct kernel_call call = {
        .out = c, .size = {one->n, (uint32_t)one->seed, (uint32_t)(one->seed >> 32)}};
    kernel_challenge(&call);
}

static int is_right(const struct wi_challenge *one, const float *c)
{
    *detail = '\0';
    return wi_challenge_is_right(one, (const unsigned char *)c, detail, sizeof detail);
}

/* --- what is right ---------------------------------------------------------------------------- */

/* As the protocol's manual has it: nobody may change it unseen. */
TEST(test_elements)
{
    static const int first[] = {32, 49, -17, 45, -60, 28, 42, 30};
    int least = 0, most = 0;
    for (uint32_t i = 0; i < sizeof first / sizeof *first; i++)
        assert_int_equal(wi_challenge_element(i, 0x89abcdef), first[i]);
    for (uint32_t i = 0; i < 100000; i++) {
        int element = wi_challenge_element(i, 7);
        least = element < least ? element : least;
        most = element > most ? element : most;
    }
    assert_int_equal(least, -64);
    assert_int_equal(most, 64);
}

TEST(test_the_kernel_gives_the_product)
{
    static const uint32_t sizes[] = {1, 2, 7, 8, 63, 64, 65, 129, 257};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const struct wi_challenge one = {.n = sizes[s], .seed = 0xfedcba9876543210 + s};
        const size_t bytes = (size_t)one.n * one.n * sizeof(float);
        float *right = wi_alloc(bytes), *is = wi_alloc(bytes);
        multiply(&one, right);
        compute(&one, is);
        assert_memory_equal(is, right, bytes);
        assert_true(is_right(&one, is));
        free(right);
        free(is);
    }
}

/* Whoever is honest is never called wrong. */
TEST(test_two_hundred_honest_products)
{
    struct wi_challenge one = {.n = 96};
    float *c = wi_alloc((size_t)one.n * one.n * sizeof *c);
    for (int i = 0; i < 200; i++) {
        one.seed = one.seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        compute(&one, c);
        if (!is_right(&one, c))
            fail_msg("product %d: %s", i, detail);
    }
    free(c);
}

/* --- what is wrong ---------------------------------------------------------------------------- */

TEST(test_one_wrong_element_is_found)
{
    static float c[N * N];
    multiply(&challenge, c);
    assert_true(is_right(&challenge, c));
    for (size_t i = 0; i < N * N; i += 97) {
        c[i] += 1;
        assert_false(is_right(&challenge, c));
        assert_non_null(strstr(detail, "is not that of the matrices"));
        c[i] -= 1;
    }
    assert_true(is_right(&challenge, c));
}

/* Sums of rows and columns stay as they are. */
TEST(test_errors_that_cancel_are_found)
{
    static float c[N * N];
    multiply(&challenge, c);
    c[0] += 1;
    c[1] -= 1;
    c[N] -= 1;
    c[N + 1] += 1;
    assert_false(is_right(&challenge, c));
}

TEST(test_another_challenges_product_is_found)
{
    struct wi_challenge other = challenge;
    static float c[N * N];
    multiply(&challenge, c);
    other.seed ^= 1;
    assert_false(is_right(&other, c));
    other.seed = challenge.seed << 32 | challenge.seed >> 32; /* b · a */
    assert_false(is_right(&other, c));
    memset(c, 0, sizeof c);
    assert_false(is_right(&challenge, c));
}

TEST(test_what_is_no_whole_number_is_found)
{
    static const float odd[] = {0.5f, 1e30f, -1e30f, NAN, INFINITY, -INFINITY, 64 * 64 * N + 1};
    static float c[N * N];
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        multiply(&challenge, c);
        c[N + 2] = odd[i];
        assert_false(is_right(&challenge, c));
        assert_non_null(strstr(detail, "element [1, 2] of the product is "));
    }
}

/* Eleven bits of a number are left. */
static float halve(float value)
{
    int exponent;
    double part = frexp((double)value, &exponent);
    return (float)ldexp(nearbyint(ldexp(part, 11)), exponent - 11);
}

TEST(test_half_precision_is_found)
{
    const struct wi_challenge one = {.n = 256, .seed = 42};
    float *c = wi_alloc((size_t)one.n * one.n * sizeof *c);
    compute(&one, c);
    assert_true(is_right(&one, c));
    for (size_t i = 0; i < (size_t)one.n * one.n; i++)
        c[i] = halve(c[i]);
    assert_false(is_right(&one, c));
    free(c);
}
