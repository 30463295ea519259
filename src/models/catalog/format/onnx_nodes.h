/* Reads from the operators of an ONNX model how its answers may be compared. */
#ifndef WI_MODELS_CATALOG_FORMAT_ONNX_NODES_H
#define WI_MODELS_CATALOG_FORMAT_ONNX_NODES_H

#include "base/protobuf.h"
#include "models/catalog/format/onnx.h"

/* Whether only quantised models have the operator. */
int wi_onnx_is_quantised(const char *operator_type);
/* Looks at one node of a graph, or of a function of the model, subgraphs included, and notes in
 * `signature` what it finds. 0, or -1 with the input's `problem` set. */
int wi_onnx_read_node(
    struct wi_protobuf *input, struct wi_protobuf_range node, struct wi_onnx_signature *signature);

#endif
