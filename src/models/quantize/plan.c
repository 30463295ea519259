/* The plan of 4 and 8 bits. */
#include "models/quantize/plan.h"

#include "base/memory.h"
#include "terms/format/onnx.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Weights of fewer bytes stay: the nodes and scales that they would need are no smaller, and would
 * cost time in each run. For a table the cost is higher, since all of it is in the cache
 * already. */
#define PRODUCT_LEAST 4096
#define TABLE_LEAST 16384
/* The largest share of the weights' bytes, in per cent, that `mixed` leaves at 8 bits. */
#define MIXED_SHARE 25
/* DynamicQuantizeLinear is there from this opset on. */
#define OPSET_LEAST 11

int wi_plan_fail(const struct wi_quantize_plan *plan, const char *code, const char *format, ...)
{
    struct wi_quantize_problem *problem = plan->problem;
    va_list arguments;
    problem->code = code;
    problem->share = -1;
    va_start(arguments, format);
    vsnprintf(problem->detail, sizeof problem->detail, format, arguments);
    va_end(arguments);
    return -1;
}

int wi_plan_invalid(const struct wi_quantize_plan *plan)
{
    const struct wi_protobuf *input = plan->model->input;
    return wi_plan_fail(plan, "model_invalid",
        "the file is no whole ONNX model: %s (byte %" PRIu64 " of %" PRIu64 ")", input->problem,
        input->problem_at, input->size);
}

uint64_t wi_plan_float_bytes(const struct wi_graph_tensor *tensor)
{
    int datatype = tensor->datatype;
    return datatype == WI_ONNX_FLOAT || datatype == WI_ONNX_FLOAT16 ||
                   datatype == WI_ONNX_BFLOAT16 || datatype == WI_ONNX_DOUBLE
               ? tensor->bytes
               : 0;
}

/* --- what could be quantised ------------------------------------------------------------------ */

/* How a node reads a constant matrix: the input, and whether it sums over the columns. */
struct reading {
    struct wi_graph_tensor *tensor;
    size_t input;
    int is_table, transposed;
    float factor;
};

/* 1 and how, if `node` is one that weights in few bits are for. */
static int reads_weights(const struct wi_graph_node *node, struct reading *reading)
{
    *reading = (struct reading){.factor = 1};
    if (!node->standard)
        return 0;
    if (strcmp(node->op, "MatMul") == 0) {
        reading->input = 1;
    } else if (strcmp(node->op, "Gemm") == 0) {
        reading->input = 1;
        reading->transposed = node->transposes_b != 0;
        reading->factor = node->alpha;
    } else if (strcmp(node->op, "Gather") == 0) {
        reading->is_table = reading->transposed = 1;
    } else {
        return 0;
    }
    const struct wi_graph_value *value =
        reading->input < node->input_count ? node->inputs[reading->input] : NULL;
    reading->tensor = value ? value->tensor : NULL;
    return reading->tensor && reading->tensor->datatype == WI_ONNX_FLOAT &&
           reading->tensor->rank == 2 && reading->tensor->elements > 0;
}

/* Whether it can be: the others stay in FP32. */
static int can_be(
    const struct wi_quantize *quantize, const struct wi_graph_node *node, const struct reading *how)
{
    const struct wi_graph_tensor *tensor = how->tensor;
    uint64_t k = tensor->dims[how->transposed];
    if (tensor->bytes == 0 || node->output_count != 1 || !node->outputs[0] ||
        tensor->bytes < (how->is_table ? TABLE_LEAST : PRODUCT_LEAST))
        return 0;
    if (how->is_table)
        return node->input_count == 2 && node->inputs[1] && (node->axis == 0 || node->axis == -2) &&
               ((quantize->bits == 8 && !quantize->for_webgpu) || k % WI_PACK_BLOCK == 0);
    if (!node->inputs[0] || node->transposes_a || node->input_count > 3)
        return 0;
    if (node->input_count == 3 && node->inputs[2] && node->beta != 1)
        return 0;
    return quantize->bits == 8 || k >= WI_PACK_BLOCK;
}

/* --- forms ----------------------------------------------------------------------------------- */

static enum wi_pack_form form_of(const struct wi_quantize *quantize, int is_table)
{
    if (quantize->bits == 8 && !quantize->for_webgpu)
        return is_table ? WI_PACK_ROWS : WI_PACK_COLUMNS;
    /* A table in 4 bits is refused by ONNX Runtime's WebNN provider as a whole session. */
    return quantize->bits == 8 || is_table ? WI_PACK_BLOCKS_8 : WI_PACK_BLOCKS_4;
}

/* The new form of the tensor for nodes that read it in this way. */
static struct wi_graph_made *made_of(struct wi_quantize_plan *plan, const struct reading *how)
{
    struct wi_graph_made *made = how->tensor->made;
    while (made && (made->is_table != how->is_table || made->transposed != how->transposed ||
                       made->factor != how->factor))
        made = made->next;
    if (made)
        return made;
    made = wi_alloc(sizeof *made);
    *made = (struct wi_graph_made){.tensor = how->tensor,
        .form = form_of(plan->quantize, how->is_table),
        .is_table = how->is_table,
        .k = how->tensor->dims[how->transposed],
        .n = how->tensor->dims[!how->transposed],
        .transposed = how->transposed,
        .factor = how->factor,
        .serial = plan->count++,
        .next = how->tensor->made};
    if (!how->tensor->made)
        plan->result->quantized += how->tensor->bytes;
    plan->source += how->tensor->bytes;
    how->tensor->made = made;
    *plan->made_end = made;
    plan->made_end = &made->next_made;
    return made;
}

static int plan_node(struct wi_quantize_plan *plan, struct wi_graph_node *node)
{
    struct reading how;
    if (wi_onnx_is_quantised(node->op))
        return wi_plan_fail(plan, "nothing_to_quantize",
            "the model is quantised already: it has the operator %.64s", node->op);
    if (node->constant)
        plan->result->weights += wi_plan_float_bytes(node->constant);
    if (!reads_weights(node, &how))
        return 0;
    if (!how.tensor->is_weight) /* one that several nodes read counts once */
        plan->result->quantizable += how.tensor->elements * sizeof(float);
    how.tensor->is_weight = 1;
    if (!can_be(plan->quantize, node, &how)) {
        plan->result->kept++;
        return 0;
    }
    node->made = made_of(plan, &how);
    node->made->readers++;
    how.tensor->uses--;
    plan->result->nodes++;
    return 0;
}

static int plan_graph(struct wi_quantize_plan *plan, struct wi_graph *graph)
{
    for (size_t i = 0; i < graph->tensor_count; i++)
        plan->result->weights += wi_plan_float_bytes(graph->tensors[i]);
    for (size_t i = 0; i < graph->node_count; i++) {
        struct wi_graph_node *node = &graph->nodes[i];
        if (plan_node(plan, node) < 0)
            return -1;
        for (size_t k = 0; k < node->graph_count; k++)
            if (plan_graph(plan, node->graphs[k]) < 0)
                return -1;
    }
    return 0;
}

/* --- mixed ----------------------------------------------------------------------------------- */

struct source {
    struct wi_graph_model *model;
    const struct wi_graph_tensor *tensor;
};

static int read_floats(void *source, uint64_t first, size_t count, float *values)
{
    const struct source *from = source;
    return wi_graph_read_tensor(
        from->model, from->tensor, first * sizeof *values, values, count * sizeof *values);
}

int wi_plan_pack(struct wi_quantize_plan *plan, const struct wi_graph_made *made,
    enum wi_pack_form form, struct wi_packed *packed)
{
    struct source from = {plan->model, made->tensor};
    struct wi_pack_matrix matrix = {.k = made->k,
        .n = made->n,
        .transposed = made->transposed,
        .factor = made->factor,
        .read = read_floats,
        .source = &from};
    *packed = (struct wi_packed){0};
    if (wi_graph_check_tensor(plan->model, made->tensor) < 0)
        return wi_plan_invalid(plan);
    switch (wi_pack(form, &matrix, packed)) {
    case WI_PACK_OK:
        return 0;
    case WI_PACK_UNREADABLE:
        return wi_plan_invalid(plan);
    case WI_PACK_NOT_FINITE:
        return wi_plan_fail(plan, "model_invalid",
            "the weights %.128s have values that are no numbers, infinite or beyond 1e37",
            made->tensor->name);
    default:
        return wi_plan_fail(plan, "internal", "the weights %.128s need more memory than is allowed",
            made->tensor->name);
    }
}

static int compare_loss(const void *one, const void *other)
{
    const struct wi_graph_made *a = *(struct wi_graph_made *const *)one;
    const struct wi_graph_made *b = *(struct wi_graph_made *const *)other;
    if (a->loss != b->loss)
        return a->loss < b->loss ? 1 : -1;
    return a->serial < b->serial ? -1 : 1;
}

/* Sets the form of the weights that lose most, up to their share of all weights. An error in one
 * product propagates through all later ones: of two equal losses, the earlier costs the outputs
 * more. */
static void keep_worst(struct wi_quantize_plan *plan, struct wi_graph_made **list, size_t count)
{
    uint64_t left = plan->result->quantized * MIXED_SHARE / 100;
    for (size_t i = 0; i < count; i++)
        list[i]->loss *= (double)(count - i);
    qsort(list, count, sizeof(struct wi_graph_made *), compare_loss);
    for (size_t i = 0; i < count; i++)
        if (list[i]->tensor->bytes <= left) {
            left -= list[i]->tensor->bytes;
            list[i]->form = WI_PACK_BLOCKS_8;
        }
}

/* Finds what 4 bits lose of each, which takes as long as the writing. */
static int plan_mix(struct wi_quantize_plan *plan)
{
    struct wi_graph_made **list = wi_alloc((plan->count + 1) * sizeof(struct wi_graph_made *));
    size_t count = 0;
    int code = 0;
    for (struct wi_graph_made *made = plan->made; code == 0 && made; made = made->next_made) {
        struct wi_packed packed;
        if (made->form != WI_PACK_BLOCKS_4)
            continue;
        code = wi_plan_pack(plan, made, made->form, &packed);
        made->loss = packed.energy > 0 ? packed.error / packed.energy : 0;
        wi_packed_clear(&packed);
        list[count++] = made;
    }
    if (code == 0)
        keep_worst(plan, list, count);
    free(list);
    for (const struct wi_graph_made *made = plan->made; made; made = made->next_made)
        plan->result->kept += made->is_table || made->form != WI_PACK_BLOCKS_8 ? 0 : made->readers;
    return code;
}

/* --- all ------------------------------------------------------------------------------------- */

static int check_share(const struct wi_quantize_plan *plan)
{
    const struct wi_quantize_result *result = plan->result;
    double share = result->weights > 0 ? (double)result->quantizable / (double)result->weights : 0;
    if (share < 0.5)
        wi_plan_fail(plan, "nothing_to_quantize",
            "MatMul, Gemm and Gather have %.0f %% of the weights, and at least half is needed",
            100 * share);
    else if (result->quantized == 0)
        wi_plan_fail(plan, "nothing_to_quantize",
            "none of the weights of MatMul, Gemm and Gather has a size and a shape with which it "
            "becomes smaller in %u bits",
            plan->quantize->bits);
    else
        return 0;
    plan->problem->share = share;
    return -1;
}

/* The bytes of the new model's tensors. */
static void plan_add_bytes(struct wi_quantize_plan *plan, const struct wi_graph *graph)
{
    for (size_t i = 0; i < graph->tensor_count; i++)
        plan->bytes += graph->tensors[i]->uses ? graph->tensors[i]->bytes : 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct wi_graph_node *node = &graph->nodes[i];
        if (node->constant && node->constant->uses)
            plan->bytes += node->constant->bytes;
        for (size_t k = 0; k < node->graph_count; k++)
            plan_add_bytes(plan, node->graphs[k]);
    }
}

int wi_plan_make(struct wi_quantize_plan *plan)
{
    plan->made_end = &plan->made;
    if (plan_graph(plan, plan->model->graph) < 0 || check_share(plan) < 0)
        return -1;
    if (plan->model->opset < OPSET_LEAST)
        return wi_plan_fail(plan, "nothing_to_quantize",
            "the model is of opset %" PRId64 "; from %d on it can be quantised: export it again",
            plan->model->opset, OPSET_LEAST);
    if (plan->quantize->mixed && plan_mix(plan) < 0)
        return -1;
    for (struct wi_graph_made *made = plan->made; made; made = made->next_made) {
        struct wi_pack_sizes sizes = wi_pack_sizes(made->form, made->k, made->n);
        plan->bytes += sizes.codes + sizes.scales + sizes.zeros;
    }
    plan_add_bytes(plan, plan->model->graph);
    return 0;
}

void wi_plan_clear(struct wi_quantize_plan *plan)
{
    while (plan->made) {
        struct wi_graph_made *next = plan->made->next_made;
        free(plan->made);
        plan->made = next;
    }
}
