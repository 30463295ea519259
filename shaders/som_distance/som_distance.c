/* distances[n, u] = |data[n, d] - weights[u, d]|², of each point of data from each unit of a
 * self-organising map. */
#include "kernel.h"

static float distance(const float *a, const float *b, uint32_t d)
{
    float4 four = {0};
    uint32_t i = 0;
    for (; i + 4 <= d; i += 4) {
        float4 apart = *(const unaligned4 *)(a + i) - *(const unaligned4 *)(b + i);
        four += apart * apart;
    }
    float sum = (four[0] + four[1]) + (four[2] + four[3]);
    for (; i < d; i++)
        sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

KERNEL(som_distance)
{
    const uint32_t n = call->size[0], d = call->size[1], u = call->size[2];
    for (uint32_t point = 0; point < n; point++)
        for (uint32_t unit = 0; unit < u; unit++)
            call->out[(uint64_t)point * u + unit] =
                distance(call->in[0] + (uint64_t)point * d, call->in[1] + (uint64_t)unit * d, d);
}
