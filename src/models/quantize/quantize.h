/*
 * A model of ONNX in fewer bits: read by the wire format, written with other weights and, for what
 * reads them, other nodes. All else is copied as it is, fields that are not known here included.
 */
#ifndef WI_MODELS_QUANTIZE_QUANTIZE_H
#define WI_MODELS_QUANTIZE_QUANTIZE_H

#include "base/protobuf.h"
#include "models/quantize/graph.h"
#include <stddef.h>
#include <stdint.h>

/* What is to be made, of what, and where it goes. Nothing of it is taken over. */
struct wi_quantize {
    unsigned bits;       /* 4, 8 or 16 */
    int mixed;           /* with 4: the layers that lose most stay at 8 */
    int for_webgpu;      /* with 8: products in the form that runs there */
    uint64_t inline_max; /* bytes of tensors; more go to the file beside the new model */
    struct wi_protobuf *input;
    wi_graph_read_fn *read; /* of files beside it */
    void *source;
    const char *data_name; /* what the file beside the new one is called in it */
    /* Adds bytes to the new model, or with `data` to the file beside it. 0, or -1 with errno. */
    int (*write)(void *sink, int data, const void *bytes, size_t size);
    /* How many bytes of the weights that change are done. */
    void (*progress)(void *sink, uint64_t done, uint64_t total);
    void *sink;
};

struct wi_quantize_result {
    uint64_t weights;     /* bytes of all constants that are floats */
    uint64_t quantizable; /* of them, those that MatMul, Gemm and Gather read; of 16 bits: FP32 */
    uint64_t quantized;   /* of them, those that became fewer bits */
    size_t nodes;         /* how many nodes read others now */
    size_t kept;          /* how many that read weights stay as they were, or with `mixed` at 8 */
};

struct wi_quantize_problem {
    const char *code; /* "nothing_to_quantize", "model_invalid", "no_room", "internal" */
    double share;     /* of the weights, that could be quantised; -1: not known */
    char detail[640];
};

/* 0, or -1 with `problem`: then what was written is no model. */
int wi_quantize(const struct wi_quantize *quantize, struct wi_quantize_result *result,
    struct wi_quantize_problem *problem);

#endif
