/* Indices: which inputs of a graph are some, and which values of them are refused. */
#include "../../test.h"

#include "base/memory.h"
#include "onnx_build.h"
#include "terms/format/onnx.h"
#include "terms/model/signature.h"
#include <math.h>

enum { FLOAT = 1, INT32 = 6, INT64 = 7 };

static struct wi_buffer graph;
static struct wi_onnx_signature signature;
static struct wi_error error;

static int set_up(void **state)
{
    graph = (struct wi_buffer){0};
    signature = (struct wi_onnx_signature){0};
    put_value(&graph, 12, "y", FLOAT, 1, (int64_t[]){-1});
    return 0;
}

static int tear_down(void **state)
{
    wi_onnx_clear(&signature);
    wi_buffer_clear(&graph);
    return 0;
}

/* A node of up to three inputs, with one whole number as an attribute (`name` NULL: none). */
static void put_node_in(struct wi_buffer *out, const char *domain, const char *type,
    const char *const inputs[3], const char *output, const char *name, int64_t number)
{
    struct wi_buffer node = {0}, attribute = {0};
    for (int i = 0; i < 3 && inputs[i]; i++)
        put_bytes(&node, 1, inputs[i], strlen(inputs[i]));
    put_bytes(&node, 2, output, strlen(output));
    put_bytes(&node, 4, type, strlen(type));
    if (name) {
        put_bytes(&attribute, 1, name, strlen(name));
        put_number(&attribute, 3, (uint64_t)number);
        put_number(&attribute, 20, 2);
        put_message(&node, 5, &attribute);
    }
    put_bytes(&node, 7, domain, strlen(domain));
    put_message(out, 1, &node);
}

static void put_node(const char *type, const char *first, const char *second, const char *output,
    const char *name, int64_t number)
{
    put_node_in(
        &graph, "", type, (const char *const[3]){first, second, NULL}, output, name, number);
}

static void put_table(const char *name, unsigned rank, const int64_t *dims, int packed)
{
    struct wi_buffer tensor = {0}, list = {0};
    for (unsigned i = 0; i < rank; i++)
        packed ? put_varint(&list, (uint64_t)dims[i]) : put_number(&tensor, 1, (uint64_t)dims[i]);
    if (packed)
        put_message(&tensor, 1, &list);
    put_number(&tensor, 2, FLOAT);
    put_bytes(&tensor, 8, name, strlen(name));
    put_message(&graph, 5, &tensor);
}

static void put_ids(int type, int rank)
{
    put_value(&graph, 11, "ids", type, rank, (int64_t[]){-1, -1, -1});
}

static void finish(void)
{
    struct wi_buffer model = finish_model(&graph);
    assert_int_equal(
        wi_onnx_read((unsigned char *)model.text, model.size, &signature, &error), WI_OK);
    wi_buffer_clear(&model);
}

static enum wi_code check_as(
    enum wi_datatype type, const void *values, unsigned rank, const int64_t *dims)
{
    struct wi_tensors tensors = {0};
    struct wi_tensor *tensor = wi_tensors_add(&tensors);
    tensor->name = wi_strdup("ids");
    tensor->datatype = type;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
    tensor->size = (size_t)wi_shape_elements(dims, rank) * wi_datatype_size(type);
    tensor->blob = wi_blob_new(NULL, tensor->size + 1);
    wi_blob_append(tensor->blob, values, tensor->size);
    error = (struct wi_error){0};
    enum wi_code code = wi_onnx_check_indices(&signature, &tensors, &error);
    wi_tensors_clear(&tensors);
    return code;
}

static enum wi_code check_two(int64_t first, int64_t second)
{
    const int64_t values[] = {first, second};
    return check_as(WI_INT64, values, 2, (int64_t[]){1, 2});
}

/* ids take from `least` to `most`, which the graph says, and no others. */
static void assert_takes(int64_t least, int64_t most)
{
    assert_int_equal(check_two(least, most), WI_OK);
    assert_int_equal(check_two(0, most + 1), WI_INPUT_INVALID);
    assert_string_equal(error.field, "inputs[0].data[1]");
    assert_int_equal(check_two(least - 1, 0), WI_INPUT_INVALID);
    assert_string_equal(error.field, "inputs[0].data[0]");
}

static const int64_t four_by_five[] = {4, 5};

FIXTURE(set_up, tear_down)

TEST(rows_of_a_table_are_a_range)
{
    put_ids(INT64, 2);
    put_node("Gather", "E", "ids", "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    assert_takes(-4, 3);
    assert_int_equal(check_two(1, 1000), WI_INPUT_INVALID);
    assert_non_null(strstr(error.detail, "ids has the index 1000"));
    assert_string_equal(error.expected, "from -4 to 3");
}

TEST(the_axis_counts)
{
    static const int64_t axes[] = {1, -1, 0, -2};
    for (size_t i = 0; i < 4; i++) {
        tear_down(NULL);
        set_up(NULL);
        put_ids(INT64, 2);
        put_node(i % 2 ? "GatherElements" : "Gather", "E", "ids", "y", "axis", axes[i]);
        put_table("E", 2, four_by_five, i % 2 == 0);
        finish();
        assert_takes(i < 2 ? -5 : -4, i < 2 ? 4 : 3);
    }
}

TEST(what_keeps_values_is_followed)
{
    put_ids(INT64, 2);
    put_node("Cast", "ids", NULL, "a", "to", INT32);
    put_node("Identity", "a", NULL, "b", NULL, 0);
    put_node("Reshape", "b", "shape", "c", NULL, 0);
    put_node("Unsqueeze", "c", "axes", "d", NULL, 0);
    put_node("Identity", "E", NULL, "F", NULL, 0);
    put_node("Gather", "F", "d", "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    assert_takes(-4, 3);
}

TEST(what_changes_them_is_not)
{
    static const char *const changing[] = {"Clip", "Add", "Where", "Mod", "Abs"};
    for (size_t i = 0; i < 5; i++) {
        tear_down(NULL);
        set_up(NULL);
        put_ids(INT64, 2);
        put_node(changing[i], "ids", "b", "a", NULL, 0);
        put_node("Gather", "E", "a", "y", NULL, 0);
        put_table("E", 2, four_by_five, 1);
        finish();
        assert_int_equal(signature.range_count, 0);
        assert_int_equal(check_two(1, 1000), WI_OK);
    }
}

TEST(a_cast_that_wraps_is_not)
{
    put_ids(INT64, 2);
    put_node("Cast", "ids", NULL, "a", "to", 2); /* UINT8 */
    put_node("Cast", "a", NULL, "b", "to", INT64);
    put_node("Gather", "E", "b", "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    assert_int_equal(signature.range_count, 0);
}

TEST(nor_is_what_made_the_table_anew)
{
    put_ids(INT64, 2);
    put_node("Reshape", "E", "shape", "F", NULL, 0);
    put_node("Gather", "F", "ids", "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    assert_int_equal(signature.range_count, 0);
}

TEST(each_place_has_its_axis_in_gather_nd)
{
    put_ids(INT64, 2);
    put_node("GatherND", "E", "ids", "y", "batch_dims", 1);
    put_table("E", 3, (int64_t[]){9, 4, 6}, 1);
    finish();
    assert_int_equal(check_two(3, 5), WI_OK);
    assert_int_equal(check_two(-4, -6), WI_OK);
    assert_int_equal(check_two(4, 5), WI_INPUT_INVALID);
    assert_int_equal(check_two(3, 6), WI_INPUT_INVALID);
    assert_string_equal(error.expected, "from -6 to 5");
    assert_int_equal(check_as(WI_INT64, (int64_t[]){3, 5}, 2, (int64_t[]){2, 1}), WI_INPUT_INVALID);
    assert_int_equal(check_as(WI_INT64, (int64_t[]){9, 9, 9}, 1, (int64_t[]){3}), WI_OK); /* ORT */
}

TEST(gather_nd_behind_a_reshape_cannot_be_told)
{
    put_ids(INT64, 2);
    put_node("Reshape", "ids", "shape", "a", NULL, 0);
    put_node("GatherND", "E", "a", "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    assert_int_equal(signature.range_count, 0);
}

TEST(embedding_layers_count_from_the_beginning_alone)
{
    put_ids(INT32, 2);
    put_value(&graph, 11, "segments", INT32, 2, (int64_t[]){-1, -1});
    put_node_in(&graph, "com.microsoft", "EmbedLayerNormalization",
        (const char *const[3]){"ids", "segments", "E"}, "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    const int32_t good[] = {0, 3}, low[] = {0, -1}, high[] = {0, 4};
    const int64_t dims[] = {1, 2};
    assert_int_equal(check_as(WI_INT32, good, 2, dims), WI_OK);
    assert_int_equal(check_as(WI_INT32, low, 2, dims), WI_INPUT_INVALID);
    assert_string_equal(error.expected, "from 0 to 3");
    assert_int_equal(check_as(WI_INT32, high, 2, dims), WI_INPUT_INVALID);
}

TEST(an_operator_of_another_domain_is_another)
{
    put_ids(INT64, 2);
    put_node_in(&graph, "com.example", "Gather", (const char *const[3]){"E", "ids"}, "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    assert_int_equal(signature.range_count, 0);
}

/* What is free of it the request says. */
TEST(a_table_may_be_an_input)
{
    struct wi_tensors tensors = {0};
    put_ids(INT64, 1);
    put_value(&graph, 11, "E", FLOAT, 2, (int64_t[]){-1, 5});
    put_node("Gather", "E", "ids", "y", NULL, 0);
    finish();
    assert_int_equal(signature.range_count, 1);
    for (int64_t rows = 2; rows <= 3; rows++) {
        const int64_t index = 2;
        struct wi_tensor *ids = wi_tensors_add(&tensors);
        ids->name = wi_strdup("ids");
        ids->datatype = WI_INT64;
        ids->rank = 1;
        ids->dims[0] = 1;
        ids->size = sizeof index;
        ids->blob = wi_blob_new(NULL, sizeof index);
        wi_blob_append(ids->blob, &index, sizeof index);
        struct wi_tensor *table = wi_tensors_add(&tensors);
        table->name = wi_strdup("E");
        table->rank = 2;
        table->dims[0] = rows;
        table->dims[1] = 5;
        assert_int_equal(wi_onnx_check_indices(&signature, &tensors, &error),
            rows == 2 ? WI_INPUT_INVALID : WI_OK);
        wi_tensors_clear(&tensors);
    }
    assert_int_equal(check_two(77, 77), WI_OK); /* without it that cannot be told */
}

TEST(constants_are_tables)
{
    struct wi_buffer node = {0}, attribute = {0}, tensor = {0};
    put_ids(INT64, 2);
    put_number(&tensor, 1, 3);
    put_number(&tensor, 2, FLOAT);
    put_bytes(&attribute, 1, "value", 5);
    put_message(&attribute, 5, &tensor);
    put_bytes(&node, 2, "E", 1);
    put_bytes(&node, 4, "Constant", 8);
    put_message(&node, 5, &attribute);
    put_message(&graph, 1, &node);
    put_node("Gather", "E", "ids", "y", NULL, 0);
    finish();
    assert_takes(-3, 2);
}

TEST(every_type_is_read)
{
    const int64_t one[] = {1};
    const double good[] = {3.9, -4.5, 0}, bad[] = {4, NAN, INFINITY, -5};
    put_ids(FLOAT, 1);
    put_node("Cast", "ids", NULL, "a", "to", INT64);
    put_node("Gather", "E", "a", "y", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(check_as(WI_FP64, &good[i], 1, one), WI_OK);
    for (size_t i = 0; i < 4; i++) {
        float single = (float)bad[i];
        assert_int_equal(check_as(WI_FP64, &bad[i], 1, one), WI_INPUT_INVALID);
        assert_int_equal(check_as(WI_FP32, &single, 1, one), WI_INPUT_INVALID);
    }
    const int8_t minus = -5;
    const uint8_t many = 251;
    const uint64_t most = UINT64_MAX;
    assert_int_equal(check_as(WI_INT8, &minus, 1, one), WI_INPUT_INVALID);
    assert_int_equal(check_as(WI_UINT8, &many, 1, one), WI_INPUT_INVALID);
    assert_int_equal(check_as(WI_UINT64, &most, 1, one), WI_INPUT_INVALID);
    assert_int_equal(check_as(WI_INT16, &(int16_t){-4}, 1, one), WI_OK);
    assert_int_equal(check_as(WI_BOOL, &(uint8_t){1}, 1, one), WI_OK);
}

TEST(odd_files_are_no_ranges)
{
    put_ids(INT64, 2);
    put_node("Gather", "E", "ids", "y", "axis", 7);
    put_node("Gather", "E", "ids", "z", "axis", -3);
    put_node("Gather", NULL, NULL, "a", NULL, 0);
    put_node("Gather", "nothing", "ids", "b", NULL, 0);
    put_node("Cast", NULL, NULL, "c", NULL, 0);
    put_node("Identity", "d", NULL, "d", NULL, 0); /* itself */
    put_node("Gather", "d", "d", "e", NULL, 0);
    put_table("E", 2, four_by_five, 1);
    finish();
    assert_int_equal(signature.range_count, 0);
}
