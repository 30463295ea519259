/* Nodes and weights of 4 and 8 bits. */
#include "models/quantize/integers.h"

#include "base/memory.h"
#include "base/protobuf_put.h"
#include <stdlib.h>
#include <string.h>

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- weights --------------------------------------------------------------------------------- */

/* The names of the tensors of a packed matrix. */
struct names {
    char *codes, *scales, *zeros;
};

static char *part_name(
    const struct wi_quantize_output *output, const struct wi_graph_made *made, const char *part)
{
    return wi_sprintf("%sw%u/%.512s/%s", output->prefix, made->serial, made->tensor->name, part);
}

/* The shapes are those that the operators want of each form. */
static int put_packed(struct wi_quantize_output *output, const struct wi_graph_made *made,
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
    const struct wi_new_tensor made_of[3] = {
        {names->codes, datatype, rank, codes, packed->codes, (size_t)sizes.codes},
        {names->scales, WI_ONNX_FLOAT, lines, scales, packed->scales, (size_t)sizes.scales},
        {names->zeros, WI_ONNX_UINT8, lines, zeros, packed->zeros, (size_t)sizes.zeros}};
    for (int i = 0; i < (sizes.zeros > 0 ? 3 : 2); i++)
        if (wi_output_tensor(output, &output->tensors, &made_of[i]) < 0)
            return -1;
    return 0;
}

/* Packs the weights of `made` when the first node reads them. */
static int put_weights(
    struct wi_quantize_output *output, struct wi_graph_made *made, const struct names *names)
{
    struct wi_packed packed;
    if (made->written)
        return 0;
    made->written = 1;
    int code = wi_plan_pack(output->plan, made, made->form, &packed);
    if (code == 0)
        code = put_packed(output, made, names, &packed);
    wi_packed_clear(&packed);
    wi_output_progress(output, made->tensor->bytes);
    return code;
}

/* --- products -------------------------------------------------------------------------------- */

/* The sum of a Gemm's third input, or nothing more: the name that the product is to have. */
static char *product_name(struct wi_quantize_output *output, const struct wi_graph_node *node)
{
    const char *name = node->outputs[0]->name;
    return node->input_count > 2 && node->inputs[2] ? wi_output_name(output, name, "product")
                                                    : wi_strdup(name);
}

static void put_sum(struct wi_buffer *graph, const struct wi_graph_node *node, const char *product)
{
    const char *name = node->outputs[0]->name;
    if (strcmp(product, name) != 0)
        wi_output_node(graph, "Add", "", NAMES(product, node->inputs[2]->name), NAMES(name), NULL);
}

/* The codes of an input. Nodes of one graph that read the same value share them. */
static void put_dynamic(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, struct wi_graph_value *value)
{
    static const char *const parts[] = {"codes", "scale", "zero"};
    if (value->dynamic_in == graph)
        return;
    value->dynamic_in = graph;
    for (int i = 0; i < 3; i++) {
        free(value->dynamic[i]);
        value->dynamic[i] = wi_output_name(output, value->name, parts[i]);
    }
    wi_output_node(out, "DynamicQuantizeLinear", "", NAMES(value->name),
        NAMES(value->dynamic[0], value->dynamic[1], value->dynamic[2]), NULL);
}

static void put_integer_product(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, const struct wi_graph_node *node, const struct names *names)
{
    struct wi_graph_value *value = node->inputs[0];
    struct wi_buffer to = {0};
    char *sums = wi_output_name(output, value->name, "sums");
    char *floats = wi_output_name(output, value->name, "floats");
    char *scales = wi_output_name(output, value->name, "scales");
    char *product = product_name(output, node);
    put_dynamic(output, out, graph, value);
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

static void put_block_product(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct names *names)
{
    const struct wi_graph_made *made = node->made;
    struct wi_buffer attributes = {0};
    char *product = product_name(output, node);
    wi_output_integer(&attributes, "K", (int64_t)made->k);
    wi_output_integer(&attributes, "N", (int64_t)made->n);
    wi_output_integer(&attributes, "bits", made->form == WI_PACK_BLOCKS_4 ? 4 : 8);
    wi_output_integer(&attributes, "block_size", WI_PACK_BLOCK);
    wi_output_node(out, "MatMulNBits", WI_ONNX_MICROSOFT,
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
    wi_output_node(out, "GatherBlockQuantized", WI_ONNX_MICROSOFT,
        NAMES(names->codes, node->inputs[1]->name, names->scales, names->zeros),
        NAMES(node->outputs[0]->name), &attributes);
}

/* Rows of codes, and the scale of each row. */
static void put_row_table(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct names *names)
{
    const char *name = node->outputs[0]->name, *rows = node->inputs[1]->name;
    struct wi_buffer to = {0};
    char *codes = wi_output_name(output, name, "codes");
    char *floats = wi_output_name(output, name, "floats");
    char *scales = wi_output_name(output, name, "scales");
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

static int put_made(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, const struct wi_graph_node *node)
{
    const struct names names = {part_name(output, node->made, "codes"),
        part_name(output, node->made, "scales"), part_name(output, node->made, "zeros")};
    int code = put_weights(output, node->made, &names);
    if (node->made->form == WI_PACK_ROWS)
        put_row_table(output, out, node, &names);
    else if (node->made->is_table)
        put_block_table(out, node, &names);
    else if (node->made->form == WI_PACK_COLUMNS)
        put_integer_product(output, out, graph, node, &names);
    else
        put_block_product(output, out, node, &names);
    free(names.codes);
    free(names.scales);
    free(names.zeros);
    return code;
}

static int put_node(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, const struct wi_graph_node *node)
{
    const struct wi_graph_tensor *constant = node->constant;
    if (node->made)
        return put_made(output, out, graph, node);
    if (constant && constant->is_weight && constant->uses == 0)
        return 0;
    if (constant && wi_output_moves(output, constant))
        return wi_output_copy_tensor(output, out, constant);
    return wi_rewrite_node(output, out, node, NULL);
}

static int put_tensor(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, const struct wi_graph_tensor *tensor)
{
    return tensor->is_weight && tensor->uses == 0 ? 0 : wi_output_copy_tensor(output, out, tensor);
}

/* New tensors belong to the outermost graph, where all graphs see them. */
static void put_new_tensors(
    struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph)
{
    if (!graph->parent && output->tensors.size)
        wi_buffer_add(out, output->tensors.text, output->tensors.size);
}

int wi_integers_put(struct wi_quantize_output *output, struct wi_buffer *message)
{
    static const struct wi_rewrite rewrite = {
        .node = put_node, .tensor = put_tensor, .end = put_new_tensors};
    int uses_microsoft = 0;
    for (const struct wi_graph_made *made = output->plan->made; made; made = made->next_made)
        uses_microsoft |= made->form == WI_PACK_BLOCKS_4 || made->form == WI_PACK_BLOCKS_8;
    output->rewrite = &rewrite;
    int code = wi_rewrite_model(output, message);
    if (uses_microsoft && !output->model->has_microsoft) {
        struct wi_buffer opset = {0};
        wi_protobuf_put_text(&opset, WI_OPSET_DOMAIN, WI_ONNX_MICROSOFT);
        wi_protobuf_put_number(&opset, WI_OPSET_VERSION, 1);
        wi_protobuf_put_message(message, WI_MODEL_OPSET_IMPORT, &opset);
    }
    wi_buffer_clear(&output->tensors);
    return code;
}
