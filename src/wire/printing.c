/* The part of printing that is the same for every answer: tensors, one after the other. */
#include "wire/printing.h"

#include "base/memory.h"
#include "terms/tensor/number.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void print_outputs(struct wi_printing *printing)
{
    if (printing->write)
        printing->write(printing);
    for (size_t i = 0; !printing->write && i < printing->outputs.count; i++) {
        if (i > 0)
            wi_buffer_add(&printing->text, ",", 1);
        wi_tensor_to_json(&printing->text, &printing->outputs.items[i], printing->binary[i]);
    }
    if (printing->tail.size > 0)
        wi_buffer_add(&printing->text, printing->tail.text, printing->tail.size);
}

static void make_slices(struct wi_printing *printing)
{
    printing->slices =
        wi_realloc_array(NULL, printing->outputs.count + 1, sizeof *printing->slices);
    printing->slices[printing->slice_count++] =
        (struct wi_slice){printing->text.text, printing->text.size};
    for (size_t i = 0; printing->binary && i < printing->outputs.count; i++) {
        const struct wi_tensor *tensor = &printing->outputs.items[i];
        if (printing->binary[i] && tensor->size > 0)
            printing->slices[printing->slice_count++] =
                (struct wi_slice){wi_tensor_bytes(tensor), tensor->size};
    }
}

struct wi_printing *wi_printing_json(json_t *answer)
{
    struct wi_printing *printing = wi_alloc(sizeof *printing);
    wi_buffer_json(&printing->text, answer);
    wi_buffer_puts(&printing->text, "\n");
    json_decref(answer);
    return printing;
}

void wi_printing_event(struct wi_buffer *out, const char *type, json_t *data)
{
    if (type)
        wi_buffer_strings(out, "event: ", type, "\n", NULL);
    wi_buffer_puts(out, "data: ");
    wi_buffer_json(out, data);
    wi_buffer_puts(out, "\n\n");
    json_decref(data);
}

void wi_printing_run(struct wi_printing *printing)
{
    print_outputs(printing);
    make_slices(printing);
}

int wi_printing_has_binary(const struct wi_printing *printing)
{
    for (size_t i = 0; printing->binary && i < printing->outputs.count; i++)
        if (printing->binary[i])
            return 1;
    return 0;
}

void wi_printing_free(struct wi_printing *printing)
{
    if (!printing)
        return;
    wi_tensors_clear(&printing->outputs);
    free(printing->binary);
    wi_buffer_clear(&printing->text);
    wi_buffer_clear(&printing->tail);
    free(printing->slices);
    free(printing);
}

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
