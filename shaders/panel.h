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

static inline void four_rows(const struct panel *panel, const float *a, float *c, uint32_t k,
    uint32_t depth, uint32_t n, uint32_t columns, int is_first)
{
    float4 sums[ROWS][2] = {0};
    for (uint32_t p = 0; p < depth; p++) {
        float4 left = panel->at[p][0], right = panel->at[p][1];
        for (int r = 0; r < ROWS; r++) {
            float one = a[r * k + p];
            sums[r][0] += one * left;
            sums[r][1] += one * right;
        }
    }
    for (int r = 0; r < ROWS; r++)
        put(c + r * n, sums[r], columns, is_first);
}

static inline void one_row(const struct panel *panel, const float *a, float *c, uint32_t depth,
    uint32_t columns, int is_first)
{
    float4 sums[2] = {0};
    for (uint32_t p = 0; p < depth; p++) {
        sums[0] += a[p] * panel->at[p][0];
        sums[1] += a[p] * panel->at[p][1];
    }
    put(c, sums, columns, is_first);
}

#endif
