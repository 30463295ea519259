/* Tensors of a graph whose bytes lie in files beside the model's own. */
#ifndef WI_MODEL_ONNX_EXTERNAL_H
#define WI_MODEL_ONNX_EXTERNAL_H

#include "model/onnx.h"
#include "model/protobuf.h"

/* Looks at one TensorProto, and notes in `signature` in which file its bytes are and how long that
 * has to be, unless they are in the model itself. 0, or -1 with the input's `problem` set. */
int wi_onnx_read_external(struct wi_protobuf *input, struct wi_protobuf_range tensor,
    struct wi_onnx_signature *signature);
void wi_onnx_clear_externals(struct wi_onnx_signature *signature);

#endif
