/* Tensors of an ONNX model whose bytes lie in files beside the model's own. */
#ifndef WI_MODELS_CATALOG_FORMAT_ONNX_EXTERNAL_H
#define WI_MODELS_CATALOG_FORMAT_ONNX_EXTERNAL_H

#include "base/protobuf.h"
#include "models/catalog/format/onnx.h"

/* Where the bytes of a tensor are that are not in the model itself. */
struct wi_onnx_place {
    char
        *path; /* as wi_file_path_ok allows, inside the model's folder; NULL: in the model itself */
    uint64_t offset, length; /* in bytes; a length of 0: up to where the tensor ends */
};

/* 0, or -1 with the input's `problem` set. The caller frees the path. */
int wi_onnx_read_place(
    struct wi_protobuf *input, struct wi_protobuf_range tensor, struct wi_onnx_place *place);
/* Looks at one TensorProto, and notes in `signature` in which file its bytes are and how long that
 * has to be, unless they are in the model itself. 0, or -1 with the input's `problem` set. */
int wi_onnx_read_external(struct wi_protobuf *input, struct wi_protobuf_range tensor,
    struct wi_onnx_signature *signature);
void wi_onnx_clear_externals(struct wi_onnx_signature *signature);

#endif
