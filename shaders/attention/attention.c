/*
 * y[*, m, e] = softmax(q[*, m, d] · k[*, n, d]ᵀ · scale) · v[*, n, e] in one pass over the keys: a
 * row of y holds the sum of the values weighted so far, which is scaled down whenever a larger
 * score comes, so that no row of scores is kept. `causal`: query i of m sees the keys up to i + n -
 * m. A query that sees no key has zeros.
 */
#include "functions.h"
#include "kernel.h"

enum { CAUSAL, SCALE }; /* the table's order */

static float product(const float *a, const float *b, uint32_t n)
{
    float4 four = {0};
    uint32_t i = 0;
    for (; i + 4 <= n; i += 4)
        four += *(const unaligned4 *)(a + i) * *(const unaligned4 *)(b + i);
    float sum = (four[0] + four[1]) + (four[2] + four[3]);
    for (; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* One query, which sees so many keys. */
static void attend(const float *q, const float *k, const float *v, float *restrict y, uint32_t d,
    uint32_t e, uint32_t seen, float scale)
{
    float most = -__builtin_inff(), weights = 0;
    for (uint32_t i = 0; i < e; i++)
        y[i] = 0;
    for (uint32_t key = 0; key < seen; key++) {
        float score = product(q, k + (uint64_t)key * d, d) * scale;
        const float *restrict value = v + (uint64_t)key * e;
        if (score > most) {
            float less = exp_of(most - score);
            most = score;
            weights *= less;
            for (uint32_t i = 0; i < e; i++)
                y[i] *= less;
        }
        float weight = exp_of(score - most);
        weights += weight;
        for (uint32_t i = 0; i < e; i++)
            y[i] += weight * value[i];
    }
    for (uint32_t i = 0; i < e && seen; i++)
        y[i] /= weights;
}

static uint32_t seen_by(uint32_t query, uint32_t m, uint32_t n)
{
    int64_t seen = (int64_t)query + 1 + n - m;
    return seen < 0 ? 0 : (uint32_t)seen;
}

KERNEL(attention)
{
    const uint32_t m = call->size[1], d = call->size[2], n = call->size[3], e = call->size[4];
    const float scale = call->option[SCALE] > 0 ? call->option[SCALE]
                        : d                     ? 1.0f / root_of((float)d)
                                                : 0;
    for (uint32_t batch = 0; batch < call->size[0]; batch++)
        for (uint32_t query = 0; query < m; query++) {
            const uint64_t row = (uint64_t)batch * m + query;
            attend(call->in[0] + row * d, call->in[1] + (uint64_t)batch * n * d,
                call->in[2] + (uint64_t)batch * n * e, call->out + row * e, d, e,
                call->option[CAUSAL] != 0 ? seen_by(query, m, n) : n, scale);
        }
}
