/* Tensors of ONNX's test data: each datatype in each form that it may have, and hostile files. */
#include "../../test.h"

#include "../../protobuf_build.h"
#include "terms/format/onnx.h"
#include <string.h>

/* Numbers of TensorProto.DataType. */
enum { FLOAT = 1, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32 };
enum { UINT64 = 13, COMPLEX64, BFLOAT16 = 16 };
/* Its fields. */
enum { DIMS = 1, TYPE, SEGMENT, FLOATS, INT32S, STRINGS, INT64S, NAME, RAW, DOUBLES, UINT64S };
enum { LOCATION = 14 };

/* A vector of `count` without its elements; a count below 0: a scalar. */
static struct wi_buffer begin(int type, int64_t count)
{
    struct wi_buffer proto = {0};
    if (count >= 0)
        put_number(&proto, DIMS, (uint64_t)count);
    put_number(&proto, TYPE, (uint64_t)type);
    put_bytes(&proto, NAME, "x", 1);
    return proto;
}

/* Reads and empties `proto`, from an exact allocation, so that a read past the end is seen. */
static enum wi_code read_proto(
    struct wi_buffer *proto, struct wi_tensors *list, struct wi_error *error)
{
    unsigned char *bytes = malloc(proto->size ? proto->size : 1);
    memcpy(bytes, proto->text ? proto->text : "", proto->size);
    *error = (struct wi_error){0};
    enum wi_code code = wi_onnx_read_tensor(list, bytes, proto->size, error);
    free(bytes);
    wi_buffer_clear(proto);
    return code;
}

/* That its elements are these `size` bytes. */
static void expect(
    struct wi_buffer *proto, enum wi_datatype type, const void *elements, size_t size)
{
    struct wi_tensors list = {0};
    struct wi_error error;
    if (read_proto(proto, &list, &error) != WI_OK)
        fail_msg("%s", error.detail);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].name, "x");
    assert_int_equal(list.items[0].datatype, type);
    assert_int_equal(list.items[0].size, size);
    assert_memory_equal(wi_tensor_bytes(&list.items[0]), elements, size);
    wi_tensors_clear(&list);
}

static void refuse(struct wi_buffer *proto, const char *part)
{
    struct wi_tensors list = {0};
    struct wi_error error;
    assert_int_equal(read_proto(proto, &list, &error), WI_INPUT_INVALID);
    if (!strstr(error.detail, part))
        fail_msg("\"%s\" without \"%s\"", error.detail, part);
    assert_int_equal(list.count, 0);
    wi_tensors_clear(&list);
}

TEST(reads_raw_elements_of_a_matrix)
{
    static const float values[] = {1, -2, 3.5F, 4, 5, 6};
    struct wi_buffer proto = {0}, dims = {0};
    struct wi_tensors list = {0};
    struct wi_error error;
    put_varint(&dims, 2);
    put_varint(&dims, 3);
    put_bytes(&proto, RAW, values, sizeof values); /* before it is known of which datatype */
    put_message(&proto, DIMS, &dims);
    put_number(&proto, TYPE, FLOAT);
    assert_int_equal(read_proto(&proto, &list, &error), WI_OK);
    assert_int_equal(list.items[0].rank, 2);
    assert_int_equal(list.items[0].dims[0], 2);
    assert_int_equal(list.items[0].dims[1], 3);
    assert_string_equal(list.items[0].name, "");
    assert_memory_equal(wi_tensor_bytes(&list.items[0]), values, sizeof values);
    wi_tensors_clear(&list);
}

/* One field with all of them, or a field for each. */
TEST(reads_lists_of_numbers_packed_and_not)
{
    static const int64_t values[] = {-3, 0, 5};
    for (int packed = 0; packed < 2; packed++) {
        struct wi_buffer proto = begin(INT64, 3), list = {0};
        for (size_t i = 0; i < 3 && packed; i++)
            put_varint(&list, (uint64_t)values[i]);
        for (size_t i = 0; i < 3 && !packed; i++)
            put_number(&proto, INT64S, (uint64_t)values[i]);
        if (packed)
            put_message(&proto, INT64S, &list);
        expect(&proto, WI_INT64, values, sizeof values);
    }
    static const float floats[] = {1.5F, -2};
    struct wi_buffer proto = begin(FLOAT, 2);
    put_bytes(&proto, FLOATS, floats, sizeof floats);
    expect(&proto, WI_FP32, floats, sizeof floats);
    proto = begin(FLOAT, 2);
    for (size_t i = 0; i < 2; i++) {
        put_varint(&proto, FLOATS << 3 | WI_WIRE_FIXED32);
        wi_buffer_add(&proto, &floats[i], sizeof floats[i]);
    }
    expect(&proto, WI_FP32, floats, sizeof floats);
}

TEST(reads_each_datatype_from_the_list_that_has_it)
{
    static const struct {
        int type;
        enum wi_datatype datatype;
        unsigned field;
        uint64_t value;
    } rows[] = {
        {UINT8, WI_UINT8, INT32S, 255},
        {INT8, WI_INT8, INT32S, (uint64_t)-128},
        {UINT16, WI_UINT16, INT32S, 65535},
        {INT16, WI_INT16, INT32S, (uint64_t)-32768},
        {INT32, WI_INT32, INT32S, (uint64_t)INT32_MIN},
        {BOOL, WI_BOOL, INT32S, 1},
        {FLOAT16, WI_FP16, INT32S, 0x3c00},
        {BFLOAT16, WI_BF16, INT32S, 0xbf80},
        {UINT32, WI_UINT32, UINT64S, UINT32_MAX},
        {UINT64, WI_UINT64, UINT64S, UINT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_buffer proto = begin(rows[i].type, -1);
        put_number(&proto, rows[i].field, rows[i].value);
        expect(&proto, rows[i].datatype, &rows[i].value, wi_datatype_size(rows[i].datatype));
    }
    double value = 0.1;
    struct wi_buffer proto = begin(DOUBLE, 1);
    put_bytes(&proto, DOUBLES, &value, sizeof value);
    expect(&proto, WI_FP64, &value, sizeof value);
}

TEST(reads_texts)
{
    struct wi_buffer proto = begin(STRING, 3);
    put_bytes(&proto, STRINGS, "ab", 2);
    put_bytes(&proto, STRINGS, "", 0);
    put_bytes(&proto, STRINGS, "c", 1);
    expect(&proto, WI_BYTES, "\2\0\0\0ab\0\0\0\0\1\0\0\0c", 15);
}

TEST(reads_what_has_no_elements)
{
    struct wi_buffer proto = begin(FLOAT, 0);
    expect(&proto, WI_FP32, "", 0);
    proto = begin(FLOAT, 0);
    put_bytes(&proto, RAW, "", 0);
    expect(&proto, WI_FP32, "", 0);
}

TEST(refuses_sequences_and_optional_values_by_name)
{
    struct wi_buffer proto = {0}, tensor = begin(FLOAT, 0);
    put_bytes(&proto, 1, "many", 4);
    put_number(&proto, 2, 1);
    put_message(&proto, SEGMENT, &tensor);
    refuse(&proto, "a sequence or an optional value");
}

TEST(refuses_what_cannot_be_sent)
{
    struct wi_buffer proto = begin(COMPLEX64, 0);
    refuse(&proto, "datatype is not served");
    refuse(&proto, "it has no datatype"); /* an empty file */
    proto = begin(FLOAT, 1);
    put_number(&proto, LOCATION, 1);
    refuse(&proto, "in another file");
}

TEST(refuses_elements_that_are_not_as_the_head_says)
{
    static const char zeros[8];
    struct wi_buffer proto = begin(FLOAT, 2);
    put_bytes(&proto, RAW, zeros, 7);
    refuse(&proto, "does not have as many elements");
    proto = begin(FLOAT, INT64_C(1) << 40); /* nothing of that size is taken */
    put_bytes(&proto, RAW, zeros, 8);
    refuse(&proto, "does not have as many elements");
    proto = begin(FLOAT, 1);
    put_bytes(&proto, RAW, zeros, 4);
    put_bytes(&proto, FLOATS, zeros, 4);
    refuse(&proto, "there twice");
    proto = begin(FLOAT, 1);
    put_number(&proto, INT32S, 1);
    refuse(&proto, "the list of another datatype");
    proto = begin(FLOAT, 1);
    put_bytes(&proto, FLOATS, zeros, 5);
    refuse(&proto, "ends within one");
    proto = begin(FLOAT, 1);
    put_number(&proto, FLOATS, 1);
    refuse(&proto, "another form");
    proto = begin(INT8, 1);
    put_number(&proto, INT32S, 128);
    refuse(&proto, "does not fit");
    proto = begin(BOOL, 1);
    put_number(&proto, INT32S, 2);
    refuse(&proto, "does not fit");
    proto = begin(STRING, 1);
    put_bytes(&proto, RAW, zeros, 4);
    refuse(&proto, "not in their list");
    proto = begin(STRING, 2);
    put_bytes(&proto, STRINGS, "a", 1);
    refuse(&proto, "does not have as many elements");
}

TEST(refuses_shapes_that_no_tensor_has)
{
    struct wi_buffer proto = begin(FLOAT, -1);
    put_number(&proto, DIMS, (uint64_t)-1);
    refuse(&proto, "negative or too large");
    proto = begin(FLOAT, -1);
    for (int i = 0; i < 17; i++)
        put_number(&proto, DIMS, 1);
    refuse(&proto, "more than 16 dimensions");
    proto = begin(FLOAT, -1);
    for (int i = 0; i < 3; i++)
        put_number(&proto, DIMS, UINT64_C(1) << 40);
    refuse(&proto, "too large");
}

TEST(refuses_a_file_that_is_cut_anywhere)
{
    static const float values[] = {1, 2};
    struct wi_buffer whole = begin(FLOAT, 2);
    put_bytes(&whole, RAW, values, sizeof values);
    for (size_t size = 0; size < whole.size; size++) {
        struct wi_buffer cut = {0};
        wi_buffer_add(&cut, whole.text, size);
        refuse(&cut, "");
    }
    wi_buffer_clear(&whole);
}
