/*
 * c[*, m, n] = a[*, m, k] · b[*, k, n]. Four panels of b next to each other are laid out at a time,
 * so that whole cache lines of it are read; four rows of a, which stay in the nearest cache, pass
 * over all of them. The rows go in blocks, of which what is multiplied stays in the next cache
 * while the panels change (Goto and van de Geijn, Anatomy of high-performance matrix
 * multiplication, 2008). See panel.h.
 */
#include "panel.h"

#define PANELS 4
#define ACROSS (PANELS * COLUMNS)
#define BLOCK 256 /* rows of a */

struct matrices {
    const float *a, *b;
    float *c;
    uint32_t m, k, n;
};

/* What is multiplied at a time: rows of a by columns of b, over a part of the sums. */
struct part {
    uint32_t row, rows, column, columns, from, depth;
};

static void pack_all(
    struct panel panels[PANELS], const struct matrices *all, const struct part *part)
{
    const float *b = all->b + (uint64_t)part->from * all->n + part->column;
    if (part->columns < ACROSS) {
        for (uint32_t j = 0; j < part->columns; j += COLUMNS)
            pack(&panels[j / COLUMNS], b + j, part->depth, all->n,
                least(part->columns - j, COLUMNS));
        return;
    }
    for (uint32_t p = 0; p < part->depth; p++, b += all->n)
        for (uint32_t i = 0; i < PANELS; i++) {
            panels[i].at[p][0] = *(const unaligned4 *)(b + i * COLUMNS);
            panels[i].at[p][1] = *(const unaligned4 *)(b + i * COLUMNS + 4);
        }
}

/* Four rows from there on, or one. */
static void pass(const struct panel panels[PANELS], const struct matrices *all,
    const struct part *part, uint32_t row, int is_four)
{
    const float *a = all->a + (uint64_t)row * all->k + part->from;
    float *c = all->c + (uint64_t)row * all->n + part->column;
    for (uint32_t j = 0; j < part->columns; j += COLUMNS, panels++) {
        uint32_t columns = least(part->columns - j, COLUMNS);
        if (is_four)
            four_rows(panels, a, c + j, all->k, part->depth, all->n, columns, part->from == 0);
        else
            one_row(panels, a, c + j, part->depth, columns, part->from == 0);
    }
}

/* Not inlined: Firefox takes a function's better code at its next call, not in the one that runs.
 */
__attribute__((noinline)) static void multiply_part(
    const struct matrices *all, const struct part *part)
{
    struct panel panels[PANELS];
    const uint32_t end = part->row + part->rows;
    uint32_t row = part->row;
    pack_all(panels, all, part);
    for (; row + ROWS <= end; row += ROWS)
        pass(panels, all, part, row, 1);
    for (; row < end; row++)
        pass(panels, all, part, row, 0);
}

static void multiply(const struct matrices *all)
{
    uint32_t from = 0;
    do { /* once where k is 0, for c is 0 then */
        uint32_t depth = least(all->k - from, DEPTH);
        for (uint32_t row = 0; row < all->m; row += BLOCK)
            for (uint32_t column = 0; column < all->n; column += ACROSS) {
                const struct part part = {row, least(all->m - row, BLOCK), column,
                    least(all->n - column, ACROSS), from, depth};
                multiply_part(all, &part);
            }
        from += depth;
    } while (from < all->k);
}

KERNEL(matmul)
{
    const uint32_t m = call->size[1], k = call->size[2], n = call->size[3];
    for (uint64_t batch = 0; batch < call->size[0]; batch++) {
        const struct matrices all = {call->in[0] + batch * m * k, call->in[1] + batch * k * n,
            call->out + batch * m * n, m, k, n};
        multiply(&all);
    }
}
