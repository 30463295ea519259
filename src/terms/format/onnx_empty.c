/* Inputs that may have no elements, by the operators that take them; see onnx_private.h. */
#include "terms/format/onnx_private.h"

#include "base/memory.h"
#include "base/table.h"
#include "terms/format/onnx_fields.h"
#include <stdlib.h>
#include <string.h>

#define ALL_POSITIONS UINT32_MAX
#define AT(position) (1u << (position))

static const char microsoft[] = "com.microsoft";

/* Which of their inputs these operators take without elements on each platform; with `grows` only
 * where another operand is no input of the graph.
 * https://onnx.ai/onnx/operators and onnxruntime's docs/ContribOperators.md. */
static const struct taking_row {
    const char *domain, *type;
    uint32_t positions;
    int grows;
} taking[] = {
    {"", "Concat", ALL_POSITIONS, 1},
    {"", "Shape", AT(0), 0},
    {"", "Size", AT(0), 0},
    {"", "Attention", AT(4) | AT(5), 0},
    {microsoft, "Attention", AT(4), 0},
    {microsoft, "GroupQueryAttention", AT(3) | AT(4), 0},
    {microsoft, "MultiHeadAttention", AT(6) | AT(7), 0},
};

#define TAKING_COUNT (sizeof taking / sizeof *taking)

/* An input of the graph, by its name. */
struct named {
    struct wi_onnx_value *value; /* borrowed */
    UT_hash_handle hh;
};

struct finding {
    struct wi_protobuf *input;
    struct named *inputs;
};

static struct wi_onnx_value *finding_value(
    const struct finding *finding, const struct wi_protobuf_range *range)
{
    const char *problem = finding->input->problem;
    char *name = wi_protobuf_text(finding->input, range, WI_TENSOR_NAME_MAX);
    const struct named *named = name ? WI_TABLE_FIND(finding->inputs, name, strlen(name)) : NULL;

    if (!name)
        finding->input->problem = problem; /* and none of ours */
    free(name);
    return named ? named->value : NULL;
}

static int text_is(struct wi_protobuf *input, const struct wi_protobuf_range *range, const char *is)
{
    char text[32];
    size_t length = strlen(is);

    return range->end - range->at == length && length < sizeof text &&
           wi_protobuf_copy(input, range, text) == 0 && memcmp(text, is, length) == 0;
}

static int is_domain(
    struct wi_protobuf *input, const struct wi_protobuf_range *range, const char *domain)
{
    return text_is(input, range, domain) || (!*domain && text_is(input, range, "ai.onnx"));
}

struct node {
    struct wi_protobuf_range type, domain;
    size_t inputs, foreign; /* how many, and of them those that are no inputs of the graph */
};

static int node_read(
    const struct finding *finding, struct wi_protobuf_range range, struct node *node)
{
    struct wi_protobuf_field field;
    int more;

    *node = (struct node){0};
    while ((more = wi_protobuf_next(finding->input, &range, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_NODE_OP_TYPE)
            node->type = field.bytes;
        else if (field.number == WI_NODE_DOMAIN)
            node->domain = field.bytes;
        else if (field.number == WI_NODE_INPUT && ++node->inputs)
            node->foreign += !finding_value(finding, &field.bytes);
    }
    return more;
}

static uint32_t node_positions(const struct finding *finding, const struct node *node)
{
    for (size_t i = 0; i < TAKING_COUNT; i++)
        if (text_is(finding->input, &node->type, taking[i].type) &&
            is_domain(finding->input, &node->domain, taking[i].domain))
            return taking[i].grows && node->foreign == 0 ? 0 : taking[i].positions;
    return 0;
}

static int node_look(const struct finding *finding, struct wi_protobuf_range range)
{
    struct wi_protobuf_field field;
    struct node node;
    unsigned position = 0;
    int more = node_read(finding, range, &node);

    if (more < 0 || node.foreign == node.inputs)
        return more;
    uint32_t positions = node_positions(finding, &node);
    while ((more = wi_protobuf_next(finding->input, &range, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES || field.number != WI_NODE_INPUT)
            continue;
        struct wi_onnx_value *value = finding_value(finding, &field.bytes);
        int takes = positions == ALL_POSITIONS || (position < 32 && positions & AT(position));
        if (value && !takes)
            value->may_be_empty = 0;
        position++;
    }
    return more;
}

static void inputs_name(struct finding *finding, struct wi_onnx_signature *signature)
{
    for (size_t i = 0; i < signature->input_count; i++) {
        struct named *named = wi_alloc(sizeof *named);
        named->value = &signature->inputs[i];
        named->value->may_be_empty = 1;
        HASH_ADD_KEYPTR(hh, finding->inputs, named->value->name, strlen(named->value->name), named);
    }
}

int wi_onnx_empty_find(
    struct wi_protobuf *input, struct wi_protobuf_range graph, struct wi_onnx_signature *signature)
{
    struct finding finding = {.input = input};
    struct wi_protobuf_field field;
    struct named *named;
    int more;

    inputs_name(&finding, signature);
    while ((more = wi_protobuf_next(input, &graph, &field)) > 0)
        if (field.number == WI_GRAPH_NODE && field.wire == WI_WIRE_BYTES &&
            node_look(&finding, field.bytes) < 0) {
            more = -1;
            break;
        }
    while ((named = WI_TABLE_TAKE(finding.inputs)))
        free(named);
    return more;
}
