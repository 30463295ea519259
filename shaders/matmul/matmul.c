/*
 * c[*, m, n] = a[*, m, k] · b[*, k, n]. Eight columns of b, of at most so many rows, are laid out
 * one after the other; four rows of a at a time pass over them, with 4 × 8 sums in registers.
 */
#include "kernel.h"

#define COLUMNS 8
#define ROWS 4
#define DEPTH 256

struct panel {
    float4 at[DEPTH][2];
};

/* Columns beyond the matrix are 0. */
static void pack(struct panel *panel, const float *b, uint32_t depth, uint32_t n, uint32_t columns)
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
static void put(float *c, const float4 sums[2], uint32_t columns, int is_first)
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

static void four_rows(const struct panel *panel, const float *a, float *c, uint32_t k,
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

static void one_row(const struct panel *panel, const float *a, float *c, uint32_t depth,
    uint32_t columns, int is_first)
{
    float4 sums[2] = {0};
    for (uint32_t p = 0; p < depth; p++) {
        sums[0] += a[p] * panel->at[p][0];
        sums[1] += a[p] * panel->at[p][1];
    }
    put(c, sums, columns, is_first);
}

static void multiply(const float *a, const float *b, float *c, uint32_t m, uint32_t k, uint32_t n)
{
    struct panel panel;
    for (uint32_t j = 0; j < n; j += COLUMNS) {
        uint32_t columns = n - j < COLUMNS ? n - j : COLUMNS, p = 0;
        do { /* once where k is 0, for c is 0 then */
            uint32_t depth = k - p < DEPTH ? k - p : DEPTH, i = 0;
            pack(&panel, b + (uint64_t)p * n + j, depth, n, columns);
            for (; i + ROWS <= m; i += ROWS)
                four_rows(&panel, a + (uint64_t)i * k + p, c + (uint64_t)i * n + j, k, depth, n,
                    columns, p == 0);
            for (; i < m; i++)
                one_row(&panel, a + (uint64_t)i * k + p, c + (uint64_t)i * n + j, depth, columns,
                    p == 0);
            p += depth;
        } while (p < k);
    }
}

KERNEL(matmul)
{
    const uint32_t m = call->size[1], k = call->size[2], n = call->size[3];
    for (uint32_t batch = 0; batch < call->size[0]; batch++)
        multiply(call->in[0] + (uint64_t)batch * m * k, call->in[1] + (uint64_t)batch * k * n,
            call->out + (uint64_t)batch * m * n, m, k, n);
}
