/* Challenges and their check; see freivalds.h. */
#include "owners/proof/freivalds.h"

#include "base/memory.h"
#include "terms/kernel/kernel_model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define PRIME ((UINT64_C(1) << 61) - 1)

const unsigned wi_challenge_sizes[WI_CHALLENGES] = {256, 512, WI_CHALLENGE_MAX};

int wi_challenge_element(uint32_t at, uint32_t half)
{
    return (int)(wi_kernel_hash(wi_kernel_hash(at) ^ half) % 129) - 64;
}

/* Of a number below 2^124. */
static uint64_t number_reduce(unsigned __int128 number)
{
    uint64_t sum = (uint64_t)(number & PRIME) + (uint64_t)(number >> 61);
    sum = (sum & PRIME) + (sum >> 61);
    return sum >= PRIME ? sum - PRIME : sum;
}

static uint64_t residue_of(int64_t number)
{
    return number < 0 ? PRIME - (uint64_t)-number : (uint64_t)number;
}

static uint64_t add_product(uint64_t sum, int64_t factor, uint64_t residue)
{
    return number_reduce((unsigned __int128)residue_of(factor) * residue + sum);
}

/* N of them, each as likely as any other but for less than 2^-60. 0, or -1. */
static int vector_draw(uint64_t *x, uint32_t n)
{
    if (uv_random(NULL, NULL, x, n * sizeof *x, 0, NULL) != 0)
        return -1;
    for (uint32_t i = 0; i < n; i++)
        x[i] = number_reduce(x[i]);
    return 0;
}

static double number_at(const unsigned char *c, size_t at)
{
    float number;
    memcpy(&number, c + at * sizeof number, sizeof number); /* it need not be aligned */
    return (double)number;
}

/* The matrix c times x; with NULL, that of this half of the seed. */
static void matrix_apply(
    uint64_t *out, uint32_t n, const unsigned char *c, uint32_t half, const uint64_t *x)
{
    for (uint32_t row = 0; row < n; row++) {
        out[row] = 0;
        for (uint32_t i = 0, at = row * n; i < n; i++, at++)
            out[row] = add_product(
                out[row], c ? (int64_t)number_at(c, at) : wi_challenge_element(at, half), x[i]);
    }
}

/* Whether c has nothing but whole numbers that a product may have. */
static int is_whole(uint32_t n, const unsigned char *c, char *detail, size_t size)
{
    const double most = 64.0 * 64.0 * n;
    for (size_t i = 0; i < (size_t)n * n; i++) {
        double value = number_at(c, i);
        if (fabs(value) <= most && value == floor(value))
            continue;
        snprintf(detail, size,
            "element [%zu, %zu] of the product is %.9g, which is impossible for integers from -64 "
            "to 64",
            i / n, i % n, value);
        return 0;
    }
    return 1;
}

int wi_challenge_is_right(
    const struct wi_challenge *challenge, const unsigned char *c, char *detail, size_t size)
{
    const uint32_t n = challenge->n, low = (uint32_t)challenge->seed,
                   high = (uint32_t)(challenge->seed >> 32);
    if (!is_whole(n, c, detail, size))
        return 0;
    uint64_t *x = wi_realloc_array(NULL, 4 * (size_t)n, sizeof *x);
    uint64_t *bx = x + n, *abx = bx + n, *cx = abx + n;
    uint32_t row = 0;
    if (vector_draw(x, n) == 0) {
        matrix_apply(bx, n, NULL, high, x);
        matrix_apply(abx, n, NULL, low, bx);
        matrix_apply(cx, n, c, 0, x);
        while (row < n && abx[row] == cx[row])
            row++;
    }
    free(x);
    if (row == n)
        return 1;
    snprintf(
        detail, size, "row %u of the product of %u x %u is not that of the matrices", row, n, n);
    return 0;
}
