/* Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), for all
 * code that reads or writes its messages. */
#ifndef WI_TERMS_FORMAT_ONNX_FIELDS_H
#define WI_TERMS_FORMAT_ONNX_FIELDS_H

#include "base/protobuf.h"

/* ModelProto, OperatorSetIdProto, FunctionProto */
enum {
    WI_MODEL_IR_VERSION = 1,
    WI_MODEL_GRAPH = 7,
    WI_MODEL_OPSET_IMPORT = 8,
    WI_MODEL_FUNCTIONS = 25
};
enum { WI_OPSET_DOMAIN = 1, WI_OPSET_VERSION = 2 };
enum { WI_FUNCTION_NODE = 7 };
/* GraphProto */
enum {
    WI_GRAPH_NODE = 1,
    WI_GRAPH_INITIALIZER = 5,
    WI_GRAPH_INPUT = 11,
    WI_GRAPH_OUTPUT = 12,
    WI_GRAPH_VALUE_INFO = 13,
    WI_GRAPH_SPARSE_INITIALIZER = 15
};
/* NodeProto, AttributeProto and its AttributeType */
enum {
    WI_NODE_INPUT = 1,
    WI_NODE_OUTPUT = 2,
    WI_NODE_NAME = 3,
    WI_NODE_OP_TYPE = 4,
    WI_NODE_ATTRIBUTE = 5,
    WI_NODE_DOMAIN = 7
};
enum {
    WI_ATTRIBUTE_NAME = 1,
    WI_ATTRIBUTE_FLOAT = 2,
    WI_ATTRIBUTE_INTEGER = 3,
    WI_ATTRIBUTE_TENSOR = 5,
    WI_ATTRIBUTE_GRAPH = 6,
    WI_ATTRIBUTE_TENSORS = 10,
    WI_ATTRIBUTE_GRAPHS = 11,
    WI_ATTRIBUTE_TYPE = 20
};
enum { WI_ATTRIBUTE_IS_FLOAT = 1, WI_ATTRIBUTE_IS_INTEGER = 2, WI_ATTRIBUTE_IS_TENSOR = 4 };
/* Whether the field of an attribute is a graph, as If has two. */
static inline int wi_attribute_has_graph(const struct wi_protobuf_field *field)
{
    return field->wire == WI_WIRE_BYTES &&
           (field->number == WI_ATTRIBUTE_GRAPH || field->number == WI_ATTRIBUTE_GRAPHS);
}
/* TensorProto and its DataLocation, StringStringEntryProto, SparseTensorProto */
enum {
    WI_TENSOR_DIMS = 1,
    WI_TENSOR_DATA_TYPE = 2,
    WI_TENSOR_SEGMENT = 3,
    WI_TENSOR_FLOAT_DATA = 4,
    WI_TENSOR_INT32_DATA = 5,
    WI_TENSOR_STRING_DATA = 6,
    WI_TENSOR_INT64_DATA = 7,
    WI_TENSOR_NAME = 8,
    WI_TENSOR_RAW_DATA = 9,
    WI_TENSOR_DOUBLE_DATA = 10,
    WI_TENSOR_UINT64_DATA = 11,
    WI_TENSOR_EXTERNAL_DATA = 13,
    WI_TENSOR_DATA_LOCATION = 14
};
enum { WI_LOCATION_EXTERNAL = 1 };
enum { WI_ENTRY_KEY = 1, WI_ENTRY_VALUE = 2 };
enum { WI_SPARSE_TENSOR_VALUES = 1 };
/* ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto, its Dimension */
enum { WI_VALUE_NAME = 1, WI_VALUE_TYPE = 2 };
enum {
    WI_VALUE_IS_TENSOR = 1,
    WI_VALUE_IS_SEQUENCE = 4,
    WI_VALUE_IS_MAP = 5,
    WI_VALUE_IS_SPARSE = 8,
    WI_VALUE_IS_OPTIONAL = 9
};
enum { WI_TYPE_TENSOR_ELEMENT = 1, WI_TYPE_TENSOR_SHAPE = 2 };
enum { WI_SHAPE_DIM = 1 };
enum { WI_DIM_VALUE = 1, WI_DIM_PARAM = 2 };

#endif
