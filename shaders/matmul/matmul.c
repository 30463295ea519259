/*
 * c[*, m, n] = a[*, m, k] · b[*, k, n]. Panels of b, one after the other, over which the rows of a
 * pass; see panel.h.
 */
#include "panel.h"

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
