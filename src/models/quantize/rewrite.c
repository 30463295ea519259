/* The walk over a model that is rewritten. */
#include "models/quantize/rewrite.h"

#include "base/protobuf_put.h"
#include <stdlib.h>
#include <string.h>

#define IR_VERSION_LEAST 4 /* from here on an initializer need not be an input as well */

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
        int is_graph = field.wire == WI_WIRE_BYTES &&
                       (field.number == WI_ATTRIBUTE_GRAPH || field.number == WI_ATTRIBUTE_GRAPHS);
        struct wi_buffer inner = {0};
        int code = 0;
        if (is_graph) {
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
        if (field.number != WI_VALUE_NAME || field.wire != WI_WIRE_BYTES)
            continue;
        char *name = wi_protobuf_text(output->model->input, &field.bytes, WI_GRAPH_NAME_MAX);
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
