/*
 * updated[u, d] = weights[u, d] + rate · Σ influence[n, u] · (data[n, d] - weights[u, d]) over the
 * n points: one step of a batch of a self-organising map, each point as it finds the weights at
 * first.
 */
#include "kernel.h"

KERNEL(som_update)
{
    const uint32_t u = call->size[0], d = call->size[1], n = call->size[2];
    const float *restrict weights = call->in[0], *restrict data = call->in[1];
    const float *restrict influence = call->in[2];
    const float rate = call->option[0];
    for (uint32_t unit = 0; unit < u; unit++) {
        const float *old = weights + (uint64_t)unit * d;
        float *restrict updated = call->out + (uint64_t)unit * d;
        for (uint32_t i = 0; i < d; i++)
            updated[i] = old[i];
        for (uint32_t point = 0; point < n; point++) {
            const float share = rate * influence[(uint64_t)point * u + unit];
            const float *at = data + (uint64_t)point * d;
            for (uint32_t i = 0; i < d; i++)
                updated[i] += share * (at[i] - old[i]);
        }
    }
}
