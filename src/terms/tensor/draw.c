/* Tensors of random numbers; see draw.h. */
#include "terms/tensor/draw.h"

#include <string.h>

#define WHOLE_BELOW 16

/* Seeds that are near each other are far apart then. */
#define SPREAD UINT64_C(0x9e3779b97f4a7c15)
#define SEQUENCE UINT64_C(1442695040888963407)

struct wi_pcg32 wi_draw_new(uint64_t seed)
{
    struct wi_pcg32 draw = {.state = seed * SPREAD + 1, .increment = SEQUENCE};
    wi_pcg32_next(&draw);
    return draw;
}

/* With its sign, and an exponent that makes it 1/16 to 1, in the bits of a 16-bit float. */
static uint16_t draw_half(struct wi_pcg32 *draw)
{
    uint32_t bits = wi_pcg32_next(draw);
    return (uint16_t)(0x2c00 + (bits & 0x0fff) + (bits >> 31 << 15));
}

static void put_element(
    unsigned char *at, enum wi_datatype type, size_t size, struct wi_pcg32 *draw)
{
    double number = (double)wi_pcg32_next(draw) / 2147483648.0 - 1;
    float single = (float)number;
    uint16_t half = draw_half(draw);
    uint64_t whole = wi_pcg32_next(draw) % (type == WI_BOOL ? 2 : WHOLE_BELOW);
    if (type == WI_FP32)
        memcpy(at, &single, size);
    else if (type == WI_FP64)
        memcpy(at, &number, size);
    else if (type == WI_FP16)
        memcpy(at, &half, size);
    else if (type == WI_BF16)
        memcpy(at, (const unsigned char *)&single + 2, size);
    else
        memcpy(at, &whole, size); /* little-endian */
}

int wi_tensor_draw(struct wi_tensor *tensor, size_t most, struct wi_pcg32 *draw)
{
    size_t size = wi_datatype_size(tensor->datatype);
    int64_t count = wi_shape_elements(tensor->dims, tensor->rank);
    if (size == 0 || count < 0 || (uint64_t)count > most / size)
        return -1;
    tensor->blob = wi_blob_new(NULL, (size_t)count * size + 1);
    if (!tensor->blob)
        return -1;
    tensor->size = (size_t)count * size;
    unsigned char element[8];
    for (int64_t i = 0; i < count; i++) {
        put_element(element, tensor->datatype, size, draw);
        wi_blob_append(tensor->blob, element, size);
    }
    return 0;
}
