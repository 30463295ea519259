/* y = e^x / Σ e^x over the last dimension; the largest x is taken off before. */
#include "functions.h"
#include "kernel.h"

KERNEL(softmax)
{
    const uint32_t n = call->size[1];
    for (uint32_t row = 0; row < call->size[0]; row++) {
        const float *restrict x = call->in[0] + (uint64_t)row * n;
        float *restrict y = call->out + (uint64_t)row * n;
        float most = -__builtin_inff(), sum = 0;
        for (uint32_t i = 0; i < n; i++)
            most = larger(x[i], most);
        for (uint32_t i = 0; i < n; i++)
            y[i] = exp_of(x[i] - most);
        for (uint32_t i = 0; i < n; i++)
            sum += y[i];
        for (uint32_t i = 0; i < n; i++)
            y[i] /= sum;
    }
}
