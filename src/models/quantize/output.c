/* Messages of the new model. */
#include "models/quantize/output.h"

#include "base/memory.h"
#include "base/protobuf_put.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Tensors below these bytes stay in the model's own file. */
#define EXTERNAL_LEAST 1024
/* The alignment of tensors in the data file, which onnxruntime prefers in memory. */
#define ALIGNMENT 64
#define PIECE 65536

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
    char number[24];
    put_entry(tensor, "location", output->quantize->data_name);
    snprintf(number, sizeof number, "%llu", (unsigned long long)output->data_size);
    put_entry(tensor, "offset", number);
    snprintf(number, sizeof number, "%llu", (unsigned long long)size);
    put_entry(tensor, "length", number);
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
