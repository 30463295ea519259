/* y = x where x is positive, else 0. */
#include "kernel.h"

KERNEL(relu)
{
    const float *restrict x = call->in[0];
    float *restrict y = call->out;
    for (uint32_t i = 0; i < call->size[0]; i++)
        y[i] = x[i] < 0 ? 0 : x[i]; /* NaN stays NaN */
}
