/*
 * An ONNX model as the rewriting of its weights sees it: which node reads what, and where the bytes
 * of each tensor lie. Tensors themselves are not read. Every name is known before it is used, as
 * ONNX demands, so that a graph that goes in a circle is refused.
 */
#ifndef WI_MODELS_QUANTIZE_GRAPH_H
#define WI_MODELS_QUANTIZE_GRAPH_H

#include "base/memory.h"
#include "base/protobuf.h"
#include "base/table.h"
#include "models/catalog/format/onnx_fields.h"
#include <stddef.h>
#include <stdint.h>

#define WI_GRAPH_MAX_RANK 16
#define WI_GRAPH_NAME_MAX 1024 /* bytes */

#define WI_ONNX_MICROSOFT "com.microsoft" /* the domain of onnxruntime's own operators */
/* TensorProto.DataType */
enum {
    WI_ONNX_UNKNOWN = 0,
    WI_ONNX_FLOAT = 1,
    WI_ONNX_UINT8 = 2,
    WI_ONNX_INT8 = 3,
    WI_ONNX_INT64 = 7,
    WI_ONNX_BOOL = 9,
    WI_ONNX_FLOAT16 = 10,
    WI_ONNX_DOUBLE = 11,
    WI_ONNX_BFLOAT16 = 16
};

/* An initializer, or the value of a node Constant, which is the same. */
struct wi_graph_tensor {
    struct wi_protobuf_range proto; /* its TensorProto */
    const char *name;
    int is_node; /* it is the value of a node */
    int datatype;
    unsigned rank;
    uint64_t dims[WI_GRAPH_MAX_RANK];
    uint64_t elements;
    int file;       /* in the model's `files`; -1: in the model itself */
    uint64_t at;    /* where its bytes begin */
    uint64_t bytes; /* how many they are; 0: they do not lie there as they are in memory */
    size_t uses;    /* how many inputs and outputs read it; 0: it may go */
    int is_weight;  /* a node reads it that could read fewer bits */
    struct wi_graph_made *made; /* what plan.c makes of it, a list */
};

/* What a name stands for in a graph. */
struct wi_graph_value {
    char *name;
    int datatype;                   /* TensorProto.DataType, as far as it is known */
    struct wi_graph_tensor *tensor; /* NULL: something that is computed or given */
    int is_input;
    char *half; /* what it is called in 16 bits, if it has another name there */
    /* What integers.c has made of it: its codes, their scale and zero point, in that graph. */
    char *dynamic[3];
    const struct wi_graph *dynamic_in;
    UT_hash_handle hh;
};

struct wi_graph_node {
    struct wi_protobuf_range proto;
    char *op;
    struct wi_graph_value **inputs, **outputs; /* NULL: left out */
    size_t input_count, output_count;
    int standard, microsoft; /* of the domain ai.onnx, of com.microsoft */
    int64_t axis, transposes_a, transposes_b, to, datatype;
    int value;  /* the datatype of its attribute `value`, if that is a tensor */
    int scalar; /* that of a node Constant whose value is none */
    float alpha, beta;
    struct wi_graph **graphs; /* of its attributes, in their order */
    size_t graph_count;
    struct wi_graph_tensor *constant; /* of a node Constant */
    struct wi_graph_made *made;       /* what its weight is replaced with; NULL: it stays */
};

struct wi_graph {
    struct wi_graph *parent; /* the graph in whose node this one is; NULL: none */
    unsigned depth;          /* how many graphs are around it */
    struct wi_protobuf_range proto;
    struct wi_graph_value *values; /* by name */
    struct wi_graph_node *nodes;   /* in the file's order */
    size_t node_count;
    struct wi_graph_tensor **tensors; /* likewise: initializers */
    size_t tensor_count;
    struct wi_graph_value **outputs;
    size_t output_count;
};

/* Reads bytes of the model's file `path`, as pread(2). */
typedef ssize_t wi_graph_read_fn(
    void *source, const char *path, void *bytes, size_t size, uint64_t at);

struct wi_graph_model {
    struct wi_protobuf *input; /* borrowed; its `problem` says what is wrong */
    wi_graph_read_fn *read;    /* for files beside the model's own */
    void *source;
    struct wi_strings files;
    int64_t ir_version;
    int64_t opset; /* of ai.onnx */
    int has_microsoft;
    int has_more; /* functions or sparse tensors, which are only copied */
    struct wi_graph *graph;
    uint64_t names; /* bytes of all of them */
    size_t nodes, links;
};

/* Reads the model of `input` into `model`, whose `input`, `read` and `source` are set. 0, or -1
 * with the input's `problem` set. Clear it in any case. */
int wi_graph_read(struct wi_graph_model *model);
void wi_graph_clear(struct wi_graph_model *model);
/* What `name` stands for in `graph`, or in those around it; NULL: nothing. */
struct wi_graph_value *wi_graph_find(const struct wi_graph *graph, const char *name);
/* Reads `size` bytes of a tensor, from its byte `at` on, which have to be there. 0, or -1 with the
 * input's `problem` set. */
int wi_graph_read_tensor(struct wi_graph_model *model, const struct wi_graph_tensor *tensor,
    uint64_t at, void *bytes, size_t size);
/* That all bytes of a tensor are there, before memory is taken for them. Likewise. */
int wi_graph_check_tensor(struct wi_graph_model *model, const struct wi_graph_tensor *tensor);

#endif
