/* Shapes, datatypes and lists of tensors. */
#include "../../test.h"

#include "base/memory.h"
#include "terms/tensor/tensor.h"
#include <string.h>

TEST(knows_every_datatype)
{
    enum wi_datatype type;
    for (int i = 0; i < WI_DATATYPE_COUNT; i++) {
        const char *name = wi_datatype_name((enum wi_datatype)i);
        assert_int_equal(wi_datatype_parse(name, strlen(name), &type), 0);
        assert_int_equal(type, i);
        assert_int_equal(wi_datatype_size(type) == 0, type == WI_BYTES);
    }
    assert_int_equal(wi_datatype_parse("FP3", 3, &type), -1);
    assert_int_equal(wi_datatype_parse("FP32x", 5, &type), -1);
    assert_int_equal(wi_datatype_parse("fp32", 4, &type), -1);
    assert_int_equal(wi_datatype_from_onnx(1, &type), 0);
    assert_int_equal(type, WI_FP32);
    assert_int_equal(wi_datatype_from_onnx(16, &type), 0);
    assert_int_equal(type, WI_BF16);
    assert_int_equal(wi_datatype_from_onnx(14, &type), -1); /* complex64 */
    assert_int_equal(wi_datatype_from_onnx(0, &type), -1);
}

TEST(counts_elements)
{
    assert_int_equal(wi_shape_elements(NULL, 0), 1);
    assert_int_equal(wi_shape_elements((int64_t[]){2, 3, 4}, 3), 24);
    assert_int_equal(wi_shape_elements((int64_t[]){2, 0, 4}, 3), 0);
    assert_int_equal(wi_shape_elements((int64_t[]){2, -1}, 2), -1);
    assert_int_equal(wi_shape_elements((int64_t[]){INT64_MAX}, 1), INT64_MAX);
    assert_int_equal(wi_shape_elements((int64_t[]){INT64_MAX, 2}, 2), -1);
    assert_int_equal(wi_shape_elements((int64_t[]){INT64_MAX, 0, INT64_MAX}, 3), -1);
}

TEST(formats_shapes)
{
    char text[32], small[6];
    wi_shape_format(NULL, 0, text, sizeof text);
    assert_string_equal(text, "[]");
    wi_shape_format((int64_t[]){1, 3, 224, 224}, 4, text, sizeof text);
    assert_string_equal(text, "[1, 3, 224, 224]");
    wi_shape_format((int64_t[]){1, 3, 224, 224}, 4, small, sizeof small);
    assert_string_equal(small, "[1, 3");
}

TEST(lists_own_and_move)
{
    struct wi_budget budget = {.limit = 100};
    struct wi_blob *blob = wi_blob_new(&budget, 10);
    struct wi_tensors list = {0}, other = {0};
    blob->size = 10;
    for (int i = 0; i < 9; i++) {
        struct wi_tensor *tensor = wi_tensors_add(&list);
        assert_null(tensor->name);
        tensor->name = wi_sprintf("t%d", i);
        tensor->blob = wi_blob_ref(blob);
        tensor->offset = (size_t)i;
        tensor->size = 1;
    }
    assert_string_equal(list.items[8].name, "t8");
    assert_ptr_equal(wi_tensor_bytes(&list.items[8]), blob->bytes + 8);
    assert_int_equal(wi_tensors_bytes(&list), 9);
    wi_tensors_move(&other, &list);
    assert_int_equal(list.count, 0);
    assert_int_equal(other.count, 9);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 10);
    wi_tensors_clear(&other);
    wi_tensors_clear(&other);
    assert_int_equal(budget.used, 0);
}

TEST(finds_the_first_tensor_of_a_name)
{
    struct wi_tensors list = {0};
    const char *const names[] = {"x", "y", "y"};
    assert_null(wi_tensors_find(&list, "x"));
    for (size_t i = 0; i < 3; i++)
        wi_tensors_add(&list)->name = wi_strdup(names[i]);
    assert_ptr_equal(wi_tensors_find(&list, "y"), &list.items[1]);
    assert_null(wi_tensors_find(&list, "z"));
    wi_tensors_clear(&list);
}
