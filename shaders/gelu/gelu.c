/* y = x · Φ(x) with the error function, as ONNX's Gelu without an approximation. */
#include "functions.h"
#include "kernel.h"

KERNEL(gelu)
{
    const float *restrict x = call->in[0];
    float *restrict y = call->out;
    for (uint32_t i = 0; i < call->size[0]; i++)
        y[i] = 0.5f * x[i] * (1.0f + erf_of(x[i] * 0.707106781f));
}
