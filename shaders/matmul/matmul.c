/*
 * c[*, m, n] = a[*, m, k] · b[*, k, n]. Panels of b, one after the other, over which the rows of a
 * pass; see panel.h.
 */
#include "panel.h"

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
