/* Rows of numbers as JSON; see vectors.h. */
#include "wire/vectors.h"

#include "base/memory.h"
#include "terms/tensor/number.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void vectors_write(struct wi_printing *printing)
{
    const struct wi_tensor *tensor = &printing->outputs.items[0];
    size_t width = (size_t)tensor->dims[1];
    float *row = wi_alloc(width * sizeof *row); /* a slice of a frame need not be aligned */
    for (int64_t i = 0; i < tensor->dims[0]; i++) {
        memcpy(row, wi_tensor_bytes(tensor) + (size_t)i * width * sizeof *row, width * sizeof *row);
        printing->add_row(&printing->text, i, row, width);
    }
    free(row);
}

struct wi_printing *wi_vectors_print(
    struct wi_tensors *outputs, size_t around, wi_row_fn *add, struct wi_error *error)
{
    if (outputs->count != 1 || outputs->items[0].rank != 2 ||
        outputs->items[0].datatype != WI_FP32) {
        wi_error_set(error, WI_INFERENCE_FAILED, NULL, "the node's answer has no embeddings");
        return NULL;
    }
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    wi_tensors_move(&printing->outputs, outputs);
    const struct wi_tensor *tensor = &printing->outputs.items[0];
    printing->write = vectors_write;
    printing->add_row = add;
    printing->json_bytes = tensor->size;
    printing->needs =
        tensor->size / sizeof(float) * WI_NUMBER_SIZE + (size_t)tensor->dims[0] * around;
    return printing;
}

void wi_vectors_numbers(struct wi_buffer *out, const float *row, size_t width)
{
    char number[WI_NUMBER_SIZE];
    wi_buffer_puts(out, "[");
    for (size_t i = 0; i < width; i++) {
        if (i > 0)
            wi_buffer_add(out, ",", 1);
        if (isfinite(row[i]))
            wi_buffer_add(out, number, wi_print_float(number, row[i]));
        else
            wi_buffer_puts(out, "null");
    }
    wi_buffer_puts(out, "]");
}
