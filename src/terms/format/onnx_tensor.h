/*
 * A file with one tensor, like those for the inputs and outputs of ONNX's tests: a TensorProto
 * (onnx.proto). A file does not tell whether it has one, or a SequenceProto or OptionalProto.
 */
#ifndef WI_TERMS_FORMAT_ONNX_TENSOR_H
#define WI_TERMS_FORMAT_ONNX_TENSOR_H

#include "base/error.h"
#include "terms/tensor/tensor.h"
#include <stddef.h>

/* Appends the tensor in `bytes` to `list`, with a blob of its own and the name that it has there,
 * which may be empty. Allocations depend on `size`, not on numbers in the file. WI_OK, or
 * WI_INPUT_INVALID with `list` unchanged and what is wrong in `error` (may be NULL); a sequence, an
 * optional value, a datatype that is not served, and bytes in another file are named as such. */
enum wi_code wi_onnx_read_tensor(
    struct wi_tensors *list, const unsigned char *bytes, size_t size, struct wi_error *error);

#endif
