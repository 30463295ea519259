/* Sets of inputs: what makes two of them alike, and what is told of one. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/tensor/input_set.h"
#include <string.h>

static struct wi_tensors inputs;

static int set_up(void **state)
{
    inputs = (struct wi_tensors){0};
    return 0;
}

static int tear_down(void **state)
{
    wi_tensors_clear(&inputs);
    return 0;
}

static struct wi_tensor *put(const char *name, enum wi_datatype type, int64_t count, int value)
{
    struct wi_tensor *tensor = wi_tensors_add(&inputs);
    tensor->name = wi_strdup(name);
    tensor->datatype = type;
    tensor->rank = 1;
    tensor->dims[0] = count;
    tensor->size = (size_t)count * wi_datatype_size(type);
    tensor->blob = wi_blob_new(NULL, tensor->size);
    for (size_t i = 0; i < tensor->size; i++)
        wi_blob_append(tensor->blob, &(unsigned char){(unsigned char)value}, 1);
    return tensor;
}

/* Of the inputs that were put, which go. */
static const char *set_of(const char *about)
{
    static char sets[4][WI_INPUT_SET_SIZE];
    static int turn;
    turn = (turn + 1) % 4;
    wi_input_set(&inputs, about, sets[turn]);
    wi_tensors_clear(&inputs);
    return sets[turn];
}

static const char *one(enum wi_datatype type, int64_t count, int value)
{
    put("x", type, count, value);
    return set_of("");
}

FIXTURE(set_up, tear_down)

TEST(shapes_and_types_and_names_count)
{
    assert_int_equal(strlen(one(WI_FP32, 3, 1)), 16);
    assert_string_equal(one(WI_FP32, 3, 1), one(WI_FP32, 3, 1));
    assert_string_not_equal(one(WI_FP32, 3, 1), one(WI_FP32, 4, 1));
    assert_string_not_equal(one(WI_INT32, 3, 1), one(WI_FP32, 3, 1));
    put("x", WI_FP32, 6, 1)->rank = 2;
    inputs.items[0].dims[0] = 2;
    inputs.items[0].dims[1] = 3;
    assert_string_not_equal(set_of(""), one(WI_FP32, 6, 1));
    put("y", WI_FP32, 3, 1);
    assert_string_not_equal(set_of(""), one(WI_FP32, 3, 1));
    put("x", WI_FP32, 3, 1);
    assert_string_not_equal(set_of("matmul"), one(WI_FP32, 3, 1));
}

TEST(values_count_of_few_whole_numbers_and_booleans_alone)
{
    static const enum wi_datatype whole[] = {
        WI_BOOL, WI_UINT8, WI_INT8, WI_INT16, WI_UINT16, WI_INT32, WI_UINT32, WI_INT64, WI_UINT64};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        assert_string_not_equal(one(whole[i], 64, 0), one(whole[i], 64, 1));
        assert_string_equal(one(whole[i], 65, 0), one(whole[i], 65, 1));
    }
    assert_string_equal(one(WI_FP32, 1, 0), one(WI_FP32, 1, 1));
    assert_string_equal(one(WI_FP16, 1, 0), one(WI_FP16, 1, 1));
    assert_string_equal(one(WI_FP64, 1, 0), one(WI_FP64, 1, 1));
}

TEST(their_order_does_not)
{
    put("x", WI_FP32, 3, 1);
    put("sr", WI_INT64, 1, 1);
    const char *set = set_of("");
    put("sr", WI_INT64, 1, 1);
    put("x", WI_FP32, 3, 1);
    assert_string_equal(set_of(""), set);
    put("x", WI_FP32, 3, 1);
    put("sr", WI_INT64, 1, 2);
    assert_string_not_equal(set_of(""), set);
}

TEST(shapes_are_told_without_values)
{
    char shapes[WI_INPUT_SHAPES_SIZE];
    put("x", WI_FP32, 3, 1);
    put("sr", WI_INT64, 1, 7)->rank = 0;
    wi_input_shapes(&inputs, shapes);
    assert_string_equal(shapes, "x FP32 [3], sr INT64 []");
    for (int i = 0; i < 100; i++)
        put("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
            "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac",
            WI_FP32, 3, 1);
    wi_input_shapes(&inputs, shapes);
    assert_true(strlen(shapes) < sizeof shapes);
    assert_string_equal(shapes + strlen(shapes) - 3, "…");
    json_t *text = json_string(shapes); /* whole characters */
    assert_non_null(text);
    json_decref(text);
    wi_tensors_clear(&inputs);
    wi_input_shapes(&inputs, shapes);
    assert_string_equal(shapes, "");
}
