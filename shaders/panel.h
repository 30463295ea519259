/*
 * The inner loops of a product of matrices: eight columns of the right one, of at most so many
 * rows, laid out one after the other as a panel; four rows of the left one at a time pass over it,
 * with 4 × 8 sums in registers.
 */
#ifndef KERNEL_PANEL_H
#define KERNEL_PANEL_H

#include "kernel.h"

#define COLUMNS 8
#define ROWS 4
#define DEPTH 256

struct panel {
    float4 at[DEPTH][2];
};

static inline uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The columns of b from there on, whose rows have n elements. Columns beyond the matrix are 0. */
static inline void pack(
    struct panel *panel, const float *b, uint32_t depth, uint32_t n, uint32_t columns)
{
    for (uint32_t p = 0; p < depth; p++, b += n) {
        float row[COLUMNS] = {0};
        if (columns == COLUMNS) {
            panel->at[p][0] = *(const unaligned4 *)b;
            panel->at[p][1] = *(const unaligned4 *)(b + 4);
            continue;
        }
        for (uint32_t j = 0; j < columns; j++)
            row[j] = b[j];
        panel->at[p][0] = *(const unaligned4 *)row;
        panel->at[p][1] = *(const unaligned4 *)(row + 4);
    }
}

/* Adds the sums of one row to c, or begins it with them. */
static inline void put(float *c, const float4 sums[2], uint32_t columns, int is_first)
{
    if (columns == COLUMNS) {
        unaligned4 *to = (unaligned4 *)c;
        to[0] = is_first ? sums[0] : to[0] + sums[0];
        *(unaligned4 *)(c + 4) = is_first ? sums[1] : *(unaligned4 *)(c + 4) + sums[1];
        return;
    }
    for (uint32_t j = 0; j < columns; j++)
        c[j] = (is_first ? 0 : c[j]) + sums[j / 4][j % 4];
}

/* A matrix from one of its elements on: its rows lie `row` apart, the elements of one `step`. */
struct strided {
    const float *at;
    uint32_t row, step;
};

/* Four rows of a by eight columns of b, which has `depth` rows; of c, whose rows have n elements,
 * so many columns are made. */
static inline void four_by_eight(struct strided a, struct strided b, uint32_t depth, float *c,
    uint32_t n, uint32_t columns, int is_first)
{
    float4 sums[ROWS][2] = {0};
    for (uint32_t p = 0; p < depth; p++, a.at += a.step, b.at += b.row) {
        float4 left = *(const unaligned4 *)b.at, right = *(const unaligned4 *)(b.at + 4);
        for (int r = 0; r < ROWS; r++) {
            float one = a.at[r * a.row];
            sums[r][0] += one * left;
            sums[r][1] += one * right;
        }
    }
    for (int r = 0; r < ROWS; r++)
        put(c + r * n, sums[r], columns, is_first);
}

static inline void one_by_eight(
    struct strided a, struct strided b, uint32_t depth, float *c, uint32_t columns, int is_first)
{
    float4 sums[2] = {0};
    for (uint32_t p = 0; p < depth; p++, a.at += a.step, b.at += b.row) {
        sums[0] += a.at[0] * *(const unaligned4 *)b.at;
        sums[1] += a.at[0] * *(const unaligned4 *)(b.at + 4);
    }
    put(c, sums, columns, is_first);
}

static inline struct strided strided_of(const struct panel *panel)
{
    return (struct strided){(const float *)panel->at, COLUMNS, 1};
}

static inline void four_rows(const struct panel *panel, const float *a, float *c, uint32_t k,
    uint32_t depth, uint32_t n, uint32_t columns, int is_first)
{
    four_by_eight((struct strided){a, k, 1}, strided_of(panel), depth, c, n, columns, is_first);
}

static inline void one_row(const struct panel *panel, const float *a, float *c, uint32_t depth,
    uint32_t columns, int is_first)
{
    one_by_eight((struct strided){a, 0, 1}, strided_of(panel), depth, c, columns, is_first);
}

#endif
