/*
 * Writes an ONNX model in fewer bits: the model is read by its wire format and written with other
 * weights and, to read these, other nodes. Everything else is copied unchanged, including unknown
 * fields.
 */
#ifndef WI_MODELS_QUANTIZE_QUANTIZE_H
#define WI_MODELS_QUANTIZE_QUANTIZE_H

#include "base/protobuf.h"
#include "models/quantize/graph.h"
#include <stddef.h>
#include <stdint.h>

/* The request: the form, the source and the destination. All members are borrowed. */
struct wi_quantize {
    unsigned bits;       /* 4, 8 or 16 */
    int mixed;           /* with 4 bits: the layers that lose most stay at 8 */
    int for_webgpu;      /* with 8 bits: products in the form that runs on WebGPU */
    uint64_t inline_max; /* bytes of tensors; beyond it, they go to the data file next to the new
                            model */
    struct wi_protobuf *input;
    wi_graph_read_fn *read; /* reads files next to the source */
    void *source;
    const char *data_name; /* the name of the data file in the new model */
    /* Adds bytes to the new model or, with `data`, to its data file. 0, or -1 with errno. */
    int (*write)(void *sink, int data, const void *bytes, size_t size);
    /* Told of the bytes that are done, of the weights that change. */
    void (*progress)(void *sink, uint64_t done, uint64_t total);
    void *sink;
};

struct wi_quantize_result {
    uint64_t weights;     /* bytes of all constants that are floats */
    uint64_t quantizable; /* of these, read by MatMul, Gemm and Gather; for 16 bits: FP32 */
    uint64_t quantized;   /* of these, those that now have fewer bits */
    size_t nodes;         /* the number of nodes that read other tensors now */
    size_t kept; /* the number that read weights and are unchanged or, with `mixed`, at 8 */
};

struct wi_quantize_problem {
    const char *code; /* "nothing_to_quantize", "model_invalid", "no_room", "internal" */
    double share;     /* of the weights that could be quantised; -1: unknown */
    char detail[640];
};

/* 0, or -1 with `problem`: then the written files are not a model. */
int wi_quantize(const struct wi_quantize *quantize, struct wi_quantize_result *result,
    struct wi_quantize_problem *problem);

#endif
