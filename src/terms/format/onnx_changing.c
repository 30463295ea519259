/* The nodes whose results differ from run to run; see onnx_private.h. All others compute with
 * constants alone. */
#include "terms/format/onnx_private.h"

#include "base/memory.h"
#include "base/table.h"
#include "terms/format/onnx_fields.h"
#include <stdlib.h>
#include <string.h>

/* Of a file with more names, all further nodes count as changing. */
enum { MAX_NAMES = 65536 };

struct name {
    UT_hash_handle hh;
    char text[];
};

struct wi_onnx_changing {
    struct name *names;
    int is_all; /* nothing is known to be constant any more */
};

static void name_add(struct wi_onnx_changing *changing, const char *text)
{
    size_t length = strlen(text);
    if (WI_TABLE_FIND(changing->names, text, length))
        return;
    if (HASH_COUNT(changing->names) >= MAX_NAMES) {
        changing->is_all = 1;
        return;
    }
    struct name *name = wi_alloc(sizeof *name + length + 1);
    memcpy(name->text, text, length + 1);
    HASH_ADD_KEYPTR(hh, changing->names, name->text, length, name);
}

struct wi_onnx_changing *wi_onnx_changing_new(const struct wi_onnx_signature *signature)
{
    struct wi_onnx_changing *changing = wi_alloc(sizeof *changing);
    changing->is_all = *signature->random != '\0';
    for (size_t i = 0; i < signature->input_count; i++)
        name_add(changing, signature->inputs[i].name);
    return changing;
}

void wi_onnx_changing_free(struct wi_onnx_changing *changing)
{
    struct name *name;
    while (changing && (name = WI_TABLE_TAKE(changing->names)))
        free(name);
    free(changing);
}

/* NULL: it is no text that a name can be. */
static char *name_read(struct wi_protobuf *input, const struct wi_protobuf_range *range)
{
    const char *problem = input->problem;
    char *name = wi_protobuf_text(input, range, WI_TENSOR_NAME_MAX);
    if (!name)
        input->problem = problem;
    return name;
}

static int name_is_changing(const struct wi_onnx_changing *changing, struct wi_protobuf *input,
    const struct wi_protobuf_range *range)
{
    char *name = name_read(input, range);
    int is_changing = !name || WI_TABLE_FIND(changing->names, name, strlen(name)) != NULL;
    free(name);
    return is_changing;
}

static int type_is_constant(struct wi_protobuf *input, const struct wi_protobuf_range *range)
{
    static const char type[] = "Constant";
    char text[sizeof type];
    return range->end - range->at == sizeof type - 1 && wi_protobuf_copy(input, range, text) == 0 &&
           memcmp(text, type, sizeof type - 1) == 0;
}

/* 1 if the attribute is a graph, which may use names from outside; 0; or -1. */
static int attribute_has_graph(struct wi_protobuf *input, struct wi_protobuf_range attribute)
{
    struct wi_protobuf_field field;
    int more, has_graph = 0;
    while ((more = wi_protobuf_next(input, &attribute, &field)) > 0)
        has_graph |= wi_attribute_has_graph(&field);
    return more < 0 ? -1 : has_graph;
}

/* Whether it uses something that changes: 1, 0 or -1. Without an input only a Constant does not. */
static int node_is_changing(const struct wi_onnx_changing *changing, struct wi_protobuf *input,
    struct wi_protobuf_range node)
{
    struct wi_protobuf_field field;
    int more, is_changing = changing->is_all, inputs = 0;
    while ((more = wi_protobuf_next(input, &node, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES)
            continue;
        if (field.number == WI_NODE_INPUT) {
            inputs++;
            is_changing = is_changing || name_is_changing(changing, input, &field.bytes);
        } else if (field.number == WI_NODE_OP_TYPE) {
            inputs += type_is_constant(input, &field.bytes);
        } else if (field.number == WI_NODE_ATTRIBUTE) {
            int has_graph = attribute_has_graph(input, field.bytes);
            if (has_graph < 0)
                return -1;
            is_changing |= has_graph;
        }
    }
    return more < 0 ? -1 : is_changing || inputs == 0;
}

int wi_onnx_changing_node(
    struct wi_onnx_changing *changing, struct wi_protobuf *input, struct wi_protobuf_range node)
{
    struct wi_protobuf_field field;
    int more, is_changing = node_is_changing(changing, input, node);
    if (is_changing <= 0 || changing->is_all)
        return is_changing;
    while ((more = wi_protobuf_next(input, &node, &field)) > 0) {
        if (field.wire != WI_WIRE_BYTES || field.number != WI_NODE_OUTPUT)
            continue;
        char *name = name_read(input, &field.bytes);
        if (name)
            name_add(changing, name);
        else
            changing->is_all = 1;
        free(name);
    }
    return more < 0 ? -1 : 1;
}
