/*
 * y[*, c, height, width] = (x[*, h, w, c] in another size · factor - mean[c]) / deviation[c]. The
 * middle of a pixel of y lies between the middles of up to four of x, which count the more the
 * nearer they are. Where it lies is counted in whole numbers, so that it is exact. A picture
 * without pixels is taken for zeros.
 */
#include "kernel.h"

/* Between which two of so many pixels it lies, and how far from the first to the second. */
struct between {
    uint32_t low, high;
    float share;
};

static struct between between(uint32_t at, uint32_t from, uint32_t to)
{
    struct between found = {0, 0, 0};
    int64_t halves = (int64_t)(2 * at + 1) * from - to, last = from > 0 ? from - 1 : 0;
    if (halves < 0)
        return found;
    found.low = (uint32_t)(halves / (2 * to));
    found.share = (float)(halves % (2 * to)) / (float)(2 * to);
    found.high = found.low < last ? found.low + 1 : (uint32_t)last;
    return found;
}

static void resize(const float *x, float *y, const struct kernel_call *call)
{
    const uint32_t h = call->size[1], w = call->size[2], c = call->size[3], height = call->size[4],
                   width = call->size[5];
    for (uint32_t i = 0; i < height; i++) {
        struct between down = between(i, h, height);
        for (uint32_t j = 0; j < width; j++) {
            struct between across = between(j, w, width);
            const float *low = x + (uint64_t)down.low * w * c,
                        *high = x + (uint64_t)down.high * w * c;
            uint32_t left = across.low * c, right = across.high * c;
            for (uint32_t k = 0; k < c; k++) {
                float pixel = 0;
                if (h > 0 && w > 0) {
                    float upper = low[left + k] + (low[right + k] - low[left + k]) * across.share;
                    float lower =
                        high[left + k] + (high[right + k] - high[left + k]) * across.share;
                    pixel = upper + (lower - upper) * down.share;
                }
                y[((uint64_t)k * height + i) * width + j] =
                    (pixel * call->option[0] - call->in[1][k]) / call->in[2][k];
            }
        }
    }
}

KERNEL(resize_normalise)
{
    const uint64_t taken = (uint64_t)call->size[1] * call->size[2] * call->size[3],
                   made = (uint64_t)call->size[3] * call->size[4] * call->size[5];
    for (uint32_t one = 0; one < call->size[0]; one++)
        resize(call->in[0] + one * taken, call->out + one * made, call);
}
