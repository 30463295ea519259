/* Any bytes as a file of a tensor: what is accepted has as many elements as its shape says. */
#include "must.h"
#include "plant.h"
#include "terms/format/onnx.h"
#include <endian.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count_texts(const struct wi_tensor *tensor)
{
    const unsigned char *bytes = wi_tensor_bytes(tensor);
    size_t count = 0, at = 0;
    for (; at < tensor->size; count++) {
        uint32_t length;
        must(tensor->size - at >= sizeof length);
        memcpy(&length, bytes + at, sizeof length);
        at += sizeof length;
        must(tensor->size - at >= le32toh(length));
        at += le32toh(length);
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wi_tensors list = {0};
    struct wi_error error = {0};
    if (wi_onnx_read_tensor(&list, data, size, &error) == WI_OK) {
        const struct wi_tensor *tensor = &list.items[0];
        int64_t elements = wi_shape_elements(tensor->dims, tensor->rank);
        must(list.count == 1 && elements >= 0 && tensor->name);
        if (tensor->datatype == WI_BYTES)
            must(count_texts(tensor) == (uint64_t)elements);
        else
            must(tensor->size == (uint64_t)elements * wi_datatype_size(tensor->datatype));
        must(tensor->size <= 8 * size); /* the longest number of the shortest varint */
        WI_PLANT(*tensor->name && *tensor->name != 'x'); /* the seed's */
    } else {
        must(list.count == 0 && error.detail[0]);
    }
    wi_tensors_clear(&list);
    return 0;
}
