/*
 * y[*] = the sum, mean, largest or smallest of x[*, n]. Of no elements the sum is 0, the mean NaN,
 * the largest -infinity and the smallest infinity. NaN among them makes it NaN.
 */
#include "kernel.h"

enum { SUM, MEAN, MAX, MIN }; /* the table's order */

static float sum_of(const float *x, uint32_t n)
{
    float4 four = {0};
    uint32_t i = 0;
    for (; i + 4 <= n; i += 4)
        four += *(const unaligned4 *)(x + i);
    float sum = (four[0] + four[1]) + (four[2] + four[3]);
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

static float most_of(const float *x, uint32_t n, float sign)
{
    float most = -__builtin_inff();
    for (uint32_t i = 0; i < n; i++) {
        float one = sign * x[i];
        most = one > most || one != one ? one : most;
        if (most != most)
            break;
    }
    return sign * most;
}

KERNEL(reduce)
{
    const uint32_t n = call->size[1];
    const int operation = (int)call->option[0];
    for (uint32_t row = 0; row < call->size[0]; row++) {
        const float *x = call->in[0] + (uint64_t)row * n;
        float *y = call->out + row;
        if (operation == MAX || operation == MIN)
            *y = most_of(x, n, operation == MAX ? 1.0f : -1.0f);
        else
            *y = sum_of(x, n) / (operation == MEAN ? (float)n : 1.0f);
    }
}
