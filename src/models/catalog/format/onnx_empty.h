/*
 * Finds the inputs of a graph that may have no elements on any platform: those that its nodes only
 * append to, such as the past of a language model before its first word, or read the shape of.
 * Other kernels divide by such a size on some platforms, which ends their engine.
 *
 * Only nodes of the main graph are looked at: nodes of a branch may not run.
 */
#ifndef WI_MODELS_CATALOG_FORMAT_ONNX_EMPTY_H
#define WI_MODELS_CATALOG_FORMAT_ONNX_EMPTY_H

#include "base/protobuf.h"
#include "models/catalog/format/onnx.h"

/* Sets `may_be_empty` of the inputs, by the nodes of `graph`. 0, or -1 with the input's problem. */
int wi_onnx_empty_find(
    struct wi_protobuf *input, struct wi_protobuf_range graph, struct wi_onnx_signature *signature);

#endif
