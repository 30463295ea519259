/*
 * The operators of a graph: NodeProto → op_type, and through its attributes into the graphs of If,
 * Loop and Scan. Nodes below MAX_DEPTH, deeper than real models nest, are not looked at: a model
 * that draws random numbers there is compared all the same and found to differ, which is safe.
 */
#include "terms/format/onnx_private.h"

#include "terms/format/onnx_fields.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 16 };

/* Operators of ai.onnx (https://onnx.ai/onnx/operators) and com.microsoft that draw numbers. With a
 * seed too: every platform has a generator of its own. */
static const char *const drawing[] = {
    "Bernoulli",
    "Multinomial",
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Sampling",
};

/* What makes a model one of few bits: a rounding that falls the other way is a whole step. */
static const char *const rounding[] = {
    "ConvInteger",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "DynamicQuantizeLSTM",
    "DynamicQuantizeMatMul",
    "MatMulInteger",
    "MatMulIntegerToFloat",
    "MatMulBnb4",
    "MatMulNBits",
    "GatherBlockQuantized",
    "QAttention",
    "QGemm",
    "QMoE",
    "QuantizeLinear",
};

/* What computes a scale from all values of a tensor: https://onnx.ai/onnx/operators and
 * com.microsoft. Rows of a batch then affect each other. */
static const char *const scaling[] = {
    "DynamicQuantizeLinear",
    "DynamicQuantizeLSTM",
    "DynamicQuantizeMatMul",
};

static int list_has_name(const char *const *list, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], name) == 0)
            return 1;
    return 0;
}

#define IS_IN(list, name) list_has_name(list, sizeof(list) / sizeof(*(list)), name)

int wi_onnx_is_quantised(const char *operator_type)
{
    return strncmp(operator_type, "QLinear", 7) == 0 || IS_IN(rounding, operator_type);
}

static void signature_note(struct wi_onnx_signature *signature, const char *type, int switched_on)
{
    /* Dropout drops only where a third input, training_mode, may say so: since opset 12. Exporters
     * leave it out of a model that is made for inference. */
    int draws = IS_IN(drawing, type) || (strcmp(type, "Dropout") == 0 && switched_on);

    if (draws && !*signature->random)
        snprintf(signature->random, sizeof signature->random, "%s", type);
    signature->quantised |= wi_onnx_is_quantised(type);
    if (IS_IN(scaling, type) && !*signature->scaling)
        snprintf(signature->scaling, sizeof signature->scaling, "%s", type);
}

static int signature_read_node(struct wi_protobuf *input, struct wi_protobuf_range node,
    struct wi_onnx_signature *signature, int depth);

static int read_subgraph(struct wi_protobuf *input, struct wi_protobuf_range graph,
    struct wi_onnx_signature *signature, int depth)
{
    struct wi_protobuf_field field;
    int more;

    while ((more = wi_protobuf_next(input, &graph, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_GRAPH_NODE &&
            signature_read_node(input, field.bytes, signature, depth) < 0)
            return -1;
        if (field.number == WI_GRAPH_INITIALIZER &&
            wi_onnx_read_external(input, field.bytes, signature) < 0)
            return -1;
    }
    return more;
}

static int read_attribute(struct wi_protobuf *input, struct wi_protobuf_range attribute,
    struct wi_onnx_signature *signature, int depth)
{
    struct wi_protobuf_field field;
    int more;

    while ((more = wi_protobuf_next(input, &attribute, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if ((field.number == WI_ATTRIBUTE_TENSOR || field.number == WI_ATTRIBUTE_TENSORS) &&
            wi_onnx_read_external(input, field.bytes, signature) < 0)
            return -1;
        if (wi_attribute_has_graph(&field) && depth < MAX_DEPTH &&
            read_subgraph(input, field.bytes, signature, depth + 1) < 0)
            return -1;
    }
    return more;
}

static int signature_read_node(struct wi_protobuf *input, struct wi_protobuf_range node,
    struct wi_onnx_signature *signature, int depth)
{
    struct wi_protobuf_field field;
    int more, inputs = 0, switched_on = 0;
    char *type = NULL;

    while ((more = wi_protobuf_next(input, &node, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_NODE_INPUT) {
            switched_on |= ++inputs == 3 && field.bytes.end > field.bytes.at;
        } else if (field.number == WI_NODE_OP_TYPE) {
            free(type);
            type = wi_protobuf_text(input, &field.bytes, WI_TENSOR_NAME_MAX);
            if (!type)
                return -1;
        } else if (field.number == WI_NODE_ATTRIBUTE &&
                   read_attribute(input, field.bytes, signature, depth) < 0) {
            more = -1;
            break;
        }
    }
    if (more == 0 && type)
        signature_note(signature, type, switched_on);
    free(type);
    return more;
}

int wi_onnx_read_node(
    struct wi_protobuf *input, struct wi_protobuf_range node, struct wi_onnx_signature *signature)
{
    return signature_read_node(input, node, signature, 0);
}
