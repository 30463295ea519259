/* What the reading of a tensor's list and of its elements have in common: how they fail. */
#include "tensor/tensor_reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum wi_code wi_tensor_fail(struct wi_tensor_reader *reader, enum wi_code code, const char *leaf,
    int64_t index, const char *format, ...)
{
    char field[160], detail[384];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    if (index >= 0)
        snprintf(field, sizeof field, "%s.%s[%" PRId64 "]", reader->where, leaf, index);
    else
        snprintf(field, sizeof field, "%s.%s", reader->where, leaf);
    return wi_error_set(reader->error, code, field, "%s: %s", field, detail);
}

enum wi_code wi_tensor_check_count(struct wi_tensor_reader *reader, size_t found, size_t elements)
{
    const struct wi_tensor *tensor = reader->tensor;
    char shape[384];

    if (found == elements)
        return WI_OK;
    wi_shape_format(tensor->dims, tensor->rank, shape, sizeof shape);
    wi_tensor_fail(reader, WI_INPUT_SIZE, "data", -1, "%zu elements, but the shape %.200s has %zu",
        found, shape, elements);
    wi_error_expect(reader->error, "%zu elements", elements);
    return WI_INPUT_SIZE;
}
