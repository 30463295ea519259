/* What a client's own kernel may ask for, and what becomes of it on its way. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/kernel/kernel_program.h"
#include <stdlib.h>
#include <string.h>

static struct wi_program *program;
static struct wi_tensors inputs;
static struct wi_error error;

static void add(struct wi_tensors *list, const char *name, enum wi_datatype datatype, int64_t size)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = datatype;
    tensor->rank = 1;
    tensor->dims[0] = size;
    tensor->size = (size_t)size * wi_datatype_size(datatype);
}

static int set_up(void **state)
{
    program = wi_program_new();
    program->source = wi_strdup("fn \"main\"");
    program->entry = wi_strdup("main");
    add(&inputs, "x", WI_FP32, 3);
    add(&program->outputs, "y", WI_UINT32, 2);
    return 0;
}

static int tear_down(void **state)
{
    wi_program_release(program);
    wi_tensors_clear(&inputs);
    return 0;
}

FIXTURE(set_up, tear_down)

static enum wi_code check(void)
{
    memset(&error, 0, sizeof error);
    return wi_program_check(program, &inputs, &error);
}

static enum wi_code workgroups(const char *text)
{
    json_t *list = json_loads(text, 0, NULL);
    enum wi_code code = wi_program_read_workgroups(program, list, &error);
    json_decref(list);
    return code;
}

static enum wi_code constants(const char *text)
{
    json_t *object = json_loads(text, 0, NULL);
    enum wi_code code = wi_program_read_constants(program, object, &error);
    json_decref(object);
    return code;
}

TEST(what_fits_is_taken)
{
    assert_int_equal(check(), WI_OK);
    wi_tensors_clear(&inputs); /* its outputs may be made of nothing */
    assert_int_equal(check(), WI_OK);
}

TEST(tensors_are_few_and_have_names_of_their_own)
{
    for (int i = 0; i < 6; i++)
        add(&inputs, (char[2]){(char)('a' + i), 0}, WI_INT32, 1);
    assert_int_equal(check(), WI_OK);
    add(&inputs, "y", WI_INT32, 1);
    assert_int_equal(check(), WI_INVALID_FIELD);
    assert_string_equal(error.field, "outputs");
    wi_tensors_clear(&inputs);
    add(&inputs, "y", WI_INT32, 1);
    assert_int_equal(check(), WI_INVALID_FIELD);
    assert_string_equal(error.field, "outputs[0].name");
    wi_tensors_clear(&program->outputs);
    assert_int_equal(check(), WI_INVALID_FIELD);
    assert_string_equal(error.field, "outputs");
}

TEST(each_is_what_wgsl_can_bind)
{
    add(&inputs, "h", WI_FP16, 2);
    assert_int_equal(check(), WI_OK);
    add(&inputs, "k", WI_FP16, 3); /* half a word is left */
    assert_int_equal(check(), WI_INPUT_SHAPE);
    assert_string_equal(error.field, "inputs[2].shape");
    wi_tensors_clear(&inputs);
    add(&inputs, "x", WI_FP32, 0);
    assert_int_equal(check(), WI_INPUT_SHAPE);
    wi_tensors_clear(&inputs);
    add(&inputs, "x", WI_INT64, 1);
    assert_int_equal(check(), WI_INPUT_DATATYPE);
    assert_string_equal(error.field, "inputs[0].datatype");
    wi_tensors_clear(&inputs);
    add(&program->outputs, "z", WI_BOOL, 4);
    assert_int_equal(check(), WI_INVALID_FIELD);
    assert_string_equal(error.field, "outputs[1].datatype");
}

TEST(all_of_it_has_so_many_bytes_at_most)
{
    const int64_t most = (int64_t)(WI_KERNEL_BYTES_MAX / 4);
    add(&program->outputs, "z", WI_FP32, most - 5);
    assert_int_equal(check(), WI_OK);
    program->outputs.items[1].size += 4;
    assert_int_equal(check(), WI_ANSWER_TOO_LARGE);
    assert_string_equal(error.field, "outputs");
}

TEST(workgroups_are_three_whole_numbers)
{
    assert_int_equal(workgroups("[1, 65536, 4294967295]"), WI_OK);
    assert_int_equal(program->workgroups[2], 4294967295);
    static const char *const bad[] = {"[]", "[1, 1]", "[1, 1, 1, 1]", "[1, 0, 1]", "[1, -1, 1]",
        "[1, 1, 1.5]", "[\"1\", 1, 1]", "[1, 1, 4294967296]"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(workgroups(bad[i]), WI_INVALID_FIELD);
        assert_string_equal(error.field, "workgroups");
    }
    assert_int_equal(wi_program_read_workgroups(program, NULL, &error), WI_INVALID_FIELD);
}

TEST(constants_are_numbers)
{
    assert_int_equal(constants("{\"a\": 1, \"0\": -0.5}"), WI_OK);
    assert_int_equal(json_object_size(program->constants), 2);
    assert_int_equal(constants("{\"a\": true}"), WI_INVALID_FIELD);
    assert_string_equal(error.field, "constants.a");
    assert_int_equal(constants("{\"\": 1}"), WI_INVALID_FIELD);
    json_t *many = json_object();
    for (int i = 0; i <= WI_PROGRAM_CONSTANTS; i++) {
        char name[8];
        snprintf(name, sizeof name, "c%d", i);
        json_object_set_new(many, name, json_integer(i));
    }
    assert_int_equal(wi_program_read_constants(program, many, &error), WI_INVALID_FIELD);
    assert_string_equal(error.field, "constants");
    json_decref(many);
}

TEST(an_answer_has_the_outputs_in_their_order)
{
    struct wi_tensors outputs = {0};
    add(&program->outputs, "z", WI_FP32, 1);
    add(&outputs, "y", WI_UINT32, 2);
    assert_int_equal(wi_program_check_answer(program, &outputs, &error), WI_INFERENCE_FAILED);
    add(&outputs, "z", WI_FP32, 1);
    assert_int_equal(wi_program_check_answer(program, &outputs, &error), WI_OK);
    outputs.items[1].dims[0] = 2;
    assert_int_equal(wi_program_check_answer(program, &outputs, &error), WI_INFERENCE_FAILED);
    outputs.items[1].dims[0] = 1;
    outputs.items[0].datatype = WI_INT32;
    assert_int_equal(wi_program_check_answer(program, &outputs, &error), WI_INFERENCE_FAILED);
    outputs.items[0].datatype = WI_UINT32;
    add(&outputs, "q", WI_FP32, 1);
    assert_int_equal(wi_program_check_answer(program, &outputs, &error), WI_INFERENCE_FAILED);
    wi_tensors_clear(&outputs);
}

TEST(a_node_gets_all_of_it)
{
    struct wi_buffer out = {0};
    assert_int_equal(workgroups("[1, 2, 3]"), WI_OK);
    wi_program_add(&out, program);
    assert_string_equal(out.text,
        "{\"source\":\"fn \\\"main\\\"\",\"entry\":\"main\",\"workgroups\":[1,2,3],"
        "\"outputs\":[{\"name\":\"y\",\"datatype\":\"UINT32\",\"shape\":[2]}]}");
    wi_buffer_clear(&out);
    assert_int_equal(constants("{\"a\": 1}"), WI_OK);
    wi_program_add(&out, program);
    assert_non_null(strstr(out.text, "\"constants\":{\"a\":1}"));
    wi_buffer_clear(&out);
}
