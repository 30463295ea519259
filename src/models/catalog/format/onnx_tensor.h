/*
 * A file with one tensor, as ONNX's tests have their inputs and outputs: a TensorProto
 * (onnx.proto). A file does not say whether it has one, or a SequenceProto or OptionalProto.
 */
#ifndef WI_MODELS_CATALOG_FORMAT_ONNX_TENSOR_H
#define WI_MODELS_CATALOG_FORMAT_ONNX_TENSOR_H

#include "base/error.h"
#include "terms/tensor/tensor.h"
#include <stddef.h>

/* Appends what `bytes` have to `list`, with a blob of its own and the name that it has there, which
 * may be empty. Memory that is taken follows from `size`, not from numbers in the file. WI_OK, or
 * WI_INPUT_INVALID, with `list` as it was and what is wrong in `error` (may be NULL): of a
 * sequence, an optional value, a datatype that is not served, or bytes in another file that it is
 * one. */
enum wi_code wi_onnx_read_tensor(
    struct wi_tensors *list, const unsigned char *bytes, size_t size, struct wi_error *error);

#endif
