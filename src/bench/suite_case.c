/* Tests of operators in their folders; see suite_case.h. */
#include "bench/suite_case.h"

#include "base/protobuf.h"
#include "base/text.h"
#include "cli/cli.h"
#include "terms/format/onnx.h"
#include "terms/format/onnx_fields.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODEL_MAX ((size_t)64 << 20)
#define TENSOR_MAX ((size_t)64 << 20)
#define OP_MAX 256

static int is_there(const char *folder, const char *name, const char *file)
{
    char *path = wi_sprintf("%s/%s/%s", folder, name, file);
    int found = access(path, R_OK) == 0;
    free(path);
    return found;
}

enum wi_code wi_suite_list(const char *folder, struct wi_strings *names, struct wi_error *error)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (strncmp(entries[i]->d_name, "test_", 5) == 0 &&
            is_there(folder, entries[i]->d_name, "model.onnx"))
            wi_strings_add(names, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    if (names->count > 0)
        return WI_OK;
    return wi_error_set(error, WI_INPUT_INVALID, "",
        "%s has no tests of operators: no folders test_… with model.onnx in them", folder);
}

/* Takes `op` over. */
static void note_op(struct wi_suite_case *test, char *op)
{
    if (!test->op) {
        test->op = op;
        return;
    }
    if (strcmp(test->op, op) != 0) {
        free(test->op);
        test->op = wi_strdup("several");
    }
    free(op);
}

static void read_node(
    struct wi_suite_case *test, struct wi_protobuf *input, struct wi_protobuf_range node)
{
    struct wi_protobuf_field field;
    while (wi_protobuf_next(input, &node, &field) > 0) {
        char *op = field.number == WI_NODE_OP_TYPE && field.wire == WI_WIRE_BYTES
                       ? wi_protobuf_text(input, &field.bytes, OP_MAX)
                       : NULL;
        if (op)
            note_op(test, op);
    }
}

static void read_nodes(
    struct wi_suite_case *test, struct wi_protobuf *input, struct wi_protobuf_range graph)
{
    struct wi_protobuf_field field;
    while (wi_protobuf_next(input, &graph, &field) > 0)
        if (field.number == WI_GRAPH_NODE && field.wire == WI_WIRE_BYTES)
            read_node(test, input, field.bytes);
}

/* The model has been read without errors before. */
static void read_ops(struct wi_suite_case *test, const char *bytes, size_t size)
{
    struct wi_protobuf *input = wi_alloc(sizeof *input);
    struct wi_protobuf_range model = {0, size};
    struct wi_protobuf_field field;
    input->bytes = (const unsigned char *)bytes;
    input->size = size;
    while (wi_protobuf_next(input, &model, &field) > 0)
        if (field.number == WI_MODEL_GRAPH && field.wire == WI_WIRE_BYTES)
            read_nodes(test, input, field.bytes);
    free(input);
    if (!test->op)
        test->op = wi_strdup("none");
}

enum wi_code wi_suite_case_open(
    struct wi_suite_case *test, const char *folder, const char *name, struct wi_error *error)
{
    char *path = wi_sprintf("%s/%s/model.onnx", folder, name);
    size_t size;
    char *bytes = wi_cli_read_file(path, MODEL_MAX, &size, error);
    enum wi_code code =
        bytes ? wi_onnx_read((const unsigned char *)bytes, size, &test->signature, error)
              : WI_INPUT_INVALID;
    test->name = wi_strdup(name);
    if (code == WI_OK)
        read_ops(test, bytes, size);
    free(bytes);
    free(path);
    return code;
}

static enum wi_code read_file(const char *path, struct wi_tensors *list, struct wi_error *error)
{
    struct wi_error problem = {0};
    size_t size;
    char *bytes = wi_cli_read_file(path, TENSOR_MAX, &size, error);
    enum wi_code code =
        bytes ? wi_onnx_read_tensor(list, (const unsigned char *)bytes, size, &problem)
              : WI_INPUT_INVALID;
    if (bytes && code != WI_OK)
        wi_error_set(error, WI_INPUT_INVALID, "", "%s: %s", wi_text_basename(path), problem.detail);
    free(bytes);
    return code;
}

/* ONNX writes bfloat16 in its tests as UINT16 with the same bits, since NumPy has no such type. */
static void take_brain_floats(struct wi_tensor *tensor, const struct wi_onnx_value *value)
{
    if (value->has_datatype && value->datatype == WI_BF16 && tensor->datatype == WI_UINT16)
        tensor->datatype = WI_BF16;
}

/* Reads tensors from numbered files and names each after the value at that position of the
 * graph. */
static enum wi_code read_side(const char *set, const char *side, const struct wi_onnx_value *values,
    size_t count, struct wi_tensors *list, struct wi_error *error)
{
    enum wi_code code = WI_OK;
    wi_tensors_clear(list);
    for (size_t i = 0; i < count && code == WI_OK; i++) {
        char *path = wi_sprintf("%s/%s_%zu.pb", set, side, i);
        code = read_file(path, list, error);
        free(path);
        if (code != WI_OK)
            break;
        free(list->items[i].name);
        list->items[i].name = wi_strdup(values[i].name);
        take_brain_floats(&list->items[i], &values[i]);
    }
    return code;
}

enum wi_code wi_suite_case_read(
    struct wi_suite_case *test, const char *folder, unsigned number, struct wi_error *error)
{
    const struct wi_onnx_signature *signature = &test->signature;
    char *set = wi_sprintf("%s/%s/test_data_set_%u", folder, test->name, number);
    if (access(set, F_OK) != 0) {
        free(set);
        return WI_NOT_FOUND;
    }
    enum wi_code code =
        read_side(set, "input", signature->inputs, signature->input_count, &test->inputs, error);
    if (code == WI_OK)
        code = read_side(
            set, "output", signature->outputs, signature->output_count, &test->outputs, error);
    free(set);
    return code;
}

void wi_suite_case_clear(struct wi_suite_case *test)
{
    free(test->name);
    free(test->op);
    wi_onnx_clear(&test->signature);
    wi_tensors_clear(&test->inputs);
    wi_tensors_clear(&test->outputs);
    *test = (struct wi_suite_case){0};
}
