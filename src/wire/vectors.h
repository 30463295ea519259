/*
 * Prints embeddings as JSON: an answer whose only tensor is FP32 [rows, width], which a dialect
 * writes row by row.
 */
#ifndef WI_WIRE_VECTORS_H
#define WI_WIRE_VECTORS_H

#include "base/error.h"
#include "wire/printing.h"

/* A printing of these outputs, which are taken, by `add` for each row; the texts around them are
 * the caller's. `around`: additional bytes for each row. NULL with WI_INFERENCE_FAILED for outputs
 * without this form. */
struct wi_printing *wi_vectors_print(
    struct wi_tensors *outputs, size_t around, wi_row_fn *add, struct wi_error *error);
/* Appends a list of numbers; numbers that are not finite become null. */
void wi_vectors_numbers(struct wi_buffer *out, const float *row, size_t width);

#endif
