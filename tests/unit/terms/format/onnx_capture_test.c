/* What the tables foretell of graph capture, over files that are built here. */
#include "../../test.h"

#include "onnx_build.h"
#include "terms/format/onnx_capture.h"
#include "terms/format/onnx_operators.h"
#include <stdio.h>

/* A node; with `nested` (may be NULL, is emptied) it has that graph. */
static void put_node(
    struct wi_buffer *graph, const char *name, const char *type, struct wi_buffer *nested)
{
    struct wi_buffer node = {0}, attribute = {0};
    if (name)
        put_bytes(&node, 3, name, strlen(name));
    put_bytes(&node, 4, type, strlen(type));
    if (nested) {
        put_bytes(&attribute, 1, "then_branch", 11);
        put_message(&attribute, 6, nested);
        put_message(&node, 5, &attribute);
    }
    put_message(graph, 1, &node);
}

static ssize_t give(void *source, void *bytes, size_t size, uint64_t at)
{
    const struct wi_buffer *file = source;
    size_t left = at < file->size ? file->size - (size_t)at : 0;
    memcpy(bytes, file->text + at, size < left ? size : left);
    return (ssize_t)(size < left ? size : left);
}

/* Of a model with this graph, which is emptied. */
static struct wi_onnx_capture capture_of(struct wi_buffer *graph)
{
    struct wi_onnx_capture capture = {.state = WI_CAPTURE_POSSIBLE};
    struct wi_buffer model = finish_model(graph);
    wi_onnx_capture_read(give, &model, model.size, NULL, NULL, &capture);
    wi_buffer_clear(&model);
    return capture;
}

/* `possible` is 1, 0 or -1: not told; NULL: nothing is told. */
static void check(const struct wi_onnx_capture *capture, int possible, const char *node,
    const char *operator_type, const char *reason)
{
    json_t *told = wi_onnx_capture_json(capture);
    const json_t *is_possible = json_object_get(told, "possible");
    const char *found = json_string_value(json_object_get(told, "reason"));
    assert_non_null(told);
    assert_int_equal(json_object_size(told), 4);
    assert_true(possible < 0
                    ? json_is_null(is_possible)
                    : json_is_boolean(is_possible) && json_is_true(is_possible) == (possible == 1));
    const char *names[] = {"node", "operator"}, *expected[] = {node, operator_type};
    for (int i = 0; i < 2; i++) {
        const json_t *name = json_object_get(told, names[i]);
        if (expected[i])
            assert_string_equal(json_string_value(name), expected[i]);
        else
            assert_true(json_is_null(name));
    }
    if (!reason)
        assert_true(json_is_null(json_object_get(told, "reason")));
    else if (!found || !strstr(found, reason))
        fail_msg("%s is not in \"%s\"", reason, found ? found : "");
    json_decref(told);
}

TEST(a_graph_with_a_kernel_for_each_node_can_be_recorded)
{
    struct wi_buffer graph = {0};
    put_node(&graph, "a", "Add", NULL);
    put_node(&graph, "b", "Constant", NULL); /* which onnxruntime takes out */
    put_node(&graph, "c", "Dropout", NULL);
    put_node(&graph, "d", "Relu", NULL);
    const struct wi_onnx_capture capture = capture_of(&graph);
    check(&capture, 1, NULL, NULL, NULL);
}

TEST(the_first_node_without_a_kernel_prevents_it)
{
    struct wi_buffer graph = {0};
    put_node(&graph, "a", "Add", NULL);
    put_node(&graph, "what", "NoSuchOperator", NULL);
    put_node(&graph, "second", "Det", NULL);
    put_node(&graph, "third", "Bernoulli", NULL);
    put_node(&graph, "fourth", "Det", NULL);
    struct wi_onnx_capture capture = capture_of(&graph);
    check(&capture, 0, "second", "Det", "WebGPU has no kernel of Det");
    put_node(&graph, NULL, "Det", NULL);
    capture = capture_of(&graph);
    check(&capture, 0, NULL, "Det", "onnxruntime-web ");
}

TEST(a_node_with_a_graph_of_its_own_prevents_it)
{
    struct wi_buffer graph = {0}, nested = {0};
    put_node(&graph, "first", "Det", NULL);
    put_node(&nested, "inner", "Add", NULL);
    put_node(&graph, "choose", "If", &nested);
    struct wi_onnx_capture capture = capture_of(&graph);
    check(&capture, 0, "choose", "If", "If has a graph of its own");
    struct wi_buffer within = {0}, deeper = {0};
    put_node(&deeper, "deepest", "Add", NULL);
    put_node(&within, "loop", "Loop", &deeper);
    put_node(&deeper, "deepest", "Add", NULL);
    put_node(&within, "inside", "If", &deeper);
    put_node(&graph, "outside", "If", &within);
    capture = capture_of(&graph);
    check(&capture, 0, "outside", "If", "If has a graph of its own");
}

TEST(an_operator_that_no_table_names_leaves_it_open)
{
    struct wi_buffer graph = {0};
    put_node(&graph, "a", "Add", NULL);
    put_node(&graph, "odd", "NoSuchOperator", NULL);
    const struct wi_onnx_capture capture = capture_of(&graph);
    check(&capture, -1, "odd", "NoSuchOperator", "do not name NoSuchOperator");
}

/* A node with two inputs and an output; "" leaves one out. */
static void put_wired(struct wi_buffer *graph, const char *type, const char *first,
    const char *second, const char *output)
{
    struct wi_buffer node = {0};
    const char *inputs[] = {first, second};
    for (int i = 0; i < 2; i++)
        if (*inputs[i])
            put_bytes(&node, 1, inputs[i], strlen(inputs[i]));
    put_bytes(&node, 2, output, strlen(output));
    put_bytes(&node, 4, type, strlen(type));
    put_message(graph, 1, &node);
}

/* Of a graph with the input x; `random` is an operator in it that draws numbers, or "". */
static struct wi_onnx_capture capture_of_input(struct wi_buffer *graph, const char *random)
{
    struct wi_onnx_value x = {.name = "x"};
    struct wi_onnx_signature signature = {.inputs = &x, .input_count = 1};
    struct wi_onnx_capture capture;
    struct wi_buffer model = finish_model(graph);
    snprintf(signature.random, sizeof signature.random, "%s", random);
    wi_onnx_capture_read(give, &model, model.size, NULL, &signature, &capture);
    wi_buffer_clear(&model);
    return capture;
}

TEST(what_is_computed_of_constants_alone_prevents_nothing)
{
    struct wi_buffer graph = {0};
    put_wired(&graph, "Constant", "", "", "shape");
    put_wired(&graph, "ConstantOfShape", "shape", "", "zeros");
    put_wired(&graph, "Det", "zeros", "weight", "det");
    put_wired(&graph, "Add", "x", "det", "y");
    struct wi_onnx_capture capture = capture_of_input(&graph, "");
    check(&capture, 1, NULL, NULL, NULL);
    put_wired(&graph, "Relu", "x", "", "y");
    put_wired(&graph, "Add", "weight", "y", "z");
    put_wired(&graph, "Det", "z", "", "det");
    capture = capture_of_input(&graph, "");
    check(&capture, 0, NULL, "Det", "no kernel of Det");
    put_wired(&graph, "Det", "weight", "", "det");
    capture = capture_of_input(&graph, "RandomUniform");
    check(&capture, 0, NULL, "Det", "no kernel of Det");
    put_wired(&graph, "Bernoulli", "", "", "drawn"); /* without an input, and no Constant */
    capture = capture_of_input(&graph, "");
    check(&capture, 0, NULL, "Bernoulli", "no kernel of Bernoulli");
}

TEST(a_node_with_a_graph_of_its_own_is_not_constant)
{
    struct wi_buffer graph = {0}, nested = {0};
    put_node(&nested, "inner", "Add", NULL);
    put_node(&graph, "choose", "If", &nested);
    const struct wi_onnx_capture capture = capture_of_input(&graph, "");
    check(&capture, 0, "choose", "If", "If has a graph of its own");
}

TEST(names_that_are_no_text_are_none_and_long_ones_are_cut)
{
    char longer[WI_CAPTURE_NAME_MAX + 100];
    struct wi_buffer graph = {0};
    put_node(&graph, "\xff\xfe", "Det", NULL);
    struct wi_onnx_capture capture = capture_of(&graph);
    check(&capture, 0, NULL, "Det", "no kernel");
    memset(longer, 'n', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    put_node(&graph, longer, "Det", NULL);
    capture = capture_of(&graph);
    assert_int_equal(strlen(capture.node), WI_CAPTURE_NAME_MAX);
}

TEST(of_a_file_that_is_no_model_nothing_is_told)
{
    struct wi_buffer none = {0};
    struct wi_onnx_capture capture = {.state = WI_CAPTURE_POSSIBLE, .node = "n"};
    const atomic_int stop = 1;
    put_number(&none, 1, 8);
    wi_onnx_capture_read(give, &none, none.size, NULL, NULL, &capture);
    assert_int_equal(capture.state, WI_CAPTURE_UNREAD);
    assert_null(wi_onnx_capture_json(&capture));
    struct wi_buffer graph = {0};
    put_node(&graph, "a", "Add", NULL);
    struct wi_buffer model = finish_model(&graph);
    wi_onnx_capture_read(give, &model, model.size, &stop, NULL, &capture);
    assert_int_equal(capture.state, WI_CAPTURE_UNREAD);
    wi_buffer_clear(&model);
    wi_buffer_clear(&none);
}
