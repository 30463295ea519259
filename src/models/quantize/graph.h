/*
 * An ONNX model as the rewriting of its weights needs it: which node reads which values, and where
 * the bytes of each tensor are. The tensors themselves are not read. As ONNX requires, every name
 * must be defined before it is used, so a graph with a cycle is refused.
 */
#ifndef WI_MODELS_QUANTIZE_GRAPH_H
#define WI_MODELS_QUANTIZE_GRAPH_H

#include "base/memory.h"
#include "base/protobuf.h"
#include "base/table.h"
#include "terms/format/onnx_fields.h"
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

/* An initializer, or the value of a Constant node, which is treated alike. */
struct wi_graph_tensor {
    struct wi_protobuf_range proto; /* its TensorProto */
    const char *name;
    int is_node; /* it is the value of a Constant node */
    int datatype;
    unsigned rank;
    uint64_t dims[WI_GRAPH_MAX_RANK];
    uint64_t elements;
    int file;       /* index in the model's `files`; -1: the model itself */
    uint64_t at;    /* where its bytes begin */
    uint64_t bytes; /* their number; 0: they are not stored there as in memory */
    size_t uses;    /* the number of inputs and outputs that read it; 0: it may be dropped */
    int is_weight;  /* it is read by a node that could read fewer bits */
    struct wi_graph_made *made; /* the forms that plan.c makes of it, a list */
};

/* The value of a name in a graph. */
struct wi_graph_value {
    char *name;
    int datatype;                   /* TensorProto.DataType, if known */
    struct wi_graph_tensor *tensor; /* NULL: it is computed, or an input */
    int is_input;
    char *half; /* its name in 16 bits, if that is another one */
    /* The names that integers.c gave its codes, their scale and their zero point, in the graph
     * `dynamic_in`. */
    char *dynamic[3];
    const struct wi_graph *dynamic_in;
    UT_hash_handle hh;
};

struct wi_graph_node {
    struct wi_protobuf_range proto;
    char *op;
    struct wi_graph_value **inputs, **outputs; /* NULL: omitted */
    size_t input_count, output_count;
    int standard, microsoft; /* its domain is ai.onnx; is com.microsoft */
    int64_t axis, transposes_a, transposes_b, to, datatype;
    int value;  /* the datatype of its attribute `value`, if it is a tensor */
    int scalar; /* the datatype of a Constant node whose value is not a tensor */
    float alpha, beta;
    struct wi_graph **graphs; /* in its attributes, in order */
    size_t graph_count;
    struct wi_graph_tensor *constant; /* for a Constant node */
    struct wi_graph_made *made;       /* the replacement of its weight; NULL: it stays */
};

struct wi_graph {
    struct wi_graph *parent; /* the graph whose node contains this one; NULL: none */
    unsigned depth;          /* the number of graphs around it */
    struct wi_protobuf_range proto;
    struct wi_graph_value *values; /* by name */
    struct wi_graph_node *nodes;   /* in the file's order */
    size_t node_count;
    struct wi_graph_tensor **tensors; /* initializers, in the file's order */
    size_t tensor_count;
    struct wi_graph_value **outputs;
    size_t output_count;
};

/* Reads bytes of the model's file `path`, as pread(2). */
typedef ssize_t wi_graph_read_fn(
    void *source, const char *path, void *bytes, size_t size, uint64_t at);

struct wi_graph_model {
    struct wi_protobuf *input; /* borrowed; receives `problem` */
    wi_graph_read_fn *read;    /* for files other than the model's own */
    void *source;
    struct wi_strings files;
    int64_t ir_version;
    int64_t opset; /* of ai.onnx */
    int has_microsoft;
    int has_more; /* it has functions or sparse tensors, which are only copied */
    struct wi_graph *graph;
    uint64_t names; /* bytes of all names */
    size_t nodes, links;
};

/* Reads the model from `input` into `model`, whose `input`, `read` and `source` must be set. 0, or
 * -1 with the input's `problem` set. Clear `model` in any case. */
int wi_graph_read(struct wi_graph_model *model);
void wi_graph_clear(struct wi_graph_model *model);
/* The value of `name` in `graph` or in the graphs around it; NULL: none. */
struct wi_graph_value *wi_graph_find(const struct wi_graph *graph, const char *name);
/* Reads `size` bytes of a tensor, which must have them, from its byte `at` on. 0, or -1 with the
 * input's `problem` set. */
int wi_graph_read_tensor(struct wi_graph_model *model, const struct wi_graph_tensor *tensor,
    uint64_t at, void *bytes, size_t size);
/* Checks that all bytes of a tensor exist, before memory is allocated for them. 0, or -1
 * likewise. */
int wi_graph_check_tensor(struct wi_graph_model *model, const struct wi_graph_tensor *tensor);

#endif
