/* The operators of files that are built here, and what the engines' tables say of operators. */
#include "../../test.h"

#include "onnx_build.h"
#include "terms/format/onnx_operators.h"
#include <stdio.h>

/* A node of that operator, as `field`; `nested` (may be NULL) is a graph of it, and is emptied. */
static void put_node(struct wi_buffer *out, unsigned field, const char *domain, const char *type,
    struct wi_buffer *nested)
{
    struct wi_buffer node = {0}, attribute = {0};
    put_bytes(&node, 4, type, strlen(type));
    if (*domain)
        put_bytes(&node, 7, domain, strlen(domain));
    if (nested) {
        put_bytes(&attribute, 1, "body", 4);
        put_message(&attribute, 6, nested);
        put_message(&node, 5, &attribute);
    }
    put_message(out, field, &node);
}

static ssize_t give(void *source, void *bytes, size_t size, uint64_t at)
{
    const struct wi_buffer *file = source;
    size_t left = at < file->size ? file->size - (size_t)at : 0;
    memcpy(bytes, file->text + at, size < left ? size : left);
    return (ssize_t)(size < left ? size : left);
}

/* Reads the file, and empties it. */
static enum wi_code read_file(
    struct wi_buffer *file, struct wi_onnx_operators *operators, struct wi_error *error)
{
    enum wi_code code =
        wi_onnx_operators_read(give, file, file->size, NULL, NULL, operators, error);
    wi_buffer_clear(file);
    return code;
}

TEST(operators_are_counted_with_those_of_subgraphs)
{
    static const struct {
        const char *domain, *type;
        int64_t opset;
        size_t nodes;
    } expected[] = {{"", "Conv", 17, 2}, {"", "Abs", 17, 2}, {"", "If", 17, 1},
        {"com.example", "Odd", 3, 1}, {"com.other", "Conv", 0, 1}};
    struct wi_buffer graph = {0}, nested = {0}, inner = {0};
    struct wi_onnx_operators operators;
    struct wi_error error;
    put_node(&graph, 1, "", "Conv", NULL);
    put_node(&inner, 1, "ai.onnx", "Abs", NULL);
    put_node(&nested, 1, "", "Abs", &inner);
    put_node(&graph, 1, "", "If", &nested);
    put_node(&graph, 1, "ai.onnx", "Conv", NULL);
    put_node(&graph, 1, "com.example", "Odd", NULL);
    put_node(&graph, 1, "com.other", "Conv", NULL);
    struct wi_buffer model = finish_model(&graph);
    assert_int_equal(read_file(&model, &operators, &error), WI_OK);
    assert_int_equal(operators.count, sizeof expected / sizeof *expected);
    assert_int_equal(operators.nodes, 7);
    assert_int_equal(operators.opset, 17);
    for (size_t i = 0; i < operators.count; i++) {
        const struct wi_onnx_operator *one = &operators.items[i];
        if (strcmp(one->type, expected[i].type) != 0 ||
            strcmp(one->domain, expected[i].domain) != 0 || one->nodes != expected[i].nodes ||
            one->opset != expected[i].opset)
            fail_msg("%zu: %zu of %s in \"%s\" %d", i, one->nodes, one->type, one->domain,
                (int)one->opset);
    }
    wi_onnx_operators_clear(&operators);
}

TEST(a_call_of_a_function_counts_as_what_the_function_has)
{
    struct wi_buffer graph = {0}, function = {0}, rest = {0};
    struct wi_onnx_operators operators;
    struct wi_error error;
    put_node(&graph, 1, "own", "Twice", NULL);
    put_node(&graph, 1, "own", "Twice", NULL);
    struct wi_buffer model = finish_model(&graph);
    put_bytes(&function, 1, "Twice", 5);
    put_bytes(&function, 10, "own", 3);
    put_node(&function, 7, "", "Add", NULL);
    put_message(&rest, 25, &function);
    wi_buffer_add(&model, rest.text, rest.size);
    wi_buffer_clear(&rest);
    assert_int_equal(read_file(&model, &operators, &error), WI_OK);
    assert_int_equal(operators.count, 1);
    assert_int_equal(operators.nodes, 1);
    assert_string_equal(operators.items[0].type, "Add");
    wi_onnx_operators_clear(&operators);
}

TEST(files_that_are_no_models_say_so)
{
    struct wi_onnx_operators operators;
    struct wi_error error;
    struct wi_buffer none = {0}, cut = {0}, graph = {0};
    put_number(&none, 1, 8);
    assert_int_equal(read_file(&none, &operators, &error), WI_MODEL_INVALID);
    assert_non_null(strstr(error.detail, "there is no graph in it"));
    wi_onnx_operators_clear(&operators);
    put_node(&graph, 1, "", "Conv", NULL);
    cut = finish_model(&graph);
    cut.size -= 2;
    assert_int_equal(read_file(&cut, &operators, &error), WI_MODEL_INVALID);
    assert_non_null(strstr(error.detail, "no whole ONNX model"));
    wi_onnx_operators_clear(&operators);
}

TEST(more_operators_than_there_may_be_are_refused)
{
    struct wi_onnx_operators operators;
    struct wi_error error;
    for (int more = 0; more < 2; more++) {
        struct wi_buffer graph = {0};
        for (int i = 0; i < WI_OPERATORS_MAX + more; i++) {
            char name[16];
            snprintf(name, sizeof name, "Op%d", i);
            put_node(&graph, 1, "", name, NULL);
        }
        struct wi_buffer model = finish_model(&graph);
        assert_int_equal(read_file(&model, &operators, &error), more ? WI_MODEL_INVALID : WI_OK);
        wi_onnx_operators_clear(&operators);
    }
    assert_non_null(strstr(error.detail, "1000 different operators"));
}

/* The rows are generated, so these are facts of the engine's tables, and of what browsers did. */
TEST(tables_tell_what_has_a_kernel)
{
    static const struct {
        const char *domain, *type;
        int64_t opset;
        enum wi_support wasm, webgpu, webnn;
    } rows[] = {{"", "Add", 14, WI_SUPPORT_YES, WI_SUPPORT_YES, WI_SUPPORT_YES},
        {"", "Add", 6, WI_SUPPORT_YES, WI_SUPPORT_CPU, WI_SUPPORT_CPU},
        {"", "And", 13, WI_SUPPORT_YES, WI_SUPPORT_YES, WI_SUPPORT_YES},
        {"", "And", 6, WI_SUPPORT_YES, WI_SUPPORT_CPU, WI_SUPPORT_CPU},
        {"", "Bernoulli", 15, WI_SUPPORT_YES, WI_SUPPORT_CPU, WI_SUPPORT_CPU},
        {"", "GridSample", 20, WI_SUPPORT_YES, WI_SUPPORT_CPU, WI_SUPPORT_CPU},
        {"com.microsoft", "BiasAdd", 1, WI_SUPPORT_UNKNOWN, WI_SUPPORT_YES, WI_SUPPORT_UNKNOWN},
        {"", "NoSuchOperator", 13, WI_SUPPORT_UNKNOWN, WI_SUPPORT_UNKNOWN, WI_SUPPORT_UNKNOWN},
        {"", "Add", 0, WI_SUPPORT_UNKNOWN, WI_SUPPORT_UNKNOWN, WI_SUPPORT_UNKNOWN}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum wi_support found[3];
        static const enum wi_platform platforms[] = {WI_WASM, WI_WEBGPU, WI_WEBNN};
        for (size_t p = 0; p < 3; p++)
            found[p] =
                wi_operator_support(rows[i].domain, rows[i].type, rows[i].opset, platforms[p]);
        if (found[0] != rows[i].wasm || found[1] != rows[i].webgpu || found[2] != rows[i].webnn)
            fail_msg("%s %d: %s, %s, %s", rows[i].type, (int)rows[i].opset,
                wi_support_names[found[0]], wi_support_names[found[1]], wi_support_names[found[2]]);
    }
    assert_int_equal(wi_operator_support("", "Add", 14, WI_WEBGL), WI_SUPPORT_UNKNOWN);
    assert_non_null(strstr(wi_operator_note("", "AveragePool", WI_WEBNN), "4-D input"));
    assert_null(wi_operator_note("", "AveragePool", WI_WASM));
    assert_null(wi_operator_note("", "NoSuchOperator", WI_WASM));
    assert_non_null(strstr(wi_operators_source, "onnxruntime-web "));
}
