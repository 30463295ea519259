/* Sets of inputs; see input_set.h. */
#include "terms/tensor/input_set.h"

#include "base/hash.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

int wi_tensor_is_small(const struct wi_tensor *tensor)
{
    return tensor->datatype < WI_FP16 && /* booleans and whole numbers come first */
           wi_shape_elements(tensor->dims, tensor->rank) <= WI_INPUT_SET_SMALL;
}

/* In whichever order a client names them. */
static void add_up(unsigned char sum[WI_HASH_SIZE], const unsigned char one[WI_HASH_SIZE])
{
    unsigned carry = 0;
    for (size_t i = 0; i < WI_HASH_SIZE; i++) {
        carry += (unsigned)sum[i] + one[i];
        sum[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

static void hash_tensor(
    struct wi_hasher *hasher, const struct wi_tensor *tensor, unsigned char hash[WI_HASH_SIZE])
{
    char hex[WI_HASH_HEX_SIZE];
    const uint32_t kind[2] = {(uint32_t)tensor->datatype, tensor->rank};
    wi_hasher_add(hasher, tensor->name, strlen(tensor->name) + 1);
    wi_hasher_add(hasher, kind, sizeof kind);
    wi_hasher_add(hasher, tensor->dims, tensor->rank * sizeof *tensor->dims);
    if (wi_tensor_is_small(tensor))
        wi_hasher_add(hasher, wi_tensor_bytes(tensor), tensor->size);
    wi_hasher_end(hasher, hex);
    wi_hash_from_hex(hex, hash);
}

void wi_input_set(const struct wi_tensors *tensors, const char *about, char set[WI_INPUT_SET_SIZE])
{
    struct wi_hasher *hasher = wi_hasher_new(WI_SHA256);
    unsigned char sum[WI_HASH_SIZE], one[WI_HASH_SIZE];
    char hex[WI_HASH_HEX_SIZE];
    wi_hash(about, strlen(about), sum);
    for (size_t i = 0; i < tensors->count; i++) {
        hash_tensor(hasher, &tensors->items[i], one);
        add_up(sum, one);
    }
    wi_hasher_free(hasher);
    wi_hash_hex(sum, hex);
    snprintf(set, WI_INPUT_SET_SIZE, "%.16s", hex);
}

void wi_input_shapes(const struct wi_tensors *tensors, char shapes[WI_INPUT_SHAPES_SIZE])
{
    static const char more[] = "…";
    size_t used = 0;
    shapes[0] = '\0';
    for (size_t i = 0; i < tensors->count; i++) {
        const struct wi_tensor *tensor = &tensors->items[i];
        char name[32], shape[80], one[WI_INPUT_SHAPES_SIZE];
        wi_text_copy(name, sizeof name, tensor->name);
        wi_shape_format(tensor->dims, tensor->rank, shape, sizeof shape);
        int length = snprintf(one, sizeof one, "%s%s %s %s", i ? ", " : "", name,
            wi_datatype_name(tensor->datatype), shape);
        if (length < 0 || used + (size_t)length + sizeof more > WI_INPUT_SHAPES_SIZE) {
            memcpy(shapes + used, more, sizeof more);
            return;
        }
        memcpy(shapes + used, one, (size_t)length + 1);
        used += (size_t)length;
    }
}
