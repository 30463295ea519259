/* c = a · b, element by element. */
#include "kernel.h"

KERNEL(multiply)
{
    const float *restrict a = call->in[0], *restrict b = call->in[1];
    float *restrict c = call->out;
    for (uint32_t i = 0; i < call->size[0]; i++)
        c[i] = a[i] * b[i];
}
