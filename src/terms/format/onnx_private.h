/* Shared by the files behind onnx.h: each reads a part of a model's messages. */
#ifndef WI_TERMS_FORMAT_ONNX_PRIVATE_H
#define WI_TERMS_FORMAT_ONNX_PRIVATE_H

#include "base/protobuf.h"
#include "terms/format/onnx.h"

/* --- onnx_external.c -------------------------------------------------------------------------- */

/* Looks at one TensorProto. If its bytes are in another file, notes in `signature` which file that
 * is and how long it has to be. 0, or -1 with the input's `problem` set. */
int wi_onnx_read_external(struct wi_protobuf *input, struct wi_protobuf_range tensor,
    struct wi_onnx_signature *signature);

/* --- onnx_nodes.c ----------------------------------------------------------------------------- */

/* Looks at one node of a graph, or of a function of the model, subgraphs included, and notes in
 * `signature` what it finds. 0, or -1 with the input's `problem` set. */
int wi_onnx_read_node(
    struct wi_protobuf *input, struct wi_protobuf_range node, struct wi_onnx_signature *signature);

/* --- onnx_empty.c ----------------------------------------------------------------------------- */

/*
 * Finds the inputs of a graph that may have no elements on any platform: those that its nodes only
 * append to, such as the past of a language model before its first word, or read the shape of.
 * Other kernels divide by such a size on some platforms, which ends their engine.
 *
 * Only nodes of the main graph are looked at: nodes of a branch may not run.
 */
/* Sets `may_be_empty` of the inputs, by the nodes of `graph`. 0, or -1 with the input's problem. */
int wi_onnx_empty_find(
    struct wi_protobuf *input, struct wi_protobuf_range graph, struct wi_onnx_signature *signature);

/* --- onnx_ranges.c ---------------------------------------------------------------------------- */

/*
 * Finds the inputs of a graph that are indices, and what they index: a graph input that reaches a
 * Gather (or another row of onnx_ranges.c) through operators that do not change its values, if the
 * file or another input gives the size of the axis. Platforms treat an index out of range
 * differently, so it has to be refused before one is asked.
 *
 * Only nodes of the main graph are looked at: nodes of a branch may not run.
 */
struct wi_onnx_ranges;
struct wi_onnx_ranges *wi_onnx_ranges_new(void);
void wi_onnx_ranges_free(struct wi_onnx_ranges *ranges);

/* Looks at a node of the main graph, in the file's order. 0, or -1 with the input's problem. */
int wi_onnx_ranges_node(
    struct wi_onnx_ranges *ranges, struct wi_protobuf *input, struct wi_protobuf_range node);
/* Looks at an initializer, after all nodes. 0, or -1 with the input's problem. */
int wi_onnx_ranges_initializer(
    struct wi_onnx_ranges *ranges, struct wi_protobuf *input, struct wi_protobuf_range tensor);
/* Puts the ranges found into `signature`, whose inputs must be known. */
void wi_onnx_ranges_end(struct wi_onnx_ranges *ranges, struct wi_onnx_signature *signature);

/* --- onnx_changing.c -------------------------------------------------------------------------- */

/*
 * Finds the nodes of the main graph whose results differ from run to run: those that use an input
 * of the graph, or what such a node has made. onnxruntime computes the others once, while it loads
 * the model.
 */
struct wi_onnx_changing;
/* The inputs of `signature` are copied. With an operator that draws numbers, all nodes count. */
struct wi_onnx_changing *wi_onnx_changing_new(const struct wi_onnx_signature *signature);
void wi_onnx_changing_free(struct wi_onnx_changing *changing); /* NULL is fine */

/* Looks at a node, in the file's order: 1 if it is one of those, 0 if not, or -1 with the input's
 * problem. */
int wi_onnx_changing_node(
    struct wi_onnx_changing *changing, struct wi_protobuf *input, struct wi_protobuf_range node);

#endif
