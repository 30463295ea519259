/* What a graph's operators say about how its answers may be compared. */
#ifndef WI_MODEL_ONNX_NODES_H
#define WI_MODEL_ONNX_NODES_H

#include "model/onnx.h"
#include "model/protobuf.h"

/* Looks at one node of a graph, or of a function of the model, subgraphs included, and notes in
 * `signature` what it finds. 0, or -1 with the input's `problem` set. */
int wi_onnx_read_node(
    struct wi_protobuf *input, struct wi_protobuf_range node, struct wi_onnx_signature *signature);

#endif
