/* Outlines of tensors: name, dimensions, type and offset; and whether they lie one after another
 * inside the file, as ggml writes and wants them. */
#include "model/gguf_metadata.h"

#include <inttypes.h>

/* Of the weights, which begin behind the outlines at the alignment. */
struct weights {
    uint64_t alignment;
    uint64_t expected; /* where the next tensor has to begin */
    uint64_t end;      /* of the last one */
};

static uint64_t pad(uint64_t size, uint64_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

/* How many elements it has; `*row` receives those of its first dimension. */
static int read_elements(struct wi_gguf_input *input, uint64_t *row, uint64_t *elements)
{
    uint64_t at = input->at, rank, size;
    *row = *elements = 1;
    if (wi_gguf_number(input, 4, &rank) < 0)
        return -1;
    if (rank > WI_GGUF_RANK_MAX)
        return wi_gguf_fail(input, at,
            "a tensor has %" PRIu64 " dimensions; at most %d are allowed", rank, WI_GGUF_RANK_MAX);
    for (uint64_t i = 0; i < rank; i++) {
        if (wi_gguf_number(input, 8, &size) < 0)
            return -1;
        if (size == 0 || size > WI_GGUF_ELEMENTS_MAX / *elements)
            return wi_gguf_fail(input, at, "a tensor has no elements, or more than 2^44");
        *elements *= size;
        if (i == 0)
            *row = size;
    }
    return 0;
}

static int read_type(struct wi_gguf_input *input, uint64_t row, uint64_t *number)
{
    uint64_t at = input->at;
    if (wi_gguf_number(input, 4, number) < 0)
        return -1;
    const struct wi_gguf_type *type = wi_gguf_type(*number);
    if (!type)
        return wi_gguf_fail(input, at,
            "a tensor has the type %" PRIu64 ", which " WI_GGUF_LLAMA " does not know", *number);
    if (row % type->block != 0)
        return wi_gguf_fail(input, at,
            "a tensor's rows have %" PRIu64 " elements, no multiple of the %u of %s", row,
            type->block, type->name);
    return 0;
}

static int read_tensor(
    struct wi_gguf_input *input, struct weights *weights, struct wi_gguf_info *info)
{
    char name[WI_GGUF_TENSOR_NAME_MAX];
    uint64_t row, elements, number, at, offset;
    if (wi_gguf_text(input, "a tensor's name", name, sizeof name) < 0 ||
        read_elements(input, &row, &elements) < 0 || read_type(input, row, &number) < 0)
        return -1;
    at = input->at;
    if (wi_gguf_number(input, 8, &offset) < 0)
        return -1;
    const struct wi_gguf_type *type = wi_gguf_type(number);
    uint64_t bytes = elements / type->block * type->bytes;
    if (offset != weights->expected)
        return wi_gguf_fail(input, at,
            "the tensor of %" PRIu64 " bytes lies at byte %" PRIu64
            " of the weights instead of %" PRIu64,
            bytes, offset, weights->expected);
    weights->end = offset + bytes;
    weights->expected = pad(weights->end, weights->alignment);
    if (weights->end > input->size)
        return wi_gguf_fail(input, at,
            "its tensors need more bytes than the file has: it is cut "
            "short");
    info->parameters += elements;
    info->tensor_bytes[number] += bytes;
    return 0;
}

int wi_gguf_read_tensors(struct wi_gguf_input *input, uint64_t count, struct wi_gguf_info *info)
{
    struct weights weights = {.alignment = info->alignment};
    info->tensor_count = count;
    for (; count > 0; count--)
        if (read_tensor(input, &weights, info) < 0)
            return -1;
    uint64_t begin = pad(input->at, weights.alignment);
    if (weights.end > 0 && (begin > input->size || weights.end > input->size - begin))
        return wi_gguf_fail(input, input->size,
            "its tensors need %" PRIu64 " bytes, but the file has %" PRIu64 ": it is cut short",
            begin + weights.end, input->size);
    return 0;
}
