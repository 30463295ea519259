/*
 * Models in 16 bits. The only thing that matters about a value's type is whether it is a float, and
 * only for operators without FP16: `node_infer` knows it for operators whose output type differs
 * from their input type.
 */
#include "models/quantize/halves.h"

#include "base/memory.h"
#include "base/protobuf_put.h"
#include "models/quantize/plan.h"
#include "terms/format/onnx.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 65536    /* floats at a time */
#define BEYOND 65520   /* halfway from FP16's largest number to where the next would be */
#define LIMIT 1e30f    /* as of a Clip or a mask: more than anything that is computed with */
#define CUMSUM_HALF 14 /* the opset from which on CumSum has FP16 */

/* --- numbers --------------------------------------------------------------------------------- */

void wi_halves_look(struct wi_halves_range *range, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        float value = values[i], size = fabsf(value);
        if (size < BEYOND)
            range->has_weights |= value != 0 && value != 1;
        else if (size < LIMIT && value > 0 && range->above == 0)
            range->above = value;
        else if (size < LIMIT && value < 0 && range->below == 0)
            range->below = value;
    }
}

float wi_halves_lost(const struct wi_halves_range *range)
{
    if (range->above != 0)
        return range->above;
    return range->has_weights ? range->below : 0;
}

int wi_halves_from(const float *values, size_t count, uint16_t *halves)
{
    int fine = 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits, magnitude, sign;
        memcpy(&bits, &values[i], sizeof bits);
        sign = bits >> 16 & 0x8000;
        magnitude = bits & 0x7fffffff;
        fine &= magnitude <= 0x7f800000;
        if (magnitude == 0x7f800000) {
            halves[i] = (uint16_t)(sign | 0x7c00);
        } else if (magnitude >= 0x477ff000) { /* would round beyond 65504 */
            halves[i] = (uint16_t)(sign | 0x7bff);
        } else if (magnitude >= 0x38800000) { /* 2^-14: normal */
            uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
            halves[i] = (uint16_t)(sign | ((rounded - 0x38000000) >> 13));
        } else {
            /* Adding 0.5 leaves multiples of 2^-24 in the last bits, rounded by the processor. */
            float value, sum;
            memcpy(&value, &magnitude, sizeof value);
            sum = value + 0.5f;
            memcpy(&bits, &sum, sizeof bits);
            bits -= 0x3f000000;
            halves[i] = (uint16_t)(sign | (bits == 0 && magnitude ? 1 : bits));
        }
    }
    return fine ? 0 : -1;
}

/* --- operators ------------------------------------------------------------------------------- */

/* The operators of a row of a table: NULL ends them. */
#define OPS_MAX 12

static int op_is_in(const char *op, const char *const ops[OPS_MAX])
{
    for (size_t i = 0; i < OPS_MAX && ops[i]; i++)
        if (strcmp(op, ops[i]) == 0)
            return 1;
    return 0;
}

/* Operators whose outputs are not of the type of their first input. */
struct giving {
    const char *ops[OPS_MAX];
    int datatypes[3]; /* of their outputs; 0: as the first input, -n: as input n */
};
static const struct giving givings[] = {
    {{"And", "Equal", "Greater", "GreaterOrEqual", "IsInf", "IsNaN", "Less", "LessOrEqual", "Not",
         "Or", "Xor"},
        {WI_ONNX_BOOL}},
    {{"ArgMax", "ArgMin", "NonMaxSuppression", "NonZero", "Shape", "Size"}, {WI_ONNX_INT64}},
    {{"BlackmanWindow", "HammingWindow", "HannWindow", "MelWeightMatrix"}, {WI_ONNX_FLOAT}},
    {{"Dropout"}, {0, WI_ONNX_BOOL}},
    {{"MaxPool", "TopK"}, {0, WI_ONNX_INT64}},
    {{"OneHot"}, {-2}},
    {{"Unique"}, {0, WI_ONNX_INT64, WI_ONNX_INT64}},
    {{"Where"}, {-1}},
};

/* Operators that compute in FP32: all their inputs that are floats, or those of the mask. */
struct single {
    const char *ops[OPS_MAX];
    unsigned inputs; /* a bit for each; 0: none of the inputs, only the outputs */
    int gives;       /* the outputs are FP32 where they are floats */
    int below;       /* only below this opset; 0: in all */
};
static const struct single singles[] = {
    {{"BlackmanWindow", "ConstantOfShape", "HammingWindow", "HannWindow", "RandomNormal",
         "RandomUniform"},
        0, 1, 0},
    {{"Bernoulli", "EyeLike", "MelWeightMatrix", "RandomNormalLike", "RandomUniformLike", "Range"},
        ~0u, 1, 0},
    {{"CumSum"}, ~0u, 1, CUMSUM_HALF},
    {{"Multinomial", "NonMaxSuppression"}, ~0u, 0, 0},
    {{"Resize"}, 6, 0, 0}, /* scales: its second input before opset 11, the third since then */
    {{"Upsample"}, 2, 0, 0},
};

/* Operators of few bits, operators on values that are not tensors, and unknown domains: there has
 * been no need for these in 16 bits. */
static int is_refused(const struct wi_graph_node *node)
{
    static const char *const others[OPS_MAX] = {"Optional", "SequenceAt", "SequenceConstruct",
        "SequenceEmpty", "SequenceMap", "SplitToSequence"};
    return op_is_in(node->op, others) || wi_onnx_is_quantised(node->op) ||
           (!node->standard && !node->microsoft);
}

static const struct single *single_of(
    const struct wi_graph_model *model, const struct wi_graph_node *node)
{
    for (size_t i = 0; node->standard && i < sizeof singles / sizeof *singles; i++)
        if (op_is_in(node->op, singles[i].ops) &&
            (singles[i].below == 0 || model->opset < singles[i].below))
            return &singles[i];
    /* Constants that are not tensors become some that are cast. */
    static const struct single constant = {{"Constant"}, 0, 1, 0};
    return node->standard && strcmp(node->op, "Constant") == 0 && !node->constant ? &constant
                                                                                  : NULL;
}

static int datatype_of(const struct wi_graph_node *node, size_t input)
{
    return input < node->input_count && node->inputs[input] ? node->inputs[input]->datatype
                                                            : WI_ONNX_UNKNOWN;
}

/* What output `at` is. */
static int node_gives(const struct wi_graph_node *node, size_t at)
{
    if (strcmp(node->op, "Cast") == 0)
        return (int)node->to;
    if (strcmp(node->op, "CastLike") == 0)
        return datatype_of(node, 1);
    if (strcmp(node->op, "ConstantOfShape") == 0)
        return node->value ? node->value : WI_ONNX_FLOAT;
    if (strcmp(node->op, "Constant") == 0)
        return node->constant ? node->constant->datatype : node->scalar;
    if (strncmp(node->op, "Random", 6) == 0 || strcmp(node->op, "EyeLike") == 0 ||
        strcmp(node->op, "Bernoulli") == 0)
        return node->datatype      ? (int)node->datatype
               : node->input_count ? datatype_of(node, 0)
                                   : WI_ONNX_FLOAT;
    for (size_t i = 0; i < sizeof givings / sizeof *givings; i++)
        if (op_is_in(node->op, givings[i].ops)) {
            int what = at < 3 ? givings[i].datatypes[at] : WI_ONNX_UNKNOWN;
            return what > 0 ? what : datatype_of(node, (size_t)-what);
        }
    return datatype_of(node, 0);
}

/* --- planning -------------------------------------------------------------------------------- */

static int plan_tensor(struct wi_quantize_plan *plan, struct wi_graph_tensor *tensor)
{
    int is_float = tensor->datatype == WI_ONNX_FLOAT;
    if (is_float && tensor->elements > 0 && tensor->bytes == 0)
        return wi_plan_fail(
            plan, "model_invalid", "the weights %.128s are not kept in one piece", tensor->name);
    plan->result->weights += wi_plan_float_bytes(tensor);
    plan->result->quantizable += is_float ? tensor->bytes : 0;
    plan->bytes += is_float ? tensor->bytes / 2 : tensor->bytes;
    return 0;
}

static int plan_graph(struct wi_quantize_plan *plan, struct wi_graph *graph);

/* Where the graphs in a node give floats is said in them. */
static void node_infer(struct wi_graph_node *node)
{
    for (size_t i = 0; i < node->output_count; i++) {
        struct wi_graph_value *value = node->outputs[i];
        const struct wi_graph *inner = node->graph_count ? node->graphs[0] : NULL;
        size_t skipped = inner && strcmp(node->op, "Loop") == 0; /* its condition */
        if (!value || value->datatype != WI_ONNX_UNKNOWN)
            continue;
        if (inner && i + skipped < inner->output_count)
            value->datatype = inner->outputs[i + skipped]->datatype;
        else if (!inner)
            value->datatype = node_gives(node, i);
    }
}

static int plan_node(struct wi_quantize_plan *plan, struct wi_graph_node *node)
{
    const struct single *single = single_of(plan->model, node);
    if (node->constant && plan_tensor(plan, node->constant) < 0)
        return -1;
    if (is_refused(node))
        return wi_plan_fail(plan, "nothing_to_quantize",
            "the operator %.64s cannot be converted to 16 bits", node->op);
    for (size_t i = 0; i < node->graph_count; i++)
        if (plan_graph(plan, node->graphs[i]) < 0)
            return -1;
    node_infer(node);
    for (size_t i = 0; single && i < node->input_count; i++)
        if (i < 32 && single->inputs >> i & 1 && node->inputs[i] &&
            node->inputs[i]->datatype == WI_ONNX_UNKNOWN)
            return wi_plan_fail(plan, "nothing_to_quantize",
                "the operator %.64s has no 16-bit form, and it is unknown whether its input %.64s "
                "is a float",
                node->op, node->inputs[i]->name);
    plan->result->nodes += single == NULL;
    plan->result->kept += single != NULL;
    return 0;
}

static int plan_graph(struct wi_quantize_plan *plan, struct wi_graph *graph)
{
    for (size_t i = 0; i < graph->tensor_count; i++)
        if (plan_tensor(plan, graph->tensors[i]) < 0)
            return -1;
    for (size_t i = 0; i < graph->node_count; i++)
        if (plan_node(plan, &graph->nodes[i]) < 0)
            return -1;
    return 0;
}

int wi_halves_plan(struct wi_quantize_plan *plan)
{
    struct wi_quantize_result *result = plan->result;
    if (plan->model->has_more)
        return wi_plan_fail(plan, "nothing_to_quantize",
            "models with functions or sparse tensors of their own cannot be converted to 16 bits");
    if (plan_graph(plan, plan->model->graph) < 0)
        return -1;
    result->quantized = plan->source = result->quantizable;
    if (result->quantizable == 0 || result->quantizable < result->weights / 2)
        wi_plan_fail(plan, "nothing_to_quantize", "less than half of the weights are FP32");
    else if (result->nodes == 0)
        wi_plan_fail(plan, "nothing_to_quantize", "none of its operators has a 16-bit form");
    else
        return 0;
    plan->problem->share =
        result->weights ? (double)result->quantizable / (double)result->weights : 0;
    return -1;
}

/* --- writing --------------------------------------------------------------------------------- */

static void put_cast(struct wi_buffer *out, const char *from, const char *to, int datatype)
{
    struct wi_buffer attribute = {0};
    wi_output_integer(&attribute, "to", datatype);
    wi_output_node(out, "Cast", "", (const char *const[]){from, NULL},
        (const char *const[]){to, NULL}, &attribute);
}

/* The name in 16 bits of a value that keeps its own name in FP32: inputs and outputs of the
 * model. */
static char *half_name(struct wi_quantize_output *output, struct wi_graph_value *value)
{
    if (!value->half)
        value->half = wi_output_name(output, value->name, "half");
    return value->half;
}

/* Writes the weights in 16 bits, under `name`. */
static int put_half_tensor(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph_tensor *tensor, const char *name)
{
    if (wi_graph_check_tensor(output->model, tensor) < 0)
        return -1;
    struct wi_halves_range range = {0};
    uint16_t *values = malloc((size_t)tensor->elements * sizeof *values + 1);
    float *chunk = wi_alloc(CHUNK * sizeof *chunk);
    int code = values ? 0
                      : wi_plan_fail(output->plan, "internal",
                            "the weights %.128s need more memory than is allowed", tensor->name);
    for (uint64_t at = 0; code == 0 && at < tensor->elements; at += CHUNK) {
        size_t count = (size_t)(tensor->elements - at < CHUNK ? tensor->elements - at : CHUNK);
        code = wi_graph_read_tensor(
            output->model, tensor, at * sizeof *chunk, chunk, count * sizeof *chunk);
        if (code == 0 && wi_halves_from(chunk, count, values + at) != 0)
            code = wi_plan_fail(output->plan, "model_invalid",
                "the weights %.128s have values that are no numbers", tensor->name);
        wi_halves_look(&range, chunk, code == 0 ? count : 0);
    }
    if (code == 0 && wi_halves_lost(&range) != 0)
        code = wi_plan_fail(output->plan, "nothing_to_quantize",
            "the weights %.128s have %.9g, and 16 bits have no number beyond 65504", tensor->name,
            (double)wi_halves_lost(&range));
    const struct wi_new_tensor half = {name, WI_ONNX_FLOAT16, tensor->rank, tensor->dims, values,
        (size_t)tensor->elements * sizeof *values};
    if (code == 0)
        code = wi_output_tensor(output, out, &half);
    free(values);
    free(chunk);
    wi_output_progress(output, tensor->bytes);
    return code;
}

/* A tensor in 16 bits, and as it is where it is an output of the model. */
static int put_tensor(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, const struct wi_graph_tensor *tensor)
{
    struct wi_graph_value *value = wi_graph_find(graph, tensor->name);
    if (tensor->datatype != WI_ONNX_FLOAT)
        return wi_output_copy_tensor(output, out, tensor);
    if (value && value->half && wi_output_copy_tensor(output, out, tensor) < 0)
        return -1;
    return put_half_tensor(output, out, tensor, value && value->half ? value->half : tensor->name);
}

/* A node with the names of 16 bits, and casts around it where it has none. */
static int put_cast_node(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph_node *node, const struct single *single)
{
    struct wi_rewrite_names names = {.inputs = wi_alloc((node->input_count + 1) * sizeof(char *)),
        .outputs = wi_alloc((node->output_count + 1) * sizeof(char *)),
        .to = node->standard && strcmp(node->op, "Cast") == 0 && node->to == WI_ONNX_FLOAT
                  ? WI_ONNX_FLOAT16
                  : 0};
    for (size_t i = 0; i < node->input_count; i++) {
        struct wi_graph_value *value = node->inputs[i];
        int is_single = single && i < 32 && single->inputs >> i & 1;
        if (value && is_single && value->datatype == WI_ONNX_FLOAT) {
            names.inputs[i] = wi_output_name(output, value->name, "single");
            put_cast(out, value->half ? value->half : value->name, names.inputs[i], WI_ONNX_FLOAT);
        } else if (value) {
            names.inputs[i] = wi_strdup(value->half);
        }
    }
    for (size_t i = 0; i < node->output_count; i++) {
        struct wi_graph_value *value = node->outputs[i];
        if (value && single && single->gives && value->datatype == WI_ONNX_FLOAT)
            names.outputs[i] = wi_output_name(output, value->name, "single");
        else if (value)
            names.outputs[i] = wi_strdup(value->half);
    }
    int code = wi_rewrite_node(output, out, node, &names);
    for (size_t i = 0; i < node->output_count; i++) {
        const struct wi_graph_value *value = node->outputs[i];
        if (value && single && single->gives && value->datatype == WI_ONNX_FLOAT)
            put_cast(
                out, names.outputs[i], value->half ? value->half : value->name, WI_ONNX_FLOAT16);
        free(names.outputs[i]);
    }
    for (size_t i = 0; i < node->input_count; i++)
        free(names.inputs[i]);
    free(names.inputs);
    free(names.outputs);
    return code;
}

static int put_node(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, const struct wi_graph_node *node)
{
    const struct wi_graph_tensor *constant = node->constant;
    if (constant && (constant->datatype == WI_ONNX_FLOAT || wi_output_moves(output, constant)))
        return put_tensor(output, out, graph, constant);
    return put_cast_node(output, out, node, single_of(output->model, node));
}

/* --- inputs and outputs ---------------------------------------------------------------------- */

static int is_cast(const struct wi_graph_value *value)
{
    return value->datatype == WI_ONNX_FLOAT;
}

/* Casts the inputs before everything else. */
static void halves_begin(
    struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph)
{
    if (graph->parent)
        return;
    for (struct wi_graph_value *value = graph->values; value; value = value->hh.next)
        if (value->is_input && is_cast(value))
            put_cast(out, value->name, half_name(output, value), WI_ONNX_FLOAT16);
    for (size_t i = 0; i < graph->output_count; i++)
        if (is_cast(graph->outputs[i]))
            half_name(output, graph->outputs[i]);
}

/* What goes out is cast at last. An output may be an input or a constant, which is FP32 already. */
static void halves_end(
    struct wi_quantize_output *output, struct wi_buffer *out, const struct wi_graph *graph)
{
    for (size_t i = 0; !graph->parent && i < graph->output_count; i++) {
        const struct wi_graph_value *value = graph->outputs[i];
        if (is_cast(value) && !value->is_input && !value->tensor)
            put_cast(out, value->half, value->name, WI_ONNX_FLOAT);
    }
}

/* A field of a message in a message in a message: the type of the elements of a tensor, which is
 * FP16 where it was FP32. `path` has the numbers of the fields that lead there. */
static int put_type(struct wi_quantize_output *output, struct wi_buffer *out,
    struct wi_protobuf_range message, const uint32_t *path)
{
    struct wi_protobuf_field field;
    int more;
    while ((more = wi_protobuf_next(output->model->input, &message, &field)) > 0) {
        struct wi_buffer inner = {0};
        int code = 0;
        if (field.number == path[0] && field.wire == WI_WIRE_BYTES && path[1]) {
            code = put_type(output, &inner, field.bytes, path + 1);
            wi_protobuf_put_message(out, field.number, &inner);
        } else if (field.number == path[0] && field.wire == WI_WIRE_VARINT && !path[1] &&
                   field.value == WI_ONNX_FLOAT) {
            wi_protobuf_put_number(out, field.number, WI_ONNX_FLOAT16);
        } else {
            code = wi_output_copy(output, out, &field.whole);
        }
        if (code < 0)
            return -1;
    }
    return more;
}

/* Descriptions of intermediate values are left out: the program that loads the model infers them
 * again. */
static int put_info(struct wi_quantize_output *output, struct wi_buffer *out,
    const struct wi_graph *graph, uint32_t number, const struct wi_protobuf_range *info)
{
    static const uint32_t path[] = {WI_VALUE_TYPE, WI_VALUE_IS_TENSOR, WI_TYPE_TENSOR_ELEMENT, 0};
    struct wi_buffer value = {0};
    if (number == WI_GRAPH_VALUE_INFO)
        return 0;
    if (!graph->parent)
        return wi_output_copy_field(output, out, number, info);
    int code = put_type(output, &value, *info, path);
    wi_protobuf_put_message(out, number, &value);
    return code;
}

int wi_halves_put(struct wi_quantize_output *output, struct wi_buffer *message)
{
    static const struct wi_rewrite rewrite = {.node = put_node,
        .tensor = put_tensor,
        .info = put_info,
        .begin = halves_begin,
        .end = halves_end};
    output->rewrite = &rewrite;
    return wi_rewrite_model(output, message);
}
