/* y = x / (1 + e^-x). */
#include "functions.h"
#include "kernel.h"

KERNEL(silu)
{
    const float *restrict x = call->in[0];
    float *restrict y = call->out;
    for (uint32_t i = 0; i < call->size[0]; i++)
        y[i] = x[i] / (1.0f + exp_of(-x[i]));
}
