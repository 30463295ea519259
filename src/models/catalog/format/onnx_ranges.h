/*
 * Finds the inputs of a graph that are indices, and what they index: a graph input that reaches a
 * Gather (or another row of onnx_ranges.c) through operators that do not change its values, if the
 * file or another input gives the size of the axis. Platforms treat an index out of range
 * differently, so it has to be refused before one is asked.
 *
 * Only nodes of the main graph are looked at: nodes of a branch may not run.
 */
#ifndef WI_MODELS_CATALOG_FORMAT_ONNX_RANGES_H
#define WI_MODELS_CATALOG_FORMAT_ONNX_RANGES_H

#include "base/protobuf.h"
#include "models/catalog/format/onnx.h"

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

#endif
