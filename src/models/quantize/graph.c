/*
 * ModelProto → GraphProto → NodeProto and TensorProto, with the graphs of If, Loop and Scan. A
 * graph is walked once for each kind of part, since its initializers come after its nodes in the
 * file, and nodes need them.
 */
#include "models/quantize/graph.h"

#include "base/memory.h"
#include "terms/format/onnx.h"
#include "terms/model/view.h"
#include "terms/tensor/datatype.h"
#include <stdlib.h>
#include <string.h>

/* Limits for a model. Present models have some ten thousand nodes. */
enum { MAX_DEPTH = 16, MAX_NODES = 200000, MAX_LINKS = 2000000 };
#define MAX_NAMES (32u << 20)

static int graph_fail(struct wi_graph_model *model, uint64_t at, const char *problem)
{
    return wi_protobuf_fail(model->input, at, problem);
}

/* Replaces *text. 0, or -1. */
static int graph_read_text(
    struct wi_graph_model *model, const struct wi_protobuf_range *range, char **text)
{
    free(*text);
    *text = wi_protobuf_text(model->input, range, WI_GRAPH_NAME_MAX);
    return *text ? 0 : -1;
}

/* Whether a domain is that of ONNX itself, which need not be named. */
static int is_standard(const char *domain)
{
    return !domain || !*domain || strcmp(domain, "ai.onnx") == 0;
}

static int is_microsoft(const char *domain)
{
    return domain && strcmp(domain, WI_ONNX_MICROSOFT) == 0;
}

/* --- values ---------------------------------------------------------------------------------- */

struct wi_graph_value *wi_graph_find(const struct wi_graph *graph, const char *name)
{
    struct wi_graph_value *value = NULL;
    for (; graph && !value; graph = graph->parent)
        HASH_FIND_STR(graph->values, name, value);
    return value;
}

/* Takes `name` over. The value, or NULL. */
static struct wi_graph_value *graph_define(
    struct wi_graph_model *model, struct wi_graph *graph, uint64_t at, char *name, int datatype)
{
    struct wi_graph_value *value;
    size_t length = strlen(name);
    HASH_FIND(hh, graph->values, name, length, value);
    model->names += length + sizeof *value;
    if (value || model->names > MAX_NAMES) {
        free(name);
        graph_fail(model, at, value ? "two values have the same name" : "it has too many values");
        return NULL;
    }
    value = wi_alloc(sizeof *value);
    value->name = name;
    value->datatype = datatype;
    HASH_ADD_KEYPTR(hh, graph->values, value->name, length, value);
    return value;
}

/* The type of the elements of a ValueInfoProto's TypeProto. */
static int read_type(struct wi_graph_model *model, struct wi_protobuf_range type, int *datatype)
{
    struct wi_protobuf_field field, part;
    int more, inner;
    while ((more = wi_protobuf_next(model->input, &type, &field)) > 0) {
        if (field.number != WI_VALUE_IS_TENSOR || field.wire != WI_WIRE_BYTES)
            continue;
        while ((inner = wi_protobuf_next(model->input, &field.bytes, &part)) > 0)
            if (part.number == WI_TYPE_TENSOR_ELEMENT && part.wire == WI_WIRE_VARINT)
                *datatype = part.value < INT32_MAX ? (int)part.value : WI_ONNX_UNKNOWN;
        if (inner < 0)
            return -1;
    }
    return more;
}

/* A ValueInfoProto; the caller frees the name, also after a failure. */
static int graph_read_value(
    struct wi_graph_model *model, struct wi_protobuf_range info, char **name, int *datatype)
{
    struct wi_protobuf_field field;
    uint64_t at = info.at;
    int more;
    *name = NULL;
    *datatype = WI_ONNX_UNKNOWN;
    while ((more = wi_protobuf_next(model->input, &info, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_VALUE_NAME && graph_read_text(model, &field.bytes, name) < 0)
            return -1;
        if (field.number == WI_VALUE_TYPE && read_type(model, field.bytes, datatype) < 0)
            return -1;
    }
    return more == 0 && !*name ? graph_fail(model, at, "an input or output has no name") : more;
}

/* An input that has an initializer is known as that. */
static int graph_read_input(
    struct wi_graph_model *model, struct wi_graph *graph, struct wi_protobuf_range info)
{
    struct wi_graph_value *twin = NULL;
    char *name;
    int datatype;
    if (graph_read_value(model, info, &name, &datatype) < 0) {
        free(name);
        return -1;
    }
    HASH_FIND_STR(graph->values, name, twin);
    if (twin && twin->tensor) {
        free(name);
        return 0;
    }
    twin = graph_define(model, graph, info.at, name, datatype);
    if (!twin)
        return -1;
    twin->is_input = 1;
    return 0;
}

static int read_output(
    struct wi_graph_model *model, struct wi_graph *graph, struct wi_protobuf_range info)
{
    struct wi_graph_value *value = NULL;
    char *name;
    int datatype, code = graph_read_value(model, info, &name, &datatype);
    if (code == 0)
        value = wi_graph_find(graph, name);
    free(name);
    if (code == 0 && (!value || ++model->links > MAX_LINKS))
        return graph_fail(
            model, info.at, value ? "it has too many outputs" : "an output is never made");
    if (code < 0)
        return -1;
    if (value->datatype == WI_ONNX_UNKNOWN)
        value->datatype = datatype;
    if (value->tensor)
        value->tensor->uses++;
    *WI_APPEND(graph->outputs, graph->output_count) = value;
    return 0;
}

/* --- tensors --------------------------------------------------------------------------------- */

static size_t width_of(int datatype)
{
    enum wi_datatype type;
    return wi_datatype_from_onnx(datatype, &type) == 0 ? wi_datatype_size(type) : 0;
}

static int add_dim(struct wi_graph_model *model, struct wi_graph_tensor *tensor, uint64_t dim)
{
    if (tensor->rank == WI_GRAPH_MAX_RANK)
        return graph_fail(model, tensor->proto.at, "a tensor has more than 16 dimensions");
    if (__builtin_mul_overflow(tensor->elements, dim, &tensor->elements) ||
        tensor->elements > INT64_MAX / 16)
        return graph_fail(model, tensor->proto.at, "a tensor is too large");
    tensor->dims[tensor->rank++] = dim;
    return 0;
}

static int read_dims(struct wi_graph_model *model, struct wi_graph_tensor *tensor,
    const struct wi_protobuf_field *field)
{
    struct wi_protobuf_range packed = field->bytes;
    uint64_t dim;
    if (field->wire == WI_WIRE_VARINT)
        return add_dim(model, tensor, field->value);
    if (field->wire != WI_WIRE_BYTES)
        return 0;
    while (packed.at < packed.end)
        if (wi_protobuf_varint(model->input, &packed, &dim) < 0 || add_dim(model, tensor, dim) < 0)
            return -1;
    return 0;
}

/* Finds the place of bytes that are in another file. */
static int graph_find_place(struct wi_graph_model *model, struct wi_graph_tensor *tensor)
{
    uint64_t size = tensor->elements * width_of(tensor->datatype);
    struct wi_onnx_place place;
    size_t i = 0;
    if (wi_onnx_read_place(model->input, tensor->proto, &place) < 0)
        return -1;
    if (!place.path)
        return 0;
    if (size == 0)
        size = place.length;
    while (i < model->files.count && strcmp(model->files.items[i], place.path) != 0)
        i++;
    if (size == 0 && tensor->elements > 0) {
        free(place.path);
        return graph_fail(model, tensor->proto.at, "a tensor in another file has no length");
    }
    if (i == model->files.count && i < WI_MODEL_FILES_MAX)
        wi_strings_add(&model->files, place.path);
    free(place.path);
    tensor->file = (int)i;
    tensor->at = place.offset;
    tensor->bytes = size;
    if (i == WI_MODEL_FILES_MAX)
        return graph_fail(model, tensor->proto.at, "tensors are kept in too many files");
    if ((place.length && place.length != size) || place.offset > INT64_MAX - size)
        return graph_fail(model, tensor->proto.at, "a tensor is not as long as its shape says");
    return 0;
}

/* Reads everything about `tensor`, whose `proto` is set, except its name, which is returned. The
 * caller frees the name, also after a failure. */
static int graph_read_tensor(
    struct wi_graph_model *model, struct wi_graph_tensor *tensor, char **name)
{
    struct wi_protobuf_range proto = tensor->proto, raw = {0}, floats = {0};
    struct wi_protobuf_field field;
    int more, pieces = 0;
    tensor->file = -1;
    tensor->elements = 1;
    while ((more = wi_protobuf_next(model->input, &proto, &field)) > 0) {
        if (field.number == WI_TENSOR_DIMS && read_dims(model, tensor, &field) < 0)
            return -1;
        if (field.number == WI_TENSOR_DATA_TYPE && field.wire == WI_WIRE_VARINT)
            tensor->datatype = field.value < INT32_MAX ? (int)field.value : WI_ONNX_UNKNOWN;
        if (field.number == WI_TENSOR_NAME && field.wire == WI_WIRE_BYTES &&
            graph_read_text(model, &field.bytes, name) < 0)
            return -1;
        if (field.number == WI_TENSOR_RAW_DATA && field.wire == WI_WIRE_BYTES)
            raw = field.bytes;
        if (field.number == WI_TENSOR_FLOAT_DATA) {
            floats = field.bytes;
            pieces++;
        }
    }
    if (more < 0 || graph_find_place(model, tensor) < 0)
        return -1;
    uint64_t size = tensor->elements * width_of(tensor->datatype);
    if (tensor->file < 0 && tensor->datatype == WI_ONNX_FLOAT && pieces == 1 && !raw.end)
        raw = floats; /* packed: as in memory */
    if (tensor->file < 0 && raw.end) {
        tensor->at = raw.at;
        tensor->bytes = raw.end - raw.at;
        if (size && tensor->bytes != size)
            return graph_fail(model, tensor->proto.at, "a tensor is not as long as its shape says");
    }
    return 0;
}

static int read_initializer(
    struct wi_graph_model *model, struct wi_graph *graph, struct wi_protobuf_range proto)
{
    struct wi_graph_tensor *tensor = wi_alloc(sizeof *tensor);
    char *name = NULL;
    *WI_APPEND(graph->tensors, graph->tensor_count) = tensor;
    tensor->proto = proto;
    model->names += sizeof *tensor;
    if (graph_read_tensor(model, tensor, &name) < 0 || !name) {
        free(name);
        return graph_fail(model, proto.at, "a constant has no name");
    }
    struct wi_graph_value *value = graph_define(model, graph, proto.at, name, tensor->datatype);
    if (!value)
        return -1;
    value->tensor = tensor;
    tensor->name = value->name;
    return 0;
}

/* Reads only its name. */
static int read_sparse(
    struct wi_graph_model *model, struct wi_graph *graph, struct wi_protobuf_range sparse)
{
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(model->input, &sparse, &field)) > 0) {
        struct wi_graph_tensor tensor = {.proto = field.bytes};
        char *name = NULL;
        if (field.number != WI_SPARSE_TENSOR_VALUES || field.wire != WI_WIRE_BYTES)
            continue;
        model->has_more = 1;
        if (graph_read_tensor(model, &tensor, &name) < 0 || !name || tensor.file >= 0) {
            free(name);
            return graph_fail(
                model, sparse.at, "a sparse constant has no name, or is in another file");
        }
        if (!graph_define(model, graph, sparse.at, name, tensor.datatype))
            return -1;
    }
    return more;
}

int wi_graph_read_tensor(struct wi_graph_model *model, const struct wi_graph_tensor *tensor,
    uint64_t at, void *bytes, size_t size)
{
    size_t done = 0;
    if (tensor->file < 0)
        return wi_protobuf_copy(model->input,
            &(struct wi_protobuf_range){tensor->at + at, tensor->at + at + size}, bytes);
    while (done < size) {
        ssize_t n = model->read(model->source, model->files.items[tensor->file],
            (char *)bytes + done, size - done, tensor->at + at + done);
        if (n <= 0)
            return graph_fail(model, tensor->proto.at,
                "a tensor's bytes cannot be read from the file that it is kept in");
        done += (size_t)n;
    }
    return 0;
}

int wi_graph_check_tensor(struct wi_graph_model *model, const struct wi_graph_tensor *tensor)
{
    char last;
    return tensor->bytes ? wi_graph_read_tensor(model, tensor, tensor->bytes - 1, &last, 1) : 0;
}

/* --- nodes ----------------------------------------------------------------------------------- */

static int graph_read(struct wi_graph_model *model, struct wi_graph *graph);

/* Adds a place to a node's inputs or outputs, and reads the name that goes there; NULL: there is
 * none. 0, or -1. */
static int read_place(struct wi_graph_model *model, const struct wi_protobuf_range *range,
    struct wi_graph_value ***list, size_t *count, char **name)
{
    *name = NULL;
    if (++model->links > MAX_LINKS)
        return graph_fail(model, range->at, "its nodes have too many inputs and outputs");
    *WI_APPEND(*list, *count) = NULL;
    return range->at == range->end ? 0 : graph_read_text(model, range, name);
}

static int read_link(struct wi_graph_model *model, struct wi_graph *graph,
    const struct wi_protobuf_range *range, struct wi_graph_node *node)
{
    char *name;
    int code = read_place(model, range, &node->inputs, &node->input_count, &name);
    if (!name)
        return code;
    struct wi_graph_value *value = wi_graph_find(graph, name);
    free(name);
    if (!value)
        return graph_fail(model, range->at, "a node reads what no node before it has made");
    if (value->tensor)
        value->tensor->uses++;
    node->inputs[node->input_count - 1] = value;
    return 0;
}

static int read_made(struct wi_graph_model *model, struct wi_graph *graph,
    const struct wi_protobuf_range *range, struct wi_graph_node *node)
{
    char *name;
    int code = read_place(model, range, &node->outputs, &node->output_count, &name);
    if (!name)
        return code;
    struct wi_graph_value *value = graph_define(model, graph, range->at, name, WI_ONNX_UNKNOWN);
    node->outputs[node->output_count - 1] = value;
    return value ? 0 : -1;
}

static int add_graph(struct wi_graph_model *model, struct wi_graph *parent,
    struct wi_graph_node *node, struct wi_protobuf_range proto)
{
    struct wi_graph *graph = wi_alloc(sizeof *graph);
    *WI_APPEND(node->graphs, node->graph_count) = graph;
    graph->parent = parent;
    graph->depth = parent->depth + 1;
    graph->proto = proto;
    if (graph->depth > MAX_DEPTH)
        return graph_fail(model, proto.at, "graphs are nested deeper than 16");
    return graph_read(model, graph);
}

/* What an attribute says, for those that are looked at. */
struct attribute {
    char *name;
    int64_t integer;
    float number;
    struct wi_protobuf_range tensor;
};

static int read_attribute(struct wi_graph_model *model, struct wi_graph *graph,
    struct wi_graph_node *node, struct wi_protobuf_range range, struct attribute *attribute)
{
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(model->input, &range, &field)) > 0) {
        if (field.number == WI_ATTRIBUTE_INTEGER && field.wire == WI_WIRE_VARINT)
            attribute->integer = (int64_t)field.value;
        if (field.number == WI_ATTRIBUTE_FLOAT && field.wire == WI_WIRE_FIXED32 &&
            wi_protobuf_copy(model->input, &field.bytes, &attribute->number) < 0)
            return -1;
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_ATTRIBUTE_NAME &&
            graph_read_text(model, &field.bytes, &attribute->name) < 0)
            return -1;
        if (field.number == WI_ATTRIBUTE_TENSOR)
            attribute->tensor = field.bytes;
        if (wi_attribute_has_graph(&field) && add_graph(model, graph, node, field.bytes) < 0)
            return -1;
    }
    return more;
}

static int note_attribute(
    struct wi_graph_model *model, struct wi_graph_node *node, const struct attribute *attribute)
{
    const struct {
        const char *name;
        int64_t *value;
    } integers[] = {{"axis", &node->axis}, {"transA", &node->transposes_a},
        {"transB", &node->transposes_b}, {"to", &node->to}, {"dtype", &node->datatype}};
    if (!attribute->name)
        return 0;
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (strcmp(attribute->name, integers[i].name) == 0)
            *integers[i].value = attribute->integer;
    if (strncmp(attribute->name, "value_float", 11) == 0)
        node->scalar = WI_ONNX_FLOAT;
    if (strncmp(attribute->name, "value_int", 9) == 0)
        node->scalar = WI_ONNX_INT64;
    if (strcmp(attribute->name, "alpha") == 0)
        node->alpha = attribute->number;
    if (strcmp(attribute->name, "beta") == 0)
        node->beta = attribute->number;
    if (strcmp(attribute->name, "value") == 0 && attribute->tensor.end && !node->constant) {
        char *unused = NULL;
        node->constant = wi_alloc(sizeof *node->constant);
        node->constant->proto = attribute->tensor;
        node->constant->is_node = 1;
        model->names += sizeof *node->constant;
        int code = graph_read_tensor(model, node->constant, &unused);
        free(unused);
        node->value = node->constant->datatype;
        return code;
    }
    return 0;
}

/* The value of a node Constant is the same as an initializer of that name. */
static int settle_constant(struct wi_graph_model *model, struct wi_graph_node *node)
{
    struct wi_graph_tensor *constant = node->constant;
    if (constant && node->standard && strcmp(node->op, "Constant") == 0 &&
        node->output_count == 1 && node->outputs[0]) {
        node->outputs[0]->tensor = constant;
        node->outputs[0]->datatype = constant->datatype;
        constant->name = node->outputs[0]->name;
        return 0;
    }
    if (constant && constant->file >= 0)
        return graph_fail(model, node->proto.at, "an attribute's tensor is in another file");
    free(constant);
    node->constant = NULL;
    return 0;
}

/* Comes last: a node's outputs are not available to the graphs in it. */
static int read_all_made(
    struct wi_graph_model *model, struct wi_graph *graph, struct wi_graph_node *node)
{
    struct wi_protobuf_range rest = node->proto;
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(model->input, &rest, &field)) > 0)
        if (field.number == WI_NODE_OUTPUT && field.wire == WI_WIRE_BYTES &&
            read_made(model, graph, &field.bytes, node) < 0)
            return -1;
    return more;
}

static int graph_read_node(
    struct wi_graph_model *model, struct wi_graph *graph, struct wi_graph_node *node)
{
    struct wi_protobuf_range rest = node->proto;
    struct wi_protobuf_field field;
    char *domain = NULL;
    int more;
    node->alpha = node->beta = 1;
    node->standard = 1;
    while ((more = wi_protobuf_next(model->input, &rest, &field)) > 0) {
        int code = 0;
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_NODE_INPUT)
            code = read_link(model, graph, &field.bytes, node);
        else if (field.number == WI_NODE_OP_TYPE)
            code = graph_read_text(model, &field.bytes, &node->op);
        else if (field.number == WI_NODE_DOMAIN)
            code = graph_read_text(model, &field.bytes, &domain);
        else if (field.number == WI_NODE_ATTRIBUTE) {
            struct attribute attribute = {0};
            code = read_attribute(model, graph, node, field.bytes, &attribute);
            if (code == 0)
                code = note_attribute(model, node, &attribute);
            free(attribute.name);
        }
        if (code < 0)
            break;
    }
    node->standard = is_standard(domain);
    node->microsoft = is_microsoft(domain);
    free(domain);
    if (more != 0)
        return -1;
    if (!node->op)
        return graph_fail(model, node->proto.at, "a node has no operator");
    return read_all_made(model, graph, node) == 0 ? settle_constant(model, node) : -1;
}

/* --- graphs ---------------------------------------------------------------------------------- */

static int add_node(
    struct wi_graph_model *model, struct wi_graph *graph, struct wi_protobuf_range proto)
{
    if (++model->nodes > MAX_NODES)
        return graph_fail(model, proto.at, "it has more than 200000 nodes");
    struct wi_graph_node *node = WI_APPEND(graph->nodes, graph->node_count);
    *node = (struct wi_graph_node){.proto = proto};
    return graph_read_node(model, graph, node);
}

static int graph_read(struct wi_graph_model *model, struct wi_graph *graph)
{
    static const struct {
        uint32_t number;
        int (*read)(
            struct wi_graph_model *model, struct wi_graph *graph, struct wi_protobuf_range field);
    } kinds[] = {{WI_GRAPH_INITIALIZER, read_initializer},
        {WI_GRAPH_SPARSE_INITIALIZER, read_sparse}, {WI_GRAPH_INPUT, graph_read_input},
        {WI_GRAPH_NODE, add_node}, {WI_GRAPH_OUTPUT, read_output}};
    struct wi_protobuf_field field;
    int more = 0;
    for (size_t i = 0; more == 0 && i < sizeof kinds / sizeof *kinds; i++) {
        struct wi_protobuf_range rest = graph->proto;
        while ((more = wi_protobuf_next(model->input, &rest, &field)) > 0)
            if (field.number == kinds[i].number && field.wire == WI_WIRE_BYTES &&
                kinds[i].read(model, graph, field.bytes) < 0)
                return -1;
    }
    return more;
}

static int read_opset(struct wi_graph_model *model, struct wi_protobuf_range opset)
{
    struct wi_protobuf_field field;
    int64_t version = 0;
    char *domain = NULL;
    int more;
    while ((more = wi_protobuf_next(model->input, &opset, &field)) > 0) {
        if (field.number == WI_OPSET_VERSION && field.wire == WI_WIRE_VARINT)
            version = (int64_t)field.value;
        if (field.number == WI_OPSET_DOMAIN && field.wire == WI_WIRE_BYTES &&
            graph_read_text(model, &field.bytes, &domain) < 0)
            return -1;
    }
    if (more == 0 && is_standard(domain))
        model->opset = version;
    else if (more == 0 && is_microsoft(domain))
        model->has_microsoft = 1;
    free(domain);
    return more;
}

int wi_graph_read(struct wi_graph_model *model)
{
    struct wi_protobuf_range rest = {0, model->input->size};
    struct wi_protobuf_field field;
    int more, graphs = 0;
    model->graph = wi_alloc(sizeof *model->graph);
    while ((more = wi_protobuf_next(model->input, &rest, &field)) > 0) {
        if (field.number == WI_MODEL_IR_VERSION && field.wire == WI_WIRE_VARINT)
            model->ir_version = (int64_t)field.value;
        if (field.wire != WI_WIRE_BYTES)
            continue;
        model->has_more |= field.number == WI_MODEL_FUNCTIONS;
        if (field.number == WI_MODEL_OPSET_IMPORT && read_opset(model, field.bytes) < 0)
            return -1;
        if (field.number != WI_MODEL_GRAPH)
            continue;
        if (graphs++)
            return graph_fail(model, field.bytes.at, "there are two graphs");
        model->graph->proto = field.bytes;
        if (graph_read(model, model->graph) < 0)
            return -1;
    }
    if (more == 0 && !graphs)
        return graph_fail(model, 0, "there is no graph in it");
    return more;
}

/* --- the end --------------------------------------------------------------------------------- */

static void clear_graph(struct wi_graph *graph)
{
    struct wi_graph_value *value;
    for (size_t i = 0; i < graph->node_count; i++) {
        struct wi_graph_node *node = &graph->nodes[i];
        for (size_t k = 0; k < node->graph_count; k++)
            clear_graph(node->graphs[k]);
        free(node->graphs);
        free(node->inputs);
        free(node->outputs);
        free(node->constant);
        free(node->op);
    }
    for (size_t i = 0; i < graph->tensor_count; i++)
        free(graph->tensors[i]);
    while ((value = WI_TABLE_TAKE(graph->values))) {
        free(value->name);
        free(value->half);
        for (int i = 0; i < 3; i++)
            free(value->dynamic[i]);
        free(value);
    }
    free(graph->nodes);
    free(graph->tensors);
    free(graph->outputs);
    free(graph);
}

void wi_graph_clear(struct wi_graph_model *model)
{
    if (model->graph)
        clear_graph(WI_TAKE(model->graph));
    wi_strings_clear(&model->files);
}
