/* d = a · b + c, element by element. */
#include "kernel.h"

KERNEL(multiply_add)
{
    const float *restrict a = call->in[0], *restrict b = call->in[1], *restrict c = call->in[2];
    float *restrict d = call->out;
    for (uint32_t i = 0; i < call->size[0]; i++)
        d[i] = a[i] * b[i] + c[i];
}
