/*
 * Inputs that are indices; see onnx_private.h. Values that an operator passes on are noted under
 * its output's name, so that a name can be traced back to where its values, or its shape, are from.
 */
#include "terms/format/onnx_private.h"

#include "base/memory.h"
#include "base/table.h"
#include "terms/format/onnx_fields.h"
#include <stdlib.h>
#include <string.h>

/* More are not followed, of a file that has so many nodes. */
enum { MAX_PASSED = 65536, MAX_LOOKUPS = 1024, MAX_NODE_INPUTS = 9 };

/* onnx.TensorProto.DataType */
enum { ONNX_INT32 = 6, ONNX_INT64 = 7 };

static const char microsoft[] = "com.microsoft";

/* --- operators -------------------------------------------------------------------------------- */

/* Operators that look up rows of a table, by which of their inputs, along which axis.
 * https://onnx.ai/onnx/operators and onnxruntime's docs/ContribOperators.md. */
static const struct lookup_row {
    const char *domain, *type;
    unsigned table, indices;
    const char *axis; /* the attribute that names it, 0 without one; NULL: it is always 0 */
    int by_position;  /* the last dimension of the indices holds one for each axis from it on */
    int from_end;     /* negative indices count from the end */
} lookups[] = {
    {"", "Gather", 0, 1, "axis", 0, 1},
    {"", "GatherElements", 0, 1, "axis", 0, 1},
    {"", "GatherND", 0, 1, "batch_dims", 1, 1},
    {microsoft, "GatherBlockQuantized", 0, 1, "gather_axis", 0, 1},
    {microsoft, "EmbedLayerNormalization", 2, 0, NULL, 0, 0},
    {microsoft, "EmbedLayerNormalization", 4, 1, NULL, 0, 0},
    {microsoft, "EmbedLayerNormalization", 3, 8, NULL, 0, 0},
};

/* Operators whose output has the values of their first input, or its shape. */
static const struct passing_row {
    const char *type;
    int values, shape;
} passing[] = {
    {"Identity", 1, 1},
    {"Cast", 1, 1}, /* of its values, to what an index can be */
    {"Reshape", 1, 0},
    {"Squeeze", 1, 0},
    {"Unsqueeze", 1, 0},
    {"Flatten", 1, 0},
    {"Transpose", 1, 0},
    {"Expand", 1, 0},
    {"DequantizeLinear", 0, 1},
    {"QuantizeLinear", 0, 1},
};

#define COUNT(rows) (sizeof(rows) / sizeof *(rows))

/* --- what is known while reading -------------------------------------------------------------- */

/* A name and what it was made from. */
struct passed {
    char *name, *from;
    int values, shape; /* it has the same of these */
    UT_hash_handle hh;
};

/* What is looked up in: an initializer, the value of a Constant, or an input. */
struct table {
    char *name;
    int known;
    unsigned rank;
    int64_t dims[WI_TENSOR_MAX_RANK];
    UT_hash_handle hh;
};

struct lookup {
    const struct lookup_row *row;
    struct table *table;
    char *indices; /* the name that its indices are from */
    int64_t axis;
};

struct wi_onnx_ranges {
    struct passed *passed;
    struct table *tables;
    struct lookup lookups[MAX_LOOKUPS];
    size_t lookup_count;
};

struct wi_onnx_ranges *wi_onnx_ranges_new(void)
{
    return wi_alloc(sizeof(struct wi_onnx_ranges));
}

void wi_onnx_ranges_free(struct wi_onnx_ranges *ranges)
{
    struct passed *passed;
    struct table *table;

    while ((passed = WI_TABLE_TAKE(ranges->passed))) {
        free(passed->name);
        free(passed->from);
        free(passed);
    }
    while ((table = WI_TABLE_TAKE(ranges->tables))) {
        free(table->name);
        free(table);
    }
    for (size_t i = 0; i < ranges->lookup_count; i++)
        free(ranges->lookups[i].indices);
    free(ranges);
}

/* --- nodes ------------------------------------------------------------------------------------ */

struct node {
    char *type, *domain, *output;
    char *inputs[MAX_NODE_INPUTS];
    size_t input_count;
    struct wi_protobuf_range value; /* a Constant's tensor */
};

static void clear_node(struct node *node)
{
    free(node->type);
    free(node->domain);
    free(node->output);
    for (size_t i = 0; i < MAX_NODE_INPUTS; i++)
        free(node->inputs[i]);
}

/* A name that we cannot read is none that we follow, and no fault of the model. */
static char *name_read(struct wi_protobuf *input, const struct wi_protobuf_range *range)
{
    const char *problem = input->problem;
    char *name = wi_protobuf_text(input, range, WI_TENSOR_NAME_MAX);

    if (!name)
        input->problem = problem;
    return name;
}

/* In the place of what an earlier field of the same number said. */
static void text_replace(char **text, char *by)
{
    free(*text);
    *text = by;
}

static int node_read_fields(
    struct wi_protobuf *input, struct wi_protobuf_range range, struct node *node)
{
    struct wi_protobuf_field field;
    int more;

    while ((more = wi_protobuf_next(input, &range, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_NODE_OP_TYPE)
            text_replace(&node->type, name_read(input, &field.bytes));
        else if (field.number == WI_NODE_DOMAIN)
            text_replace(&node->domain, name_read(input, &field.bytes));
        else if (field.number == WI_NODE_OUTPUT && !node->output)
            node->output = name_read(input, &field.bytes);
        else if (field.number == WI_NODE_INPUT && node->input_count < MAX_NODE_INPUTS)
            node->inputs[node->input_count++] = name_read(input, &field.bytes);
    }
    return more;
}

struct attribute {
    char *name;
    int64_t number;
    struct wi_protobuf_range tensor;
};

static int read_attribute(
    struct wi_protobuf *input, struct wi_protobuf_range range, struct attribute *attribute)
{
    struct wi_protobuf_field field;
    int more;

    *attribute = (struct attribute){0};
    while ((more = wi_protobuf_next(input, &range, &field)) > 0) {
        if (field.number == WI_ATTRIBUTE_NAME && field.wire == WI_WIRE_BYTES)
            text_replace(&attribute->name, name_read(input, &field.bytes));
        else if (field.number == WI_ATTRIBUTE_INTEGER && field.wire == WI_WIRE_VARINT)
            attribute->number = (int64_t)field.value;
        else if (field.number == WI_ATTRIBUTE_TENSOR && field.wire == WI_WIRE_BYTES)
            attribute->tensor = field.bytes;
    }
    return more;
}

/* The attribute of that name, if the node has it: 1, 0 or -1. Its own name is NULL. */
static int find_attribute(struct wi_protobuf *input, struct wi_protobuf_range node,
    const char *name, struct attribute *found)
{
    struct wi_protobuf_field field;
    int more;

    while ((more = wi_protobuf_next(input, &node, &field)) > 0) {
        if (field.number != WI_NODE_ATTRIBUTE || field.wire != WI_WIRE_BYTES)
            continue;
        if (read_attribute(input, field.bytes, found) < 0)
            more = -1;
        int is_it = found->name && strcmp(found->name, name) == 0;
        text_replace(&found->name, NULL);
        if (more < 0 || is_it)
            return more;
    }
    return more;
}

static int is_op(const struct node *node, const char *domain, const char *type)
{
    const char *own = node->domain && strcmp(node->domain, "ai.onnx") != 0 ? node->domain : "";

    return node->type && strcmp(node->type, type) == 0 && strcmp(own, domain) == 0;
}

/* --- what is passed on ------------------------------------------------------------------------ */

/* From where a name has its values, or its shape. NULL: something else made them. */
static const char *origin_of(const struct wi_onnx_ranges *ranges, const char *name, int of_shape)
{
    const struct passed *passed =
        name && *name ? WI_TABLE_FIND(ranges->passed, name, strlen(name)) : NULL;

    if (!passed)
        return name && *name ? name : NULL;
    return (of_shape ? passed->shape : passed->values) ? passed->from : NULL;
}

static int note_passed(struct wi_onnx_ranges *ranges, struct wi_protobuf *input,
    struct wi_protobuf_range range, const struct node *node, const struct passing_row *row)
{
    const char *from = node->inputs[0];
    struct attribute to;
    int values = row->values;

    if (!node->output || !*node->output || !from || !*from ||
        HASH_COUNT(ranges->passed) == MAX_PASSED ||
        WI_TABLE_FIND(ranges->passed, node->output, strlen(node->output)))
        return 0;
    if (strcmp(row->type, "Cast") == 0) {
        int has = find_attribute(input, range, "to", &to);
        if (has < 0)
            return -1;
        values = has && (to.number == ONNX_INT32 || to.number == ONNX_INT64);
    }
    const struct passed *before = WI_TABLE_FIND(ranges->passed, from, strlen(from));
    struct passed *passed = wi_alloc(sizeof *passed);
    passed->name = wi_strdup(node->output);
    passed->from = wi_strdup(before ? before->from : from);
    passed->values = values && (!before || before->values);
    passed->shape = row->shape && (!before || before->shape);
    HASH_ADD_KEYPTR(hh, ranges->passed, passed->name, strlen(passed->name), passed);
    return 0;
}

/* --- what is looked up ------------------------------------------------------------------------ */

static struct table *find_or_add_table(struct wi_onnx_ranges *ranges, const char *name)
{
    struct table *table = WI_TABLE_FIND(ranges->tables, name, strlen(name));

    if (table)
        return table;
    table = wi_alloc(sizeof *table);
    table->name = wi_strdup(name);
    HASH_ADD_KEYPTR(hh, ranges->tables, table->name, strlen(table->name), table);
    return table;
}

static int note_lookup(struct wi_onnx_ranges *ranges, struct wi_protobuf *input,
    struct wi_protobuf_range range, const struct node *node, const struct lookup_row *row)
{
    const char *table = origin_of(ranges, node->inputs[row->table], 1);
    const char *indices = origin_of(ranges, node->inputs[row->indices], 0);
    struct attribute axis = {0};

    /* Where each position has an axis of its own, they must stand as they were sent. */
    if (row->by_position && indices != origin_of(ranges, node->inputs[row->indices], 1))
        return 0;
    if (!table || !indices || ranges->lookup_count == MAX_LOOKUPS)
        return 0;
    int has = row->axis ? find_attribute(input, range, row->axis, &axis) : 0;
    if (has < 0)
        return -1;
    ranges->lookups[ranges->lookup_count++] = (struct lookup){.row = row,
        .table = find_or_add_table(ranges, table),
        .indices = wi_strdup(indices),
        .axis = has ? axis.number : 0};
    return 0;
}

static int read_dims(
    struct wi_protobuf *input, const struct wi_protobuf_field *field, struct table *table)
{
    struct wi_protobuf_range packed = field->bytes;
    uint64_t value = field->value;

    if (field->wire == WI_WIRE_VARINT)
        packed.at = packed.end = 0;
    do {
        if (field->wire == WI_WIRE_BYTES && packed.at == packed.end)
            return 0;
        if (field->wire == WI_WIRE_BYTES && wi_protobuf_varint(input, &packed, &value) < 0)
            return -1;
        if (table->rank == WI_TENSOR_MAX_RANK)
            return 0; /* and it is of no use, for none is served */
        table->dims[table->rank++] = (int64_t)value;
    } while (packed.at < packed.end);
    return 0;
}

/* The shape of a tensor in the file. */
static int read_table(
    struct wi_protobuf *input, struct wi_protobuf_range tensor, struct table *table)
{
    struct wi_protobuf_field field;
    int more;

    table->known = 1;
    table->rank = 0;
    while ((more = wi_protobuf_next(input, &tensor, &field)) > 0)
        if (field.number == WI_TENSOR_DIMS &&
            (field.wire == WI_WIRE_VARINT || field.wire == WI_WIRE_BYTES) &&
            read_dims(input, &field, table) < 0)
            return -1;
    return more;
}

static int note_constant(struct wi_onnx_ranges *ranges, struct wi_protobuf *input,
    struct wi_protobuf_range range, const struct node *node)
{
    struct attribute value;
    int has = find_attribute(input, range, "value", &value);

    if (has <= 0 || !node->output || !*node->output || value.tensor.end == 0 ||
        HASH_COUNT(ranges->tables) >= MAX_PASSED)
        return has < 0 ? -1 : 0;
    return read_table(input, value.tensor, find_or_add_table(ranges, node->output));
}

static int note_node(struct wi_onnx_ranges *ranges, struct wi_protobuf *input,
    struct wi_protobuf_range range, const struct node *node)
{
    for (size_t i = 0; i < COUNT(lookups); i++)
        if (is_op(node, lookups[i].domain, lookups[i].type) &&
            note_lookup(ranges, input, range, node, &lookups[i]) < 0)
            return -1;
    for (size_t i = 0; i < COUNT(passing); i++)
        if (is_op(node, "", passing[i].type))
            return note_passed(ranges, input, range, node, &passing[i]);
    return is_op(node, "", "Constant") ? note_constant(ranges, input, range, node) : 0;
}

int wi_onnx_ranges_node(
    struct wi_onnx_ranges *ranges, struct wi_protobuf *input, struct wi_protobuf_range range)
{
    struct node node = {0};
    int code = node_read_fields(input, range, &node);

    if (code == 0)
        code = note_node(ranges, input, range, &node);
    clear_node(&node);
    return code;
}

int wi_onnx_ranges_initializer(
    struct wi_onnx_ranges *ranges, struct wi_protobuf *input, struct wi_protobuf_range tensor)
{
    struct wi_protobuf_range rest = tensor;
    struct wi_protobuf_field field;
    struct table *table = NULL;
    int more;

    if (!ranges->lookup_count)
        return 0;
    while ((more = wi_protobuf_next(input, &rest, &field)) > 0) {
        if (field.number != WI_TENSOR_NAME || field.wire != WI_WIRE_BYTES)
            continue;
        char *name = name_read(input, &field.bytes);
        table = name ? WI_TABLE_FIND(ranges->tables, name, strlen(name)) : NULL;
        free(name);
    }
    return more < 0 || !table ? more : read_table(input, tensor, table);
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Of a table that is an input: what is free there is told by each request. */
static void take_input(struct table *table, const struct wi_onnx_value *value)
{
    if (table->known || !value || !value->tensor || !value->has_shape)
        return;
    table->known = 1;
    table->rank = value->rank;
    memcpy(table->dims, value->dims, sizeof table->dims);
}

static void add_range(struct wi_onnx_signature *signature, const struct lookup *lookup)
{
    const struct wi_onnx_value *inputs = signature->inputs;
    const struct wi_onnx_value *indices =
        wi_onnx_value_find(inputs, signature->input_count, lookup->indices, 0);
    const struct wi_onnx_value *input =
        wi_onnx_value_find(inputs, signature->input_count, lookup->table->name, 0);
    struct table *table = lookup->table;
    struct wi_onnx_range range = {.from_end = lookup->row->from_end, .table = -1};

    take_input(table, input);
    int64_t axis = lookup->axis < 0 ? lookup->axis + table->rank : lookup->axis;
    if (!indices || !indices->tensor || !indices->has_datatype || !table->known || axis < 0 ||
        axis >= table->rank)
        return;
    range.input = (size_t)(indices - inputs);
    range.table = input ? (int)(input - inputs) : -1;
    range.axis = (unsigned)axis;
    range.by_position = lookup->row->by_position;
    range.count = range.by_position ? table->rank - range.axis : 1;
    memcpy(range.sizes, table->dims + axis, range.count * sizeof *range.sizes);
    signature->ranges =
        wi_realloc_array(signature->ranges, signature->range_count + 1, sizeof range);
    signature->ranges[signature->range_count++] = range;
}

void wi_onnx_ranges_end(struct wi_onnx_ranges *ranges, struct wi_onnx_signature *signature)
{
    for (size_t i = 0; i < ranges->lookup_count; i++)
        add_range(signature, &ranges->lookups[i]);
}
