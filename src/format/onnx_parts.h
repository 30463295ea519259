/* The parts of reading an ONNX model's graph, for onnx.c: tensors whose bytes lie in files beside
 * the model's own, and what operators say about how answers may be compared. */
#ifndef WI_FORMAT_ONNX_PARTS_H
#define WI_FORMAT_ONNX_PARTS_H

#include "base/protobuf.h"
#include "format/onnx.h"

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
/* Whether only models of few bits have the operator. */
int wi_onnx_is_quantised(const char *operator_type);
/* Looks at one node of a graph, or of a function of the model, subgraphs included, and notes in
 * `signature` what it finds. Likewise. */
int wi_onnx_read_node(
    struct wi_protobuf *input, struct wi_protobuf_range node, struct wi_onnx_signature *signature);

#endif
