/* y[*, n, m] = x[*, m, n] with the last two dimensions exchanged, by squares that fit the cache. */
#include "kernel.h"

#define SIDE 16

static uint32_t end_of(uint32_t begin, uint32_t size)
{
    return size - begin < SIDE ? size : begin + SIDE;
}

static void transpose(const float *restrict x, float *restrict y, uint32_t m, uint32_t n)
{
    for (uint32_t i = 0; i < m; i += SIDE)
        for (uint32_t j = 0; j < n; j += SIDE)
            for (uint32_t row = i; row < end_of(i, m); row++)
                for (uint32_t column = j; column < end_of(j, n); column++)
                    y[(uint64_t)column * m + row] = x[(uint64_t)row * n + column];
}

KERNEL(transpose)
{
    const uint32_t m = call->size[1], n = call->size[2];
    for (uint32_t batch = 0; batch < call->size[0]; batch++)
        transpose(call->in[0] + (uint64_t)batch * m * n, call->out + (uint64_t)batch * m * n, m, n);
}
