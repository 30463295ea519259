/*
 * Whether onnxruntime could record the runs of an ONNX file on WebGPU and replay them ("graph
 * capture"), by the engine's tables: each node has to be computed on the GPU. Nothing is executed,
 * and types of tensors are not looked at.
 */
#ifndef WI_TERMS_FORMAT_ONNX_CAPTURE_H
#define WI_TERMS_FORMAT_ONNX_CAPTURE_H

#include "base/protobuf.h"
#include "terms/model/signature.h"
#include <jansson.h>

#define WI_CAPTURE_NAME_MAX 255 /* bytes of a name that is kept; a longer one is cut */

enum wi_capture_state {
    WI_CAPTURE_UNREAD,   /* the file's operators could not be read */
    WI_CAPTURE_POSSIBLE, /* there is a kernel of each */
    WI_CAPTURE_GRAPH,    /* a node has a graph of its own */
    WI_CAPTURE_KERNEL,   /* of a node there is none on WebGPU, so it is computed on the CPU */
    WI_CAPTURE_UNTOLD    /* no table names a node's operator; all others have a kernel */
};
/* Zero-initialise. */
struct wi_onnx_capture {
    enum wi_capture_state state;
    /* The first such node, and its operator; "" where there is none, or where it has no name. */
    char node[WI_CAPTURE_NAME_MAX + 1], operator_type[WI_CAPTURE_NAME_MAX + 1];
};

/* Reads the operators of `size` bytes of a file that `read` gives in windows, until `stop` is set
 * (NULL: it never is). Nodes that depend on constants alone do not count: its
 * `signature` (NULL: not known) says what else there is. */
void wi_onnx_capture_read(wi_protobuf_read_fn *read, void *source, uint64_t size,
    const atomic_int *stop, const struct wi_onnx_signature *signature,
    struct wi_onnx_capture *capture);
/* {"possible": true, false or null, "node", "operator", "reason"}; the last three may be null. A
 * new reference; NULL for WI_CAPTURE_UNREAD. */
json_t *wi_onnx_capture_json(const struct wi_onnx_capture *capture);

#endif
