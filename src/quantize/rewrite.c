/* Nodes and weights of 4 and 8 bits. */
#include "quantize/rewrite.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

#define MICROSOFT "com.microsoft"
#define IR_VERSION_LEAST 4 /* from here on an initializer need not be an input as well */

struct rewrite {
    struct wi_output *output;
    struct wi_plan *plan;
    struct wi_quantize_problem *problem;
    struct wi_buffer *tensors; /* initializers of the outermost graph that are new */
};

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- weights --------------------------------------------------------------------------------- */

/* What the tensors of a packed matrix are called. */
struct names {
    char *codes, *scales, *zeros;
};

static struct names names_of(const struct rewrite *rewrite, const struct wi_graph_made *made)
{
    static const char *const parts[] = {"codes", "scales", "zeros"};
    char *names[3];
    for (int i = 0; i < 3; i++)
        names[i] = wi_sprintf(
            "%sw%u/%.512s/%s", rewrite->output->prefix, made->serial, made->tensor->name, parts[i]);
    return (struct names){names[0], names[1], names[2]};
}

static void clear_names(struct names *names)
{
    free(names->codes);
    free(names->scales);
    free(names->zeros);
}

/* The shapes are those that the operators want of each form. */
static int put_packed(const struct rewrite *rewrite, const struct wi_graph_made *made,
    const struct names *names, const struct wi_packed *packed)
{
    struct wi_pack_sizes sizes = wi_pack_sizes(made->form, made->k, made->n);
    uint64_t blocks = (made->k + WI_PACK_BLOCK - 1) / WI_PACK_BLOCK;
    uint64_t codes[3] = {made->k, made->n}, scales[2] = {made->n, 1}, zeros[2] = {made->n};
    unsigned rank = 2, lines = 1;
    int datatype = made->form == WI_PACK_ROWS ? WI_ONNX_INT8 : WI_ONNX_UINT8;
    if (made->is_table) {
        codes[0] = made->n;
        codes[1] = made->k;
        lines = 2;
        if (made->form == WI_PACK_BLOCKS_8)
            scales[1] = zeros[1] = blocks;
    } else if (made->form != WI_PACK_COLUMNS) {
        codes[0] = made->n;
        codes[1] = blocks;
        codes[2] = sizes.codes / made->n / blocks;
        rank = 3;
        scales[0] = sizes.scales / sizeof(float);
        zeros[0] = sizes.zeros;
    }
    if (wi_output_tensor(rewrite->output, rewrite->tensors, names->codes, datatype, rank, codes,
            packed->codes, (size_t)sizes.codes) < 0 ||
        wi_output_tensor(rewrite->output, rewrite->tensors, names->scales, WI_ONNX_FLOAT, lines,
            scales, packed->scales, (size_t)sizes.scales) < 0)
        return -1;
    return sizes.zeros == 0 ? 0
                            : wi_output_tensor(rewrite->output, rewrite->tensors, names->zeros,
                                  WI_ONNX_UINT8, lines, zeros, packed->zeros, (size_t)sizes.zeros);
}

/* Packs the weights of `made` when the first node reads them. */
static int put_weights(
    const struct rewrite *rewrite, struct wi_graph_made *made, const struct names *names)
{
    struct wi_packed packed;
    int code;
    if (made->written)
        return 0;
    made->written = 1;
    code = wi_plan_pack(rewrite->plan, made, made->form, &packed, rewrite->problem);
    if (code == 0)
        code = put_packed(rewrite, made, names, &packed);
    wi_packed_clear(&packed);
    rewrite->output->done += made->tensor->bytes;
    rewrite->output->quantize->progress(
        rewrite->output->quantize->sink, rewrite->output->done, rewrite->output->total);
    return code;
}

/* --- products -------------------------------------------------------------------------------- */

/* The sum of a Gemm's third input, or nothing more: the name that the product is to have. */
static char *product_name(const struct rewrite *rewrite, const struct wi_graph_node *node)
{
    const char *name = node->outputs[0]->name;
    return node->input_count > 2 && node->inputs[2]
               ? wi_output_name(rewrite->output, name, "product")
               : wi_strdup(name);
}

static void put_sum(struct wi_buffer *graph, const struct wi_graph_node *node, const char *product)
{
    const char *name = node->outputs[0]->name;
    if (strcmp(product, name) != 0)
        wi_output_node(graph, "Add", "", NAMES(product, node->inputs[2]->name), NAMES(name), NULL);
}

/* The codes of what comes in, which nodes of one graph that read the same value share. */
static void put_dynamic(const struct rewrite *rewrite, struct wi_buffer *out,
    const struct wi_graph *graph, struct wi_graph_value *value)
{
    static const char *const parts[] = {"codes", "scale", "zero"};
    if (value->dynamic_in == graph)
        return;
    value->dynamic_in = graph;
    for (int i = 0; i < 3; i++) {
        free(value->dynamic[i]);
        value->dynamic[i] = wi_output_name(rewrite->output, value->name, parts[i]);
    }
    wi_output_node(out, "DynamicQuantizeLinear", "", NAMES(value->name),
        NAMES(value->dynamic[0], value->dynamic[1], value->dynamic[2]), NULL);
}

static void put_integer_product(const struct rewrite *rewrite, struct wi_buffer *out,
    const struct wi_graph *graph, const struct wi_graph_node *node, const struct names *names)
{
    struct wi_graph_value *value = node->inputs[0];
    struct wi_buffer to = {0};
    char *sums = wi_output_name(rewrite->output, value->name, "sums");
    char *floats = wi_output_name(rewrite->output, value->name, "floats");
    char *scales = wi_output_name(rewrite->output, value->name, "scales");
    char *product = product_name(rewrite, node);
    put_dynamic(rewrite, out, graph, value);
    wi_output_node(out, "MatMulInteger", "",
        NAMES(value->dynamic[0], names->codes, value->dynamic[2], names->zeros), NAMES(sums), NULL);
    wi_output_integer(&to, "to", WI_ONNX_FLOAT);
    wi_output_node(out, "Cast", "", NAMES(sums), NAMES(floats), &to);
    wi_output_node(out, "Mul", "", NAMES(value->dynamic[1], names->scales), NAMES(scales), NULL);
    wi_output_node(out, "Mul", "", NAMES(floats, scales), NAMES(product), NULL);
    put_sum(out, node, product);
    free(sums);
    free(floats);
    free(scales);
    free(product);
}

static void put_block_product(const struct rewrite *rewrite, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct names *names)
{
    const struct wi_graph_made *made = node->made;
    struct wi_buffer attributes = {0};
    char *product = product_name(rewrite, node);
    wi_output_integer(&attributes, "K", (int64_t)made->k);
    wi_output_integer(&attributes, "N", (int64_t)made->n);
    wi_output_integer(&attributes, "bits", made->form == WI_PACK_BLOCKS_4 ? 4 : 8);
    wi_output_integer(&attributes, "block_size", WI_PACK_BLOCK);
    wi_output_node(out, "MatMulNBits", MICROSOFT,
        NAMES(node->inputs[0]->name, names->codes, names->scales, names->zeros), NAMES(product),
        &attributes);
    put_sum(out, node, product);
    free(product);
}

/* --- tables ---------------------------------------------------------------------------------- */

static void put_block_table(
    struct wi_buffer *out, const struct wi_graph_node *node, const struct names *names)
{
    struct wi_buffer attributes = {0};
    wi_output_integer(&attributes, "bits", 8);
    wi_output_integer(&attributes, "block_size", WI_PACK_BLOCK);
    wi_output_integer(&attributes, "gather_axis", 0);
    wi_output_integer(&attributes, "quantize_axis", 1);
    wi_output_node(out, "GatherBlockQuantized", MICROSOFT,
        NAMES(names->codes, node->inputs[1]->name, names->scales, names->zeros),
        NAMES(node->outputs[0]->name), &attributes);
}

/* Rows of codes, and the scale of each row. */
static void put_row_table(const struct rewrite *rewrite, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct names *names)
{
    const char *name = node->outputs[0]->name, *rows = node->inputs[1]->name;
    struct wi_buffer to = {0};
    char *codes = wi_output_name(rewrite->output, name, "codes");
    char *floats = wi_output_name(rewrite->output, name, "floats");
    char *scales = wi_output_name(rewrite->output, name, "scales");
    wi_output_node(out, "Gather", "", NAMES(names->codes, rows), NAMES(codes), NULL);
    wi_output_integer(&to, "to", WI_ONNX_FLOAT);
    wi_output_node(out, "Cast", "", NAMES(codes), NAMES(floats), &to);
    wi_output_node(out, "Gather", "", NAMES(names->scales, rows), NAMES(scales), NULL);
    wi_output_node(out, "Mul", "", NAMES(floats, scales), NAMES(name), NULL);
    free(codes);
    free(floats);
    free(scales);
}

/* --- graphs ---------------------------------------------------------------------------------- */

static int put_graph(struct rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph);

static int put_made(struct rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph,
    const struct wi_graph_node *node)
{
    struct names names = names_of(rewrite, node->made);
    int code = put_weights(rewrite, node->made, &names);
    if (node->made->form == WI_PACK_ROWS)
        put_row_table(rewrite, out, node, &names);
    else if (node->made->is_table)
        put_block_table(out, node, &names);
    else if (node->made->form == WI_PACK_COLUMNS)
        put_integer_product(rewrite, out, graph, node, &names);
    else
        put_block_product(rewrite, out, node, &names);
    clear_names(&names);
    return code;
}

/* An attribute as it is, but for its graphs, which are those of `node` from *at on. */
static int put_attribute(struct rewrite *rewrite, struct wi_buffer *out,
    const struct wi_graph_node *node, struct wi_protobuf_range attribute, size_t *at)
{
    struct wi_protobuf_range whole = attribute;
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(rewrite->output->model->input, &attribute, &field)) > 0) {
        int is_graph = field.wire == WI_WIRE_BYTES &&
                       (field.number == WI_ATTRIBUTE_GRAPH || field.number == WI_ATTRIBUTE_GRAPHS);
        struct wi_buffer inner = {0};
        int code;
        whole.end = attribute.at;
        if (is_graph)
            code = put_graph(rewrite, &inner, node->graphs[(*at)++]);
        else
            code = wi_output_copy(rewrite->output, out, &whole);
        if (is_graph)
            wi_protobuf_put_message(out, field.number, &inner);
        whole.at = attribute.at;
        if (code < 0)
            return -1;
    }
    return more;
}

/* A node with graphs in it. */
static int put_outer(
    struct rewrite *rewrite, struct wi_buffer *out, const struct wi_graph_node *node)
{
    struct wi_protobuf_range rest = node->proto, whole = rest;
    struct wi_protobuf_field field;
    struct wi_buffer message = {0};
    size_t at = 0;
    int more;
    while ((more = wi_protobuf_next(rewrite->output->model->input, &rest, &field)) > 0) {
        struct wi_buffer attribute = {0};
        int code;
        whole.end = rest.at;
        if (field.number == WI_NODE_ATTRIBUTE && field.wire == WI_WIRE_BYTES) {
            code = put_attribute(rewrite, &attribute, node, field.bytes, &at);
            wi_protobuf_put_message(&message, WI_NODE_ATTRIBUTE, &attribute);
        } else {
            code = wi_output_copy(rewrite->output, &message, &whole);
        }
        whole.at = rest.at;
        if (code < 0)
            break;
    }
    wi_protobuf_put_message(out, WI_GRAPH_NODE, &message);
    return more == 0 ? 0 : -1;
}

static int put_node(struct rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph,
    const struct wi_graph_node *node)
{
    const struct wi_graph_tensor *constant =
        node->constant && node->constant->name ? node->constant : NULL;
    if (node->made)
        return put_made(rewrite, out, graph, node);
    if (constant && constant->is_weight && constant->uses == 0)
        return 0;
    if (constant && wi_output_moves(rewrite->output, constant))
        return wi_output_copy_tensor(rewrite->output, out, constant);
    if (node->graph_count > 0)
        return put_outer(rewrite, out, node);
    return wi_output_copy_field(rewrite->output, out, WI_GRAPH_NODE, &node->proto);
}

/* An input that has an initializer is none, and would keep its weights from being constant. */
static int put_input(struct rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph,
    const struct wi_protobuf_range *info)
{
    struct wi_protobuf_range rest = *info;
    struct wi_protobuf_field field;
    const struct wi_graph_value *value = NULL;
    int more;
    while ((more = wi_protobuf_next(rewrite->output->model->input, &rest, &field)) > 0) {
        char *name;
        if (field.number != WI_VALUE_NAME || field.wire != WI_WIRE_BYTES)
            continue;
        name = wi_protobuf_text(rewrite->output->model->input, &field.bytes, WI_GRAPH_NAME_MAX);
        if (!name)
            return -1;
        HASH_FIND_STR(graph->values, name, value);
        free(name);
    }
    if (more < 0 || (value && value->tensor && graph->parent == NULL))
        return more;
    return wi_output_copy_field(rewrite->output, out, WI_GRAPH_INPUT, info);
}

static int put_graph(struct rewrite *rewrite, struct wi_buffer *out, const struct wi_graph *graph)
{
    struct wi_protobuf_range rest = graph->proto, whole = rest;
    struct wi_protobuf_field field;
    size_t node = 0, tensor = 0;
    int more;
    while ((more = wi_protobuf_next(rewrite->output->model->input, &rest, &field)) > 0) {
        uint32_t number = field.wire == WI_WIRE_BYTES ? field.number : 0;
        int code = 0;
        whole.end = rest.at;
        if (number == WI_GRAPH_NODE) {
            code = put_node(rewrite, out, graph, &graph->nodes[node++]);
        } else if (number == WI_GRAPH_INITIALIZER) {
            const struct wi_graph_tensor *one = graph->tensors[tensor++];
            if (!one->is_weight || one->uses > 0)
                code = wi_output_copy_tensor(rewrite->output, out, one);
        } else if (number == WI_GRAPH_INPUT) {
            code = put_input(rewrite, out, graph, &field.bytes);
        } else {
            code = wi_output_copy(rewrite->output, out, &whole);
        }
        whole.at = rest.at;
        if (code < 0)
            return -1;
    }
    return more;
}

/* --- the model ------------------------------------------------------------------------------- */

static int put_outermost(struct rewrite *rewrite, struct wi_buffer *message)
{
    struct wi_buffer graph = {0}, tensors = {0};
    int code;
    rewrite->tensors = &tensors;
    code = put_graph(rewrite, &graph, rewrite->output->model->graph);
    if (tensors.size)
        wi_buffer_add(&graph, tensors.text, tensors.size);
    wi_buffer_clear(&tensors);
    wi_protobuf_put_message(message, WI_MODEL_GRAPH, &graph);
    return code;
}

static int uses_microsoft(const struct wi_plan *plan)
{
    for (const struct wi_graph_made *made = plan->made; made; made = made->next_made)
        if (made->form == WI_PACK_BLOCKS_4 || made->form == WI_PACK_BLOCKS_8)
            return 1;
    return 0;
}

int wi_rewrite(struct wi_output *output, struct wi_plan *plan, struct wi_buffer *message,
    struct wi_quantize_problem *problem)
{
    struct rewrite rewrite = {.output = output, .plan = plan, .problem = problem};
    const struct wi_graph_model *model = output->model;
    struct wi_protobuf_range rest = {0, model->input->size}, whole = rest;
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(model->input, &rest, &field)) > 0) {
        int code = 0;
        whole.end = rest.at;
        if (field.number == WI_MODEL_GRAPH && field.wire == WI_WIRE_BYTES)
            code = put_outermost(&rewrite, message);
        else if (field.number != WI_MODEL_IR_VERSION)
            code = wi_output_copy(output, message, &whole);
        whole.at = rest.at;
        if (code < 0)
            return -1;
    }
    wi_protobuf_put_number(message, WI_MODEL_IR_VERSION,
        (uint64_t)(model->ir_version < IR_VERSION_LEAST ? IR_VERSION_LEAST : model->ir_version));
    if (uses_microsoft(plan) && !model->has_microsoft) {
        struct wi_buffer opset = {0};
        wi_protobuf_put_text(&opset, WI_OPSET_DOMAIN, MICROSOFT);
        wi_protobuf_put_number(&opset, WI_OPSET_VERSION, 1);
        wi_protobuf_put_message(message, WI_MODEL_OPSET_IMPORT, &opset);
    }
    return more;
}
