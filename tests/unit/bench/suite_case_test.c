/* Tests of operators in their folders: which there are, what their graphs and sets have, and what
 * is said of those that are not whole. */
#include "../test.h"

#include "../files.h"
#include "../terms/format/onnx_build.h"
#include "bench/suite_case.h"

struct fixture {
    char root[64];
    struct wi_suite_case test;
    struct wi_error error;
};

static int set_up(void **state)
{
    struct fixture *f = wi_alloc(sizeof *f);
    make_root(f->root, "suite");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    wi_suite_case_clear(&f->test);
    remove_root(f->root);
    free(f);
    return 0;
}

FIXTURE(set_up, tear_down)

static void put_op(struct wi_buffer *graph, const char *op, const char *input, const char *output)
{
    struct wi_buffer node = {0};
    put_bytes(&node, 1, input, strlen(input));
    put_bytes(&node, 2, output, strlen(output));
    put_bytes(&node, 4, op, strlen(op));
    put_message(graph, 1, &node);
}

/* x → `first` → y, and with `second` that behind it: z. */
static void write_model(
    const struct fixture *f, const char *name, const char *first, const char *second)
{
    struct wi_buffer graph = {0};
    if (first)
        put_op(&graph, first, "x", "y");
    if (second)
        put_op(&graph, second, "y", "z");
    put_value(&graph, 11, "x", 1, 1, (int64_t[]){2});
    put_value(&graph, 12, second ? "z" : first ? "y" : "x", 1, 1, (int64_t[]){2});
    struct wi_buffer model = finish_model(&graph);
    char *file = wi_sprintf("%s/model.onnx", name);
    write_file(f->root, file, model.text, model.size);
    wi_buffer_clear(&model);
    free(file);
}

/* A vector of two FP32 that has a name of its own. */
static void write_tensor(const struct fixture *f, const char *path, float first, float second)
{
    const float values[] = {first, second};
    struct wi_buffer tensor = {0};
    put_number(&tensor, 1, 2);
    put_number(&tensor, 2, 1);
    put_bytes(&tensor, 8, "other", 5);
    put_bytes(&tensor, 9, values, sizeof values);
    write_file(f->root, path, tensor.text, tensor.size);
    wi_buffer_clear(&tensor);
}

static void assert_tensor(const struct wi_tensors *list, const char *name, float first)
{
    float value;
    assert_int_equal(list->count, 1);
    assert_string_equal(list->items[0].name, name);
    memcpy(&value, wi_tensor_bytes(&list->items[0]), sizeof value);
    assert_float_equal(value, first, 0);
}

TEST(a_folder_with_a_model_is_a_test_if_it_is_called_so)
{
    struct fixture *f = *state;
    struct wi_strings names = {0};
    assert_int_equal(wi_suite_list(f->root, &names, &f->error), WI_INPUT_INVALID);
    write_model(f, "test_b", "Relu", NULL);
    write_model(f, "test_a", "Abs", NULL);
    write_model(f, "other", "Abs", NULL);
    write_text(f->root, "test_c/readme", "");
    assert_int_equal(wi_suite_list(f->root, &names, &f->error), WI_OK);
    assert_int_equal(names.count, 2);
    assert_string_equal(names.items[0], "test_a");
    assert_string_equal(names.items[1], "test_b");
    wi_strings_clear(&names);
    assert_int_equal(wi_suite_list("/nonexistent", &names, &f->error), WI_INPUT_INVALID);
}

TEST(a_test_is_of_the_operator_that_all_its_nodes_are)
{
    static const char *const cases[][3] = {{"Relu", NULL, "Relu"}, {"Relu", "Relu", "Relu"},
        {"Relu", "Abs", "several"}, {NULL, NULL, "none"}};
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_model(f, "test_op", cases[i][0], cases[i][1]);
        if (wi_suite_case_open(&f->test, f->root, "test_op", &f->error) != WI_OK)
            fail_msg("%s", f->error.detail);
        assert_string_equal(f->test.op, cases[i][2]);
        assert_string_equal(f->test.name, "test_op");
        wi_suite_case_clear(&f->test);
    }
    write_text(f->root, "test_op/model.onnx", "no model");
    assert_int_equal(wi_suite_case_open(&f->test, f->root, "test_op", &f->error), WI_MODEL_INVALID);
    wi_suite_case_clear(&f->test);
    assert_int_equal(
        wi_suite_case_open(&f->test, f->root, "test_none", &f->error), WI_INPUT_INVALID);
}

/* Tensors are called as in the graph, whatever they call themselves. */
TEST(each_set_takes_the_place_of_the_one_before)
{
    struct fixture *f = *state;
    write_model(f, "test_op", "Relu", NULL);
    for (int set = 0; set < 2; set++) {
        char *input = wi_sprintf("test_op/test_data_set_%d/input_0.pb", set);
        char *output = wi_sprintf("test_op/test_data_set_%d/output_0.pb", set);
        write_tensor(f, input, (float)set, 5);
        write_tensor(f, output, (float)set + 10, 5);
        free(input);
        free(output);
    }
    assert_int_equal(wi_suite_case_open(&f->test, f->root, "test_op", &f->error), WI_OK);
    for (unsigned set = 0; set < 2; set++) {
        if (wi_suite_case_read(&f->test, f->root, set, &f->error) != WI_OK)
            fail_msg("%s", f->error.detail);
        assert_tensor(&f->test.inputs, "x", (float)set);
        assert_tensor(&f->test.outputs, "y", (float)set + 10);
    }
    assert_int_equal(wi_suite_case_read(&f->test, f->root, 2, &f->error), WI_NOT_FOUND);
}

TEST(a_set_that_is_not_whole_names_the_file)
{
    struct fixture *f = *state;
    write_model(f, "test_op", "Relu", NULL);
    write_tensor(f, "test_op/test_data_set_0/input_0.pb", 1, 2);
    assert_int_equal(wi_suite_case_open(&f->test, f->root, "test_op", &f->error), WI_OK);
    assert_int_equal(wi_suite_case_read(&f->test, f->root, 0, &f->error), WI_INPUT_INVALID);
    assert_non_null(strstr(f->error.detail, "output_0.pb"));
    write_text(f->root, "test_op/test_data_set_0/output_0.pb", "\xff");
    assert_int_equal(wi_suite_case_read(&f->test, f->root, 0, &f->error), WI_INPUT_INVALID);
    assert_non_null(strstr(f->error.detail, "output_0.pb: "));
}
