/*
 * The inputs and outputs of a graph, read from an ONNX file by walking its protobuf wire format
 * (https://protobuf.dev/programming-guides/encoding, onnx.proto): bounded, without recursion into
 * tensors, over hostile bytes. Nothing is executed, and no size in the file determines an
 * allocation.
 */
#ifndef WI_TERMS_FORMAT_ONNX_H
#define WI_TERMS_FORMAT_ONNX_H

#include "base/error.h"
#include "base/protobuf.h"
#include "terms/model/signature.h"
#include "terms/tensor/tensor.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* WI_OK, or WI_MODEL_INVALID with what is wrong and at which byte. Free with wi_onnx_clear. */
enum wi_code wi_onnx_read(const unsigned char *bytes, size_t size,
    struct wi_onnx_signature *signature, struct wi_error *error);
/* The same for `size` bytes that `read` gives in windows, from any source. Fails once `stop` is set
 * (NULL: it never is). */
enum wi_code wi_onnx_read_from(wi_protobuf_read_fn *read, void *source, uint64_t size,
    const atomic_int *stop, struct wi_onnx_signature *signature, struct wi_error *error);
/* The same for a file. Unlike with a mapping, a file that is truncated meanwhile is an error and
 * not a SIGBUS. */
enum wi_code wi_onnx_read_file(int fd, uint64_t size, const atomic_int *stop,
    struct wi_onnx_signature *signature, struct wi_error *error);

/* Where the bytes of a tensor are. */
struct wi_onnx_place {
    char *path; /* inside the model's folder: see wi_file_path_ok; NULL: the ONNX file itself */
    uint64_t offset, length; /* in bytes; a length of 0: to the end of the tensor */
};

/* 0, or -1 with the input's `problem` set. The caller frees the path. */
int wi_onnx_read_place(
    struct wi_protobuf *input, struct wi_protobuf_range tensor, struct wi_onnx_place *place);
/* Whether only quantised models have the operator. */
int wi_onnx_is_quantised(const char *operator_type);

/* A file with one tensor, like those for the inputs and outputs of ONNX's tests: a TensorProto
 * (onnx.proto). A file does not tell whether it has one, or a SequenceProto or OptionalProto.
 *
 * Appends the tensor in `bytes` to `list`, with a blob of its own and the name that it has there,
 * which may be empty. Allocations depend on `size`, not on numbers in the file. WI_OK, or
 * WI_INPUT_INVALID with `list` unchanged and what is wrong in `error` (may be NULL); a sequence, an
 * optional value, a datatype that is not served, and bytes in another file are named as such. */
enum wi_code wi_onnx_read_tensor(
    struct wi_tensors *list, const unsigned char *bytes, size_t size, struct wi_error *error);

#endif
