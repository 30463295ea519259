/* Tensors of random numbers; see draw.h. */
#include "tensor/draw.h"

#include <string.h>

#define WHOLE_BELOW 16

/* PCG-XSH-RR (M. E. O'Neill, HMC-CS-2014-0905). */
static uint32_t draw_bits(struct wi_draw *draw)
{
    uint64_t old = draw->state;
    draw->state = old * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint32_t mixed = (uint32_t)(((old >> 18) ^ old) >> 27), turn = (uint32_t)(old >> 59);
    return mixed >> turn | mixed << (-turn & 31);
}

struct wi_draw wi_draw_new(uint64_t seed)
{
    struct wi_draw draw = {seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
    draw_bits(&draw);
    return draw;
}

/* With its sign, and an exponent that makes it 1/16 to 1, in the bits of a 16-bit float. */
static uint16_t draw_half(struct wi_draw *draw)
{
    uint32_t bits = draw_bits(draw);
    return (uint16_t)(0x2c00 + (bits & 0x0fff) + (bits >> 31 << 15));
}

static void put_element(unsigned char *at, enum wi_datatype type, size_t size, struct wi_draw *draw)
{
    double number = (double)draw_bits(draw) / 2147483648.0 - 1;
    float single = (float)number;
    uint16_t half = draw_half(draw);
    uint64_t whole = draw_bits(draw) % (type == WI_BOOL ? 2 : WHOLE_BELOW);
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

int wi_tensor_draw(struct wi_tensor *tensor, size_t most, struct wi_draw *draw)
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
