/* y = (x - mean) / √(variance + ε) · scale + bias over the last dimension, whose variance is that
 * of all its elements, as ONNX's LayerNormalization. */
#include "functions.h"
#include "kernel.h"

KERNEL(layer_norm)
{
    const uint32_t n = call->size[1];
    const float *restrict scale = call->in[1], *restrict bias = call->in[2];
    for (uint32_t row = 0; row < call->size[0]; row++) {
        const float *restrict x = call->in[0] + (uint64_t)row * n;
        float *restrict y = call->out + (uint64_t)row * n;
        float sum = 0, squares = 0;
        for (uint32_t i = 0; i < n; i++)
            sum += x[i];
        const float mean = sum / (float)n;
        for (uint32_t i = 0; i < n; i++)
            squares += (x[i] - mean) * (x[i] - mean);
        const float factor = 1.0f / root_of(squares / (float)n + call->option[0]);
        for (uint32_t i = 0; i < n; i++)
            y[i] = (x[i] - mean) * factor * scale[i] + bias[i];
    }
}
