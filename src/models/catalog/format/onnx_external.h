/* Tensors of an ONNX model whose bytes are in other files of the model. */
#ifndef WI_MODELS_CATALOG_FORMAT_ONNX_EXTERNAL_H
#define WI_MODELS_CATALOG_FORMAT_ONNX_EXTERNAL_H

#include "base/protobuf.h"
#include "models/catalog/format/onnx.h"

/* Where the bytes of a tensor are. */
struct wi_onnx_place {
    char
        /* Inside the model's folder, accepted by wi_file_path_ok; NULL: in the ONNX file itself. */
        *path;
    uint64_t offset, length; /* in bytes; a length of 0: to the end of the tensor */
};

/* 0, or -1 with the input's `problem` set. The caller frees the path. */
int wi_onnx_read_place(
    struct wi_protobuf *input, struct wi_protobuf_range tensor, struct wi_onnx_place *place);
/* Looks at one TensorProto. If its bytes are in another file, notes in `signature` which file that
 * is and how long it has to be. 0, or -1 with the input's `problem` set. */
int wi_onnx_read_external(struct wi_protobuf *input, struct wi_protobuf_range tensor,
    struct wi_onnx_signature *signature);

#endif
