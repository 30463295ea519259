/*
 * The operators of an ONNX file, and the operators that the engines have kernels for, by the
 * engines' own tables. Nothing is executed.
 */
#ifndef WI_TERMS_FORMAT_ONNX_OPERATORS_H
#define WI_TERMS_FORMAT_ONNX_OPERATORS_H

#include "base/error.h"
#include "base/protobuf.h"
#include "terms/model/engine.h"
#include "terms/model/signature.h"
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define WI_OPERATORS_MAX 1000 /* different ones in a file */

struct wi_onnx_operator {
    char *domain; /* "" for ai.onnx */
    char *type;
    char *first;   /* the name of its first node; "" if it has none, or none that is a text */
    uint64_t at;   /* the byte at which that node begins */
    int64_t opset; /* the version of its domain that the file imports; 0: it imports none */
    size_t nodes;  /* subgraphs and functions of the model included */
    int has_graph; /* one of them has a graph of its own, as If has */
};
struct wi_onnx_operators {
    /* Owned, in the order in which nodes end: those of a node's graph come before the node. */
    struct wi_onnx_operator *items;
    size_t count, nodes;
    int64_t opset; /* of ai.onnx; 0: none */
};
/* Reads `size` bytes of a file that `read` gives in windows. Calls of functions that the model
 * itself has are no operators; with the file's `signature` (NULL: not), nodes that compute with
 * constants alone are left out, too. WI_OK, or WI_MODEL_INVALID with what is wrong and at which
 * byte. Fails once `stop` is set (NULL: it never is). The caller clears `operators`, also after an
 * error. */
enum wi_code wi_onnx_operators_read(wi_protobuf_read_fn *read, void *source, uint64_t size,
    const atomic_int *stop, const struct wi_onnx_signature *signature,
    struct wi_onnx_operators *operators, struct wi_error *error);
void wi_onnx_operators_clear(struct wi_onnx_operators *operators);

/* What a table says of an operator on a platform. */
enum wi_support {
    WI_SUPPORT_YES,
    WI_SUPPORT_CPU,    /* the platform has no kernel: onnxruntime computes it on the CPU */
    WI_SUPPORT_NO,     /* no kernel, not even on the CPU: the model does not load */
    WI_SUPPORT_UNKNOWN /* no table names it */
};
extern const char *const wi_support_names[]; /* "yes", "cpu", "no", "unknown", ended by NULL */
/* The engine whose tables these are, with its version. */
extern const char wi_operators_source[];
/* `platform` is WI_WASM, WI_WEBGPU or WI_WEBNN; others are unknown. */
enum wi_support wi_operator_support(
    const char *domain, const char *type, int64_t opset, enum wi_platform platform);
/* What the engine's table says of the operator's limits on the platform; NULL: nothing. */
const char *wi_operator_note(const char *domain, const char *type, enum wi_platform platform);

#endif
