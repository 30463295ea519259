/* A tensor of one dimension that is full of one number. */
#ifndef WI_TESTS_UNIT_CHECK_FULL_H
#define WI_TESTS_UNIT_CHECK_FULL_H

#include "base/memory.h"
#include "terms/tensor/tensor.h"

static inline void add(struct wi_tensors *list, const char *name, float value, size_t count)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = WI_FP32;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)count;
    tensor->size = count * sizeof value;
    tensor->blob = wi_blob_new(NULL, tensor->size);
    for (size_t i = 0; i < count; i++)
        wi_blob_append(tensor->blob, &value, sizeof value);
}

#endif
