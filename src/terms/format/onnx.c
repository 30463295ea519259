/*
 * The graph's inputs and outputs from an ONNX file: ModelProto → GraphProto → ValueInfoProto →
 * TypeProto → TensorShapeProto, field numbers from onnx.proto. Inputs that have an initializer are
 * constants with a default and do not count as inputs. Nodes are looked at for what onnx_nodes.c
 * wants to know: whether an engine knows the operators is for the engine to say.
 */
#include "terms/format/onnx.h"

#include "base/memory.h"
#include "base/protobuf.h"
#include "base/table.h"
#include "terms/format/onnx_fields.h"
#include "terms/format/onnx_private.h"
#include "terms/model/view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An old file lists its weights among the inputs, so there may be many more than we serve. */
enum { MAX_VALUES = 65536 };

/* A graph input while initializers may still take it away. */
struct entry {
    struct wi_onnx_value value;
    int initialized;
    UT_hash_handle hh;
};

struct walk {
    struct wi_protobuf *input;
    struct wi_onnx_signature *signature;
    struct entry *inputs; /* by name, in the file's order */
    size_t input_count;
    struct wi_onnx_ranges *ranges;
    struct wi_protobuf_range graph; /* the last one */
    int graphs;
};

static int walk_fail(struct walk *walk, uint64_t at, const char *problem)
{
    return wi_protobuf_fail(walk->input, at, problem);
}

/* --- values ----------------------------------------------------------------------------------- */

/* The place of a size's name among those of the graph, plus 1. */
static uint16_t find_symbol(struct wi_strings *symbols, const char *name)
{
    for (size_t i = 0; i < symbols->count; i++)
        if (strcmp(symbols->items[i], name) == 0)
            return (uint16_t)(i + 1);
    if (symbols->count == WI_ONNX_SYMBOLS_MAX || !*name)
        return 0;
    wi_strings_add(symbols, name);
    return (uint16_t)symbols->count;
}

/* A name that we cannot read is no name, and no fault of the model. */
static uint16_t read_symbol(struct walk *walk, const struct wi_protobuf_range *range, int *is_batch)
{
    const char *problem = walk->input->problem;
    char *name = wi_protobuf_text(walk->input, range, 64);
    uint16_t symbol = name ? find_symbol(&walk->signature->symbols, name) : 0;

    *is_batch = name && (strcmp(name, "N") == 0 || strcasestr(name, "batch"));
    if (!name)
        walk->input->problem = problem;
    free(name);
    return symbol;
}

static int read_dim(
    struct walk *walk, struct wi_protobuf_range dim, int64_t *size, uint16_t *symbol, int *is_batch)
{
    struct wi_protobuf_field field;
    int more;

    *size = -1; /* a name, or nothing: free */
    *symbol = 0;
    *is_batch = 0;
    while ((more = wi_protobuf_next(walk->input, &dim, &field)) > 0) {
        if (field.number == WI_DIM_VALUE && field.wire == WI_WIRE_VARINT) {
            *size = (int64_t)field.value < 0 ? -1 : (int64_t)field.value;
            *symbol = 0;
        } else if (field.number == WI_DIM_PARAM && field.wire == WI_WIRE_BYTES) {
            *size = -1;
            *symbol = read_symbol(walk, &field.bytes, is_batch);
        }
    }
    return more;
}

static int read_shape(
    struct walk *walk, struct wi_protobuf_range shape, struct wi_onnx_value *value)
{
    struct wi_protobuf_field field;
    int more;

    value->has_shape = 1;
    value->rank = 0;
    while ((more = wi_protobuf_next(walk->input, &shape, &field)) > 0) {
        if (field.number != WI_SHAPE_DIM || field.wire != WI_WIRE_BYTES)
            continue;
        if (value->rank == WI_TENSOR_MAX_RANK)
            return walk_fail(walk, field.bytes.at, "a value has more than 16 dimensions");
        unsigned at = value->rank++;
        int is_batch;
        if (read_dim(walk, field.bytes, &value->dims[at], &value->symbols[at], &is_batch) < 0)
            return -1;
        if (at == 0)
            value->is_batch = is_batch && value->dims[0] < 0;
    }
    return more;
}

static int read_type(struct walk *walk, struct wi_protobuf_range type, struct wi_onnx_value *value)
{
    struct wi_protobuf_field field, part;
    int more, inner;

    while ((more = wi_protobuf_next(walk->input, &type, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_VALUE_IS_SEQUENCE || field.number == WI_VALUE_IS_MAP ||
            field.number == WI_VALUE_IS_SPARSE || field.number == WI_VALUE_IS_OPTIONAL)
            value->tensor = 0;
        if (field.number != WI_VALUE_IS_TENSOR)
            continue;
        while ((inner = wi_protobuf_next(walk->input, &field.bytes, &part)) > 0) {
            if (part.number == WI_TYPE_TENSOR_ELEMENT && part.wire == WI_WIRE_VARINT)
                value->has_datatype = part.value <= INT32_MAX &&
                                      wi_datatype_from_onnx((int)part.value, &value->datatype) == 0;
            else if (part.number == WI_TYPE_TENSOR_SHAPE && part.wire == WI_WIRE_BYTES &&
                     read_shape(walk, part.bytes, value) < 0)
                return -1;
        }
        if (inner < 0)
            return -1;
    }
    return more;
}

/* Fills `value`; its name is the caller's to free, also after a failure. */
static int walk_read_value(
    struct walk *walk, struct wi_protobuf_range info, struct wi_onnx_value *value)
{
    struct wi_protobuf_field field;
    uint64_t start = info.at;
    int more;

    *value = (struct wi_onnx_value){.tensor = 1};
    while ((more = wi_protobuf_next(walk->input, &info, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_VALUE_NAME) {
            free(value->name);
            value->name = wi_protobuf_text(walk->input, &field.bytes, WI_TENSOR_NAME_MAX);
            if (!value->name)
                return -1;
        } else if (field.number == WI_VALUE_TYPE && read_type(walk, field.bytes, value) < 0) {
            return -1;
        }
    }
    if (more == 0 && (!value->name || !*value->name))
        return walk_fail(walk, start, "an input or output has no name");
    return more;
}

static int walk_read_input(struct walk *walk, struct wi_protobuf_range info)
{
    struct entry *entry = wi_alloc(sizeof *entry), *twin;

    if (walk_read_value(walk, info, &entry->value) < 0)
        goto failed;
    HASH_FIND_STR(walk->inputs, entry->value.name, twin);
    if (twin || walk->input_count == MAX_VALUES) {
        walk_fail(walk, info.at, twin ? "two inputs have the same name" : "too many inputs");
        goto failed;
    }
    HASH_ADD_KEYPTR(hh, walk->inputs, entry->value.name, strlen(entry->value.name), entry);
    walk->input_count++;
    return 0;
failed:
    free(entry->value.name);
    free(entry);
    return -1;
}

static int read_output(struct walk *walk, struct wi_protobuf_range info)
{
    struct wi_onnx_signature *signature = walk->signature;
    struct wi_onnx_value value;

    if (walk_read_value(walk, info, &value) < 0)
        goto failed;
    if (signature->output_count == WI_TENSORS_MAX) {
        walk_fail(walk, info.at, "more than 1024 outputs");
        goto failed;
    }
    signature->outputs =
        wi_realloc_array(signature->outputs, signature->output_count + 1, sizeof value);
    signature->outputs[signature->output_count++] = value;
    return 0;
failed:
    free(value.name);
    return -1;
}

/* --- initializers ----------------------------------------------------------------------------- */

/* Weights of 16 bits mean computing in 16 bits. */
static int is_half(uint64_t onnx_type)
{
    enum wi_datatype type;

    return onnx_type <= INT32_MAX && wi_datatype_from_onnx((int)onnx_type, &type) == 0 &&
           (type == WI_FP16 || type == WI_BF16);
}

/* Inputs may come after their initializers, so this runs in a second pass over the graph. */
static int read_initializer(struct walk *walk, struct wi_protobuf_range tensor)
{
    struct wi_protobuf_field field;
    struct entry *entry;
    int more;

    if (wi_onnx_read_external(walk->input, tensor, walk->signature) < 0)
        return -1;
    while ((more = wi_protobuf_next(walk->input, &tensor, &field)) > 0) {
        if (field.number == WI_TENSOR_DATA_TYPE && field.wire == WI_WIRE_VARINT)
            walk->signature->quantised |= is_half(field.value);
        if (field.number != WI_TENSOR_NAME || field.wire != WI_WIRE_BYTES || !walk->inputs)
            continue;
        char *name = wi_protobuf_text(walk->input, &field.bytes, WI_TENSOR_NAME_MAX);
        if (!name)
            return -1;
        HASH_FIND_STR(walk->inputs, name, entry);
        if (entry)
            entry->initialized = 1;
        free(name);
    }
    return more;
}

static int read_dense_initializer(struct walk *walk, struct wi_protobuf_range tensor)
{
    int code = read_initializer(walk, tensor);

    return code == 0 ? wi_onnx_ranges_initializer(walk->ranges, walk->input, tensor) : code;
}

static int read_sparse_initializer(struct walk *walk, struct wi_protobuf_range sparse)
{
    struct wi_protobuf_field field;
    int more;

    while ((more = wi_protobuf_next(walk->input, &sparse, &field)) > 0)
        if (field.number == WI_SPARSE_TENSOR_VALUES && field.wire == WI_WIRE_BYTES &&
            read_initializer(walk, field.bytes) < 0)
            return -1;
    return more;
}

/* --- graph and model -------------------------------------------------------------------------- */

static int read_graph_node(struct walk *walk, struct wi_protobuf_range node)
{
    int code = wi_onnx_read_node(walk->input, node, walk->signature);

    return code == 0 ? wi_onnx_ranges_node(walk->ranges, walk->input, node) : code;
}

static int walk_read_graph(struct walk *walk, struct wi_protobuf_range graph)
{
    struct wi_protobuf_range again = graph;
    struct wi_protobuf_field field;
    int more, code = 0;

    walk->graph = graph;
    while (code == 0 && (more = wi_protobuf_next(walk->input, &graph, &field)) != 0) {
        if (more < 0)
            return -1;
        if (field.number == WI_GRAPH_INPUT && field.wire == WI_WIRE_BYTES)
            code = walk_read_input(walk, field.bytes);
        else if (field.number == WI_GRAPH_OUTPUT && field.wire == WI_WIRE_BYTES)
            code = read_output(walk, field.bytes);
        else if (field.number == WI_GRAPH_NODE && field.wire == WI_WIRE_BYTES)
            code = read_graph_node(walk, field.bytes);
    }
    while (code == 0 && (more = wi_protobuf_next(walk->input, &again, &field)) != 0) {
        if (more < 0)
            return -1;
        if (field.number == WI_GRAPH_INITIALIZER && field.wire == WI_WIRE_BYTES)
            code = read_dense_initializer(walk, field.bytes);
        else if (field.number == WI_GRAPH_SPARSE_INITIALIZER && field.wire == WI_WIRE_BYTES)
            code = read_sparse_initializer(walk, field.bytes);
    }
    return code;
}

/* An operator that the model defines by others. */
static int read_function(struct walk *walk, struct wi_protobuf_range function)
{
    struct wi_protobuf_field field;
    int more;

    while ((more = wi_protobuf_next(walk->input, &function, &field)) > 0)
        if (field.number == WI_FUNCTION_NODE && field.wire == WI_WIRE_BYTES &&
            wi_onnx_read_node(walk->input, field.bytes, walk->signature) < 0)
            return -1;
    return more;
}

static int read_opset(struct walk *walk, struct wi_protobuf_range opset)
{
    struct wi_protobuf_field field;
    int64_t version = 0;
    int more, standard = 1;

    while ((more = wi_protobuf_next(walk->input, &opset, &field)) > 0) {
        if (field.number == WI_OPSET_VERSION && field.wire == WI_WIRE_VARINT) {
            version = (int64_t)field.value;
        } else if (field.number == WI_OPSET_DOMAIN && field.wire == WI_WIRE_BYTES) {
            char *domain = wi_protobuf_text(walk->input, &field.bytes, WI_TENSOR_NAME_MAX);

            if (!domain)
                return -1;
            standard = !*domain || strcmp(domain, "ai.onnx") == 0;
            free(domain);
        }
    }
    if (standard)
        walk->signature->opset = version;
    return more;
}

static int walk_read_model(struct walk *walk)
{
    struct wi_protobuf_range model = {0, walk->input->size};
    struct wi_protobuf_field field;
    int more, code = 0;

    while (code == 0 && (more = wi_protobuf_next(walk->input, &model, &field)) != 0) {
        if (more < 0)
            return -1;
        if (field.number == WI_MODEL_IR_VERSION && field.wire == WI_WIRE_VARINT)
            walk->signature->ir_version = (int64_t)field.value;
        else if (field.number == WI_MODEL_OPSET_IMPORT && field.wire == WI_WIRE_BYTES)
            code = read_opset(walk, field.bytes);
        else if (field.number == WI_MODEL_FUNCTIONS && field.wire == WI_WIRE_BYTES)
            code = read_function(walk, field.bytes);
        else if (field.number == WI_MODEL_GRAPH && field.wire == WI_WIRE_BYTES)
            code = walk->graphs++ ? walk_fail(walk, field.bytes.at, "there are two graphs")
                                  : walk_read_graph(walk, field.bytes);
    }
    if (code == 0 && !walk->graphs)
        return walk_fail(walk, 0, "there is no graph in it");
    if (code == 0 && walk->signature->output_count == 0)
        return walk_fail(walk, 0, "its graph has no outputs");
    return code;
}

/* Moves the inputs that are left into the signature. */
static int take_inputs(struct walk *walk, int code)
{
    struct wi_onnx_signature *signature = walk->signature;
    struct entry *entry;
    size_t left = 0;

    for (entry = walk->inputs; entry; entry = entry->hh.next)
        left += !entry->initialized;
    if (code == 0 && left > WI_TENSORS_MAX)
        code = walk_fail(walk, 0, "its graph has more than 1024 inputs");
    if (code == 0)
        signature->inputs = wi_alloc(left * sizeof *signature->inputs);
    while ((entry = WI_TABLE_TAKE(walk->inputs))) {
        if (code == 0 && !entry->initialized)
            signature->inputs[signature->input_count++] = entry->value;
        else
            free(entry->value.name);
        free(entry);
    }
    return code;
}

/* What people put in the place of a model by accident. */
static const char *guess_text(const struct wi_protobuf *input)
{
    unsigned char head[WI_GUESS_BYTES];
    size_t length = input->size < sizeof head ? (size_t)input->size : sizeof head;

    if (input->bytes)
        memcpy(head, input->bytes, length);
    else if (input->read(input->source, head, length, 0) != (ssize_t)length)
        return NULL;
    return wi_guess_text(head, length);
}

static enum wi_code read_input_file(
    struct wi_protobuf *input, struct wi_onnx_signature *signature, struct wi_error *error)
{
    struct walk walk = {.input = input, .signature = signature};
    const char *text = guess_text(input);

    *signature = (struct wi_onnx_signature){0};
    if (text)
        return wi_error_set(
            error, WI_MODEL_INVALID, "model.onnx", "the file is no ONNX model: %s", text);
    walk.ranges = wi_onnx_ranges_new();
    int code = take_inputs(&walk, walk_read_model(&walk));
    if (code == 0)
        code = wi_onnx_empty_find(input, walk.graph, signature);
    if (code == 0)
        wi_onnx_ranges_end(walk.ranges, signature);
    wi_onnx_ranges_free(walk.ranges);
    if (code == 0)
        return WI_OK;
    wi_onnx_clear(signature);
    return wi_error_set(error, WI_MODEL_INVALID, "model.onnx",
        "the file is no whole ONNX model: %s (byte %" PRIu64 " of %" PRIu64 ")", input->problem,
        input->problem_at, input->size);
}

enum wi_code wi_onnx_read(const unsigned char *bytes, size_t size,
    struct wi_onnx_signature *signature, struct wi_error *error)
{
    static const unsigned char nothing[1];
    struct wi_protobuf *input = wi_alloc(sizeof *input);

    input->bytes = bytes ? bytes : nothing;
    input->size = size;
    enum wi_code code = read_input_file(input, signature, error);
    free(input);
    return code;
}

enum wi_code wi_onnx_read_from(wi_protobuf_read_fn *read, void *source, uint64_t size,
    const atomic_int *stop, struct wi_onnx_signature *signature, struct wi_error *error)
{
    struct wi_protobuf *input = wi_alloc(sizeof *input);

    input->stop = stop;
    input->read = read;
    input->source = source;
    input->size = size;
    enum wi_code code = read_input_file(input, signature, error);
    free(input);
    return code;
}

static ssize_t file_read_at(void *source, void *bytes, size_t size, uint64_t at)
{
    const int *fd = source;
    return pread(*fd, bytes, size, (off_t)at);
}

enum wi_code wi_onnx_read_file(int fd, uint64_t size, const atomic_int *stop,
    struct wi_onnx_signature *signature, struct wi_error *error)
{
    return wi_onnx_read_from(file_read_at, &fd, size, stop, signature, error);
}
