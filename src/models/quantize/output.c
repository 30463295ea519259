/* Messages of the new model, and the walk over the one that is rewritten. */
#include "models/quantize/output.h"

#include "base/memory.h"
#include "base/protobuf_put.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>

/* Tensors below these bytes stay in the model's own file. */
#define EXTERNAL_LEAST 1024
/* The alignment of tensors in the data file, which onnxruntime prefers in memory. */
#define ALIGNMENT 64
#define PIECE 65536
#define IR_VERSION_LEAST 4 /* from here on an initializer need not be an input as well */

int wi_output_copy(struct wi_quantize_output *output, struct wi_buffer *message,
    const struct wi_protobuf_range *range)
{
    struct wi_protobuf_range piece = *range;
    char bytes[16384];
    for (; piece.at < range->end; piece.at = piece.end) {
        piece.end = range->end - piece.at < sizeof bytes ? range->end : piece.at + sizeof bytes;
        if (wi_protobuf_copy(output->model->input, &piece, bytes) < 0)
            return -1;
        wi_buffer_add(message, bytes, (size_t)(piece.end - piece.at));
    }
    return 0;
}

int wi_output_copy_field(struct wi_quantize_output *output, struct wi_buffer *message,
    uint32_t number, const struct wi_protobuf_range *range)
{
    wi_protobuf_put_head(message, number, range->end - range->at);
    return wi_output_copy(output, message, range);
}

/* --- tensors --------------------------------------------------------------------------------- */

static int write_data(struct wi_quantize_output *output, const void *bytes, size_t size)
{
    if (output->quantize->write(output->quantize->sink, 1, bytes, size) != 0) {
        output->why = errno;
        return -1;
    }
    output->data_size += size;
    return 0;
}

static int output_align(struct wi_quantize_output *output)
{
    static const char zeros[ALIGNMENT];
    size_t over = output->data_size % ALIGNMENT;
    return over ? write_data(output, zeros, ALIGNMENT - over) : 0;
}

static void put_entry(struct wi_buffer *tensor, const char *key, const char *value)
{
    struct wi_buffer entry = {0};
    wi_protobuf_put_text(&entry, 1, key);
    wi_protobuf_put_text(&entry, 2, value);
    wi_protobuf_put_message(tensor, WI_TENSOR_EXTERNAL_DATA, &entry);
}

static void put_place(struct wi_quantize_output *output, struct wi_buffer *tensor, uint64_t size)
{
    char digits[WI_DIGITS_SIZE];
    put_entry(tensor, "location", output->quantize->data_name);
    put_entry(tensor, "offset", wi_digits(digits, output->data_size));
    put_entry(tensor, "length", wi_digits(digits, size));
    wi_protobuf_put_number(tensor, WI_TENSOR_DATA_LOCATION, 1);
}

static int goes_beside(const struct wi_quantize_output *output, uint64_t size)
{
    return output->external && size >= EXTERNAL_LEAST;
}

int wi_output_tensor(
    struct wi_quantize_output *output, struct wi_buffer *graph, const struct wi_new_tensor *tensor)
{
    struct wi_buffer message = {0};
    int code = 0;
    for (unsigned i = 0; i < tensor->rank; i++)
        wi_protobuf_put_number(&message, WI_TENSOR_DIMS, tensor->dims[i]);
    wi_protobuf_put_number(&message, WI_TENSOR_DATA_TYPE, (uint64_t)tensor->datatype);
    wi_protobuf_put_text(&message, WI_TENSOR_NAME, tensor->name);
    if (goes_beside(output, tensor->size)) {
        code = output_align(output);
        put_place(output, &message, tensor->size);
        if (code == 0)
            code = write_data(output, tensor->bytes, tensor->size);
    } else {
        wi_protobuf_put_bytes(&message, WI_TENSOR_RAW_DATA, tensor->bytes, tensor->size);
    }
    wi_protobuf_put_message(graph, WI_GRAPH_INITIALIZER, &message);
    return code;
}

/* The bytes of a tensor, to where they go. */
static int copy_bytes(struct wi_quantize_output *output, struct wi_buffer *message,
    const struct wi_graph_tensor *tensor)
{
    char *bytes = wi_alloc(PIECE);
    int code = 0, beside = goes_beside(output, tensor->bytes);
    if (!beside)
        wi_protobuf_put_head(message, WI_TENSOR_RAW_DATA, tensor->bytes);
    else if ((code = output_align(output)) == 0)
        put_place(output, message, tensor->bytes);
    for (uint64_t at = 0; code == 0 && at < tensor->bytes; at += PIECE) {
        size_t size = (size_t)(tensor->bytes - at < PIECE ? tensor->bytes - at : PIECE);
        code = wi_graph_read_tensor(output->model, tensor, at, bytes, size);
        if (code == 0 && beside)
            code = write_data(output, bytes, size);
        else if (code == 0)
            wi_buffer_add(message, bytes, size);
    }
    free(bytes);
    return code;
}

/* All fields of a tensor but those that have its bytes or say where they are. */
static int copy_rest(struct wi_quantize_output *output, struct wi_buffer *message,
    const struct wi_graph_tensor *tensor)
{
    struct wi_protobuf_range rest = tensor->proto;
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(output->model->input, &rest, &field)) > 0) {
        int is_bytes = field.number == WI_TENSOR_FLOAT_DATA || field.number == WI_TENSOR_RAW_DATA ||
                       field.number == WI_TENSOR_EXTERNAL_DATA ||
                       field.number == WI_TENSOR_DATA_LOCATION ||
                       (tensor->is_node && field.number == WI_TENSOR_NAME);
        if (!is_bytes && wi_output_copy(output, message, &field.whole) < 0)
            return -1;
    }
    return more;
}

int wi_output_moves(const struct wi_quantize_output *output, const struct wi_graph_tensor *tensor)
{
    return tensor->bytes > 0 && (goes_beside(output, tensor->bytes) || tensor->file >= 0);
}

int wi_output_copy_tensor(struct wi_quantize_output *output, struct wi_buffer *graph,
    const struct wi_graph_tensor *tensor)
{
    struct wi_buffer message = {0};
    if (!tensor->is_node && !wi_output_moves(output, tensor))
        return wi_output_copy_field(output, graph, WI_GRAPH_INITIALIZER, &tensor->proto);
    int code = copy_rest(output, &message, tensor);
    if (code == 0 && tensor->is_node)
        wi_protobuf_put_text(&message, WI_TENSOR_NAME, tensor->name);
    if (code == 0)
        code = copy_bytes(output, &message, tensor);
    wi_protobuf_put_message(graph, WI_GRAPH_INITIALIZER, &message);
    return code;
}

void wi_output_progress(struct wi_quantize_output *output, uint64_t bytes)
{
    output->done += bytes;
    output->quantize->progress(output->quantize->sink, output->done, output->total);
}

/* --- nodes ----------------------------------------------------------------------------------- */

void wi_output_integer(struct wi_buffer *attributes, const char *name, int64_t value)
{
    struct wi_buffer attribute = {0};
    wi_protobuf_put_text(&attribute, WI_ATTRIBUTE_NAME, name);
    wi_protobuf_put_number(&attribute, WI_ATTRIBUTE_INTEGER, (uint64_t)value);
    wi_protobuf_put_number(&attribute, WI_ATTRIBUTE_TYPE, WI_ATTRIBUTE_IS_INTEGER);
    wi_protobuf_put_message(attributes, WI_NODE_ATTRIBUTE, &attribute);
}

void wi_output_node(struct wi_buffer *graph, const char *op, const char *domain,
    const char *const *inputs, const char *const *outputs, struct wi_buffer *attributes)
{
    struct wi_buffer node = {0};
    for (; *inputs; inputs++)
        wi_protobuf_put_text(&node, WI_NODE_INPUT, *inputs);
    for (const char *const *output = outputs; *output; output++)
        wi_protobuf_put_text(&node, WI_NODE_OUTPUT, *output);
    /* onnxruntime names a node by this in its messages. */
    wi_protobuf_put_text(&node, WI_NODE_NAME, outputs[0]);
    wi_protobuf_put_text(&node, WI_NODE_OP_TYPE, op);
    if (attributes && attributes->size)
        wi_buffer_add(&node, attributes->text, attributes->size);
    if (attributes)
        wi_buffer_clear(attributes);
    if (*domain)
        wi_protobuf_put_text(&node, WI_NODE_DOMAIN, domain);
    wi_protobuf_put_message(graph, WI_GRAPH_NODE, &node);
}

char *wi_output_name(struct wi_quantize_output *output, const char *like, const char *what)
{
    return wi_sprintf("%s%u/%.512s/%s", output->prefix, output->serial++, like, what);
}

/* --- the source, rewritten ------------------------------------------------------------------- */

static int put_graph(
    struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph);

/* Copies an attribute, except its graphs, which are those of `node` from *at on, and the type that
 * a Cast casts to, which becomes `to` unless that is 0. */
static int put_attribute(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph_node *node, struct wi_protobuf_range attribute, size_t *at, int64_t to)
{
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(output->model->input, &attribute, &field)) > 0) {
        struct wi_buffer inner = {0};
        int code = 0;
        if (wi_attribute_has_graph(&field)) {
            code = put_graph(output, &inner, node->graphs[(*at)++]);
            wi_protobuf_put_message(out, field.number, &inner);
        } else if (to && field.number == WI_ATTRIBUTE_INTEGER) {
            wi_protobuf_put_number(out, WI_ATTRIBUTE_INTEGER, (uint64_t)to);
        } else {
            code = wi_output_copy(output, out, &field.whole);
        }
        if (code < 0)
            return -1;
    }
    return more;
}

/* The other name of the link that `field` is; NULL: it is none, or has none. */
static const char *other_name(const struct wi_rewrite_names *names,
    const struct wi_protobuf_field *field, size_t *inputs, size_t *outputs)
{
    if (!names || field->wire != WI_WIRE_BYTES)
        return NULL;
    if (field->number == WI_NODE_INPUT)
        return names->inputs[(*inputs)++];
    return field->number == WI_NODE_OUTPUT ? names->outputs[(*outputs)++] : NULL;
}

int wi_rewrite_node(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct wi_rewrite_names *names)
{
    struct wi_protobuf_range rest = node->proto;
    struct wi_protobuf_field field;
    struct wi_buffer message = {0};
    size_t at = 0, inputs = 0, outputs = 0;
    int more;
    if (!names && node->graph_count == 0)
        return wi_output_copy_field(output, out, WI_GRAPH_NODE, &node->proto);
    while ((more = wi_protobuf_next(output->model->input, &rest, &field)) > 0) {
        const char *name = other_name(names, &field, &inputs, &outputs);
        struct wi_buffer attribute = {0};
        int code = 0;
        if (name) {
            wi_protobuf_put_text(&message, field.number, name);
        } else if (field.number == WI_NODE_ATTRIBUTE && field.wire == WI_WIRE_BYTES) {
            code = put_attribute(output, &attribute, node, field.bytes, &at, names ? names->to : 0);
            wi_protobuf_put_message(&message, WI_NODE_ATTRIBUTE, &attribute);
        } else {
            code = wi_output_copy(output, &message, &field.whole);
        }
        if (code < 0)
            break;
    }
    wi_protobuf_put_message(out, WI_GRAPH_NODE, &message);
    return more == 0 ? 0 : -1;
}

/* Whether a ValueInfoProto is of something that has an initializer: 1, 0, or -1. */
static int has_tensor(
    struct wi_quantize_output *output, const struct wi_graph *graph, struct wi_protobuf_range info)
{
    const struct wi_graph_value *value = NULL;
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(output->model->input, &info, &field)) > 0) {
        char *name;
        if (field.number != WI_VALUE_NAME || field.wire != WI_WIRE_BYTES)
            continue;
        name = wi_protobuf_text(output->model->input, &field.bytes, WI_GRAPH_NAME_MAX);
        if (!name)
            return -1;
        HASH_FIND_STR(graph->values, name, value);
        free(name);
    }
    return more < 0 ? -1 : value && value->tensor;
}

/* An input that has an initializer is none, and would keep its weights from being constant. */
static int put_info(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, uint32_t number, const struct wi_protobuf_range *info)
{
    int is_constant = number == WI_GRAPH_INPUT ? has_tensor(output, graph, *info) : 0;
    if (is_constant)
        return is_constant < 0 ? -1 : 0;
    return output->rewrite->info ? output->rewrite->info(output, out, graph, number, info)
                                 : wi_output_copy_field(output, out, number, info);
}

static int put_fields(
    struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph)
{
    struct wi_protobuf_range rest = graph->proto;
    struct wi_protobuf_field field;
    size_t node = 0, tensor = 0;
    int more;
    while ((more = wi_protobuf_next(output->model->input, &rest, &field)) > 0) {
        uint32_t number = field.wire == WI_WIRE_BYTES ? field.number : 0;
        int code;
        if (number == WI_GRAPH_NODE)
            code = output->rewrite->node(output, out, graph, &graph->nodes[node++]);
        else if (number == WI_GRAPH_INITIALIZER)
            code = output->rewrite->tensor(output, out, graph, graph->tensors[tensor++]);
        else if (number == WI_GRAPH_INPUT || number == WI_GRAPH_OUTPUT ||
                 number == WI_GRAPH_VALUE_INFO)
            code = put_info(output, out, graph, number, &field.bytes);
        else
            code = wi_output_copy(output, out, &field.whole);
        if (code < 0)
            return -1;
    }
    return more;
}

static int put_graph(
    struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph)
{
    if (output->rewrite->begin)
        output->rewrite->begin(output, out, graph);
    int code = put_fields(output, out, graph);
    if (code == 0 && output->rewrite->end)
        output->rewrite->end(output, out, graph);
    return code;
}

int wi_rewrite_model(struct wi_quantize_output *output, struct wi_buffer *message)
{
    const struct wi_graph_model *model = output->model;
    struct wi_protobuf_range rest = {0, model->input->size};
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(model->input, &rest, &field)) > 0) {
        struct wi_buffer graph = {0};
        int code = 0;
        if (field.number == WI_MODEL_GRAPH && field.wire == WI_WIRE_BYTES) {
            code = put_graph(output, &graph, model->graph);
            wi_protobuf_put_message(message, WI_MODEL_GRAPH, &graph);
        } else if (field.number != WI_MODEL_IR_VERSION) {
            code = wi_output_copy(output, message, &field.whole);
        }
        if (code < 0)
            return -1;
    }
    wi_protobuf_put_number(message, WI_MODEL_IR_VERSION,
        (uint64_t)(model->ir_version < IR_VERSION_LEAST ? IR_VERSION_LEAST : model->ir_version));
    return more;
}
