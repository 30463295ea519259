/*
 * c[n, n] = a · b of two matrices that are made of a seed: whole numbers from -64 to 64, so that c
 * is exact in whatever order it is summed up. A strip of a and a panel of b at a time are made
 * here, and multiplied as matmul does it.
 */
#include "panel.h"

#define STRIP 64
#define PART (DEPTH / 2) /* of a row, so that a strip fits the stack */

/* One to one, and each bit depends on all. */
static inline uint32_t hash(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352d;
    x ^= x >> 15;
    x *= 0x846ca68b;
    return x ^ x >> 16;
}

/* Element `at` of a matrix, row by row. */
static inline float element(uint32_t at, uint32_t seed)
{
    return (float)(int32_t)(hash(hash(at) ^ seed) % 129) - 64;
}

static void make_strip(
    float *strip, uint32_t row, uint32_t rows, uint32_t p, uint32_t depth, const uint32_t *size)
{
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t i = 0; i < depth; i++)
            strip[r * depth + i] = element((row + r) * size[0] + p + i, size[1]);
}

/* Columns beyond the matrix are 0. */
static void make_panel(struct panel *panel, uint32_t p, uint32_t depth, uint32_t column,
    uint32_t columns, const uint32_t *size)
{
    for (uint32_t i = 0; i < depth; i++)
        for (uint32_t j = 0; j < COLUMNS; j++)
            panel->at[i][j / 4][j % 4] =
                j < columns ? element((p + i) * size[0] + column + j, size[2]) : 0;
}

static void multiply_strip(const struct panel *panel, const float *strip, float *c, uint32_t rows,
    uint32_t depth, uint32_t n, uint32_t columns, int is_first)
{
    uint32_t r = 0;
    for (; r + ROWS <= rows; r += ROWS)
        four_rows(
            panel, strip + r * depth, c + (uint64_t)r * n, depth, depth, n, columns, is_first);
    for (; r < rows; r++)
        one_row(panel, strip + r * depth, c + (uint64_t)r * n, depth, columns, is_first);
}

/* The rows of c from `row` on, by a part of the sums. */
static void add_part(
    float *c, uint32_t row, uint32_t rows, uint32_t p, uint32_t depth, const uint32_t *size)
{
    const uint32_t n = size[0];
    float strip[STRIP * PART];
    struct panel panel;
    make_strip(strip, row, rows, p, depth, size);
    for (uint32_t column = 0; column < n; column += COLUMNS) {
        uint32_t columns = n - column < COLUMNS ? n - column : COLUMNS;
        make_panel(&panel, p, depth, column, columns, size);
        multiply_strip(
            &panel, strip, c + (uint64_t)row * n + column, rows, depth, n, columns, p == 0);
    }
}

/* Its sizes are n and the low and high half of the seed. */
KERNEL(challenge)
{
    const uint32_t n = call->size[0];
    for (uint32_t row = 0; row < n; row += STRIP)
        for (uint32_t p = 0; p < n; p += PART)
            add_part(call->out, row, n - row < STRIP ? n - row : STRIP, p,
                n - p < PART ? n - p : PART, call->size);
}
