/*
 * Lists of tensors and arithmetic on shapes. Conversions from and to JSON are in tensor_json.c.
 */
#include "terms/tensor/tensor.h"

#include "base/memory.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const unsigned char *wi_tensor_bytes(const struct wi_tensor *tensor)
{
    assert(tensor->blob && tensor->offset + tensor->size <= tensor->blob->size);
    return tensor->blob->bytes + tensor->offset;
}

/* The product of the factors other than 0 must not overflow either, so [0, 2^62, 2^62] is refused:
 * code that computes strides from it would overflow. */
int64_t wi_shape_elements(const int64_t *dims, unsigned rank)
{
    int64_t product = 1;
    int empty = 0;

    for (unsigned i = 0; i < rank; i++) {
        if (dims[i] < 0)
            return -1;
        if (dims[i] == 0)
            empty = 1;
        else if (__builtin_mul_overflow(product, dims[i], &product))
            return -1;
    }
    return empty ? 0 : product;
}

void wi_shape_format(const int64_t *dims, unsigned rank, char *out, size_t size)
{
    size_t used = 0;

    assert(size > 0);
    out[0] = '\0';
    for (unsigned i = 0; i < rank + 1 && used < size; i++) {
        int n;

        if (i == rank)
            n = snprintf(out + used, size - used, rank ? "]" : "[]");
        else
            n = snprintf(out + used, size - used, "%s%" PRId64, i ? ", " : "[", dims[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

struct wi_tensor *wi_tensors_add(struct wi_tensors *list)
{
    list->items = wi_grow_array(list->items, list->count, sizeof list->items[0]);
    list->items[list->count] = (struct wi_tensor){0};
    return &list->items[list->count++];
}

void wi_tensors_add_bytes(
    struct wi_tensors *list, const char *name, struct wi_blob *blob, size_t at, size_t size)
{
    *wi_tensors_add(list) = (struct wi_tensor){.name = wi_strdup(name),
        .datatype = WI_UINT8,
        .rank = 1,
        .dims = {(int64_t)size},
        .blob = blob,
        .offset = at,
        .size = size};
}

void wi_tensors_clear(struct wi_tensors *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].name);
        wi_blob_unref(list->items[i].blob);
    }
    free(list->items);
    *list = (struct wi_tensors){0};
}

void wi_tensors_move(struct wi_tensors *to, struct wi_tensors *from)
{
    if (to == from)
        return;
    wi_tensors_clear(to);
    *to = WI_TAKE(*from);
}

void wi_tensors_share(struct wi_tensors *to, const struct wi_tensors *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct wi_tensor *tensor = wi_tensors_add(to);

        *tensor = from->items[i];
        tensor->name = wi_strdup(tensor->name);
        if (tensor->blob)
            wi_blob_ref(tensor->blob);
    }
}

const struct wi_tensor *wi_tensors_find(const struct wi_tensors *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

size_t wi_tensors_bytes(const struct wi_tensors *list)
{
    size_t sum = 0;

    for (size_t i = 0; i < list->count; i++)
        sum += list->items[i].size;
    return sum;
}

int wi_datatype_needs_binary(enum wi_datatype type)
{
    return type == WI_FP16 || type == WI_BF16;
}
