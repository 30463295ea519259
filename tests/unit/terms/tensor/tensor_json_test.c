/* Tensors from JSON: every datatype, flat, nested and binary, and what is refused. */
#include "../../test.h"

#include "terms/tensor/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What errors say is expected. */
#define FLOATS "FP32: finite numbers up to 3.4028235e38"
#define NESTED "lists nested as the shape [2, 2], or one flat list"

static enum wi_code read_with(struct wi_tensors *list, const char *text, struct wi_blob *body,
    size_t offset, struct wi_budget *budget, struct wi_error *error)
{
    json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    if (!json)
        fail_msg("no JSON: %s", text);
    *list = (struct wi_tensors){0};
    *error = (struct wi_error){0};
    enum wi_code code = wi_tensors_from_json(list, json, body, offset, budget, "inputs", error);
    json_decref(json);
    return code;
}

/* One tensor "x" that must be read. */
static struct wi_tensors read_one(const char *datatype, const char *shape, const char *data)
{
    struct wi_tensors list;
    struct wi_error error;
    char text[1024];
    snprintf(text, sizeof text, "[{\"name\":\"x\",\"datatype\":\"%s\",\"shape\":%s,\"data\":%s}]",
        datatype, shape, data);
    if (read_with(&list, text, NULL, 0, NULL, &error) != WI_OK)
        fail_msg("%s: %s", text, error.detail);
    assert_int_equal(list.count, 1);
    assert_string_equal(list.items[0].name, "x");
    assert_int_equal((uintptr_t)wi_tensor_bytes(&list.items[0]) % 16, 0);
    return list;
}

static void expect_bytes(
    const char *datatype, const char *shape, const char *data, const void *bytes, size_t size)
{
    struct wi_tensors list = read_one(datatype, shape, data);
    assert_int_equal(list.items[0].size, size);
    assert_memory_equal(wi_tensor_bytes(&list.items[0]), bytes, size);
    wi_tensors_clear(&list);
}

#define EXPECT(type, datatype, shape, data, ...)                                                   \
    expect_bytes(datatype, shape, data, (type[]){__VA_ARGS__}, sizeof((type[]){__VA_ARGS__}))

static void refuse(const char *datatype, const char *shape, const char *data, enum wi_code code,
    const char *field, const char *expected)
{
    struct wi_budget budget = {.limit = 1 << 20};
    struct wi_tensors list;
    struct wi_error error;
    char text[1024];
    snprintf(text, sizeof text, "[{\"name\":\"x\",\"datatype\":\"%s\",\"shape\":%s,\"data\":%s}]",
        datatype, shape, data);
    enum wi_code got = read_with(&list, text, NULL, 0, &budget, &error);
    if (got != code || strcmp(error.field, field) != 0)
        fail_msg("%s: %s on %s: %s", text, wi_code_name(got), error.field, error.detail);
    assert_int_equal(error.code, code);
    assert_string_equal(error.expected, expected);
    assert_int_equal(list.count, 0);
    assert_int_equal(budget.used, 0);
}

TEST(reads_every_datatype)
{
    EXPECT(uint8_t, "BOOL", "[4]", "[true,false,1,0]", 1, 0, 1, 0);
    EXPECT(uint8_t, "UINT8", "[3]", "[0,255,7.0]", 0, 255, 7);
    EXPECT(int8_t, "INT8", "[2]", "[-128,127]", -128, 127);
    EXPECT(uint16_t, "UINT16", "[1]", "[65535]", 65535);
    EXPECT(int16_t, "INT16", "[1]", "[-32768]", -32768);
    EXPECT(uint32_t, "UINT32", "[1]", "[4294967295]", 4294967295u);
    EXPECT(int32_t, "INT32", "[1]", "[-2147483648]", INT32_MIN);
    EXPECT(int64_t, "INT64", "[2]", "[-9223372036854775808,9223372036854775807]", INT64_MIN,
        INT64_MAX);
    EXPECT(uint64_t, "UINT64", "[1]", "[9223372036854775807]", INT64_MAX);
    EXPECT(float, "FP32", "[4]", "[0.1,-2,3.4028235e38,1e-60]", 0.1f, -2, 3.4028235e38f, 0);
    EXPECT(double, "FP64", "[2]", "[0.1,1e308]", 0.1, 1e308);
    expect_bytes("BYTES", "[3]", "[\"\",\"ab\",\"\\u0000\"]", "\0\0\0\0\2\0\0\0ab\1\0\0\0\0", 15);
}

TEST(reads_every_shape)
{
    EXPECT(int32_t, "INT32", "[2,3]", "[1,2,3,4,5,6]", 1, 2, 3, 4, 5, 6);
    EXPECT(int32_t, "INT32", "[2,3]", "[[1,2,3],[4,5,6]]", 1, 2, 3, 4, 5, 6);
    EXPECT(int32_t, "INT32", "[2,1,2]", "[[[1,2]],[[3,4]]]", 1, 2, 3, 4);
    EXPECT(int32_t, "INT32", "[]", "[5]", 5);
    expect_bytes("FP32", "[0]", "[]", "", 0);
    expect_bytes("FP32", "[2,0]", "[]", "", 0);
    expect_bytes("FP32", "[2,0]", "[[],[]]", "", 0);
    expect_bytes("FP32", "[0,7]", "[]", "", 0);
    expect_bytes("BYTES", "[2,1]", "[[\"a\"],[\"b\"]]", "\1\0\0\0a\1\0\0\0b", 10);
    EXPECT(int8_t, "INT8", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[[[[[[[[[[[[[[[[3]]]]]]]]]]]]]]]]",
        3);
}

TEST(refuses_values_that_do_not_fit)
{
    refuse("UINT8", "[2]", "[1,300]", WI_INPUT_DATATYPE, "inputs[0].data[1]",
        "UINT8: integers from 0 to 255");
    refuse("UINT8", "[1]", "[-1]", WI_INPUT_DATATYPE, "inputs[0].data[0]",
        "UINT8: integers from 0 to 255");
    refuse("INT8", "[1]", "[128]", WI_INPUT_DATATYPE, "inputs[0].data[0]",
        "INT8: integers from -128 to 127");
    refuse("INT32", "[1]", "[1.5]", WI_INPUT_DATATYPE, "inputs[0].data[0]",
        "INT32: integers from -2147483648 to 2147483647");
    refuse("INT64", "[1]", "[1e300]", WI_INPUT_DATATYPE, "inputs[0].data[0]",
        "INT64: integers from -9223372036854775808 to 9223372036854775807");
    refuse("UINT64", "[1]", "[-1]", WI_INPUT_DATATYPE, "inputs[0].data[0]",
        "UINT64: integers from 0 to 9223372036854775807 (above only in binary)");
    refuse(
        "BOOL", "[1]", "[2]", WI_INPUT_DATATYPE, "inputs[0].data[0]", "BOOL: true, false, 0 or 1");
    refuse("FP32", "[1]", "[1e39]", WI_INPUT_DATATYPE, "inputs[0].data[0]", FLOATS);
    refuse("FP32", "[2,2]", "[[1,2],[3,1e39]]", WI_INPUT_DATATYPE, "inputs[0].data[3]", FLOATS);
    refuse("FP16", "[1]", "[1]", WI_INPUT_DATATYPE, "inputs[0].datatype",
        "parameters.binary_data_size and the bytes after the JSON");
    refuse("BF16", "[1]", "[1]", WI_INPUT_DATATYPE, "inputs[0].datatype",
        "parameters.binary_data_size and the bytes after the JSON");
}

TEST(refuses_what_is_not_a_number)
{
    refuse("FP32", "[1]", "[\"NaN\"]", WI_NON_FINITE, "inputs[0].data[0]",
        "a finite number, or the tensor in binary");
    refuse("FP64", "[1]", "[\"-Infinity\"]", WI_NON_FINITE, "inputs[0].data[0]",
        "a finite number, or the tensor in binary");
    refuse("INT8", "[1]", "[\"inf\"]", WI_NON_FINITE, "inputs[0].data[0]",
        "a finite number, or the tensor in binary");
    refuse("FP32", "[1]", "[\"1\"]", WI_INVALID_FIELD, "inputs[0].data[0]", FLOATS);
    refuse("FP32", "[1]", "[null]", WI_INVALID_FIELD, "inputs[0].data[0]", FLOATS);
    refuse("FP32", "[1]", "[true]", WI_INVALID_FIELD, "inputs[0].data[0]", FLOATS);
    refuse("UINT8", "[1]", "[true]", WI_INVALID_FIELD, "inputs[0].data[0]",
        "UINT8: integers from 0 to 255");
    refuse("FP32", "[1]", "[[1]]", WI_INVALID_FIELD, "inputs[0].data[0]", FLOATS);
    refuse("BYTES", "[1]", "[1]", WI_INPUT_DATATYPE, "inputs[0].data[0]", "BYTES: strings");
    refuse("BYTES", "[1]", "[{}]", WI_INVALID_FIELD, "inputs[0].data[0]", "BYTES: strings");
    refuse("FP32", "[]", "5", WI_INVALID_FIELD, "inputs[0].data", "a list");
    refuse("FP32", "[1]", "{}", WI_INVALID_FIELD, "inputs[0].data", "a list");
}

TEST(refuses_counts_that_differ_from_the_shape)
{
    refuse("FP32", "[3]", "[1,2]", WI_INPUT_SIZE, "inputs[0].data", "3 elements");
    refuse("FP32", "[]", "[]", WI_INPUT_SIZE, "inputs[0].data", "1 elements");
    refuse("FP32", "[0]", "[1]", WI_INPUT_SIZE, "inputs[0].data", "0 elements");
    refuse("FP32", "[2,2]", "[1,2,3]", WI_INPUT_SIZE, "inputs[0].data", "4 elements");
    refuse("FP32", "[2,2]", "[[1,2]]", WI_INPUT_SIZE, "inputs[0].data", NESTED);
    refuse("FP32", "[2,2]", "[[1,2],[3]]", WI_INPUT_SIZE, "inputs[0].data", NESTED);
    refuse("FP32", "[2,2]", "[[1,2],3]", WI_INPUT_SIZE, "inputs[0].data", NESTED);
    refuse("FP32", "[2,2]", "[[1,2,3,4]]", WI_INPUT_SIZE, "inputs[0].data", NESTED);
    refuse("FP32", "[1000000000,1000000000]", "[[1]]", WI_INPUT_SIZE, "inputs[0].data",
        "lists nested as the shape [1000000000, 1000000000], or one flat list");
}

TEST(refuses_bad_shapes)
{
    refuse("FP32", "[-1]", "[]", WI_INVALID_FIELD, "inputs[0].shape[0]", "");
    refuse("FP32", "[1,2.0]", "[]", WI_INVALID_FIELD, "inputs[0].shape[1]", "");
    refuse("FP32", "[\"a\"]", "[]", WI_INVALID_FIELD, "inputs[0].shape[0]", "");
    refuse("FP32", "5", "[]", WI_INVALID_FIELD, "inputs[0].shape", "a list");
    refuse("FP32", "[4503599627370496,2048]", "[]", WI_INVALID_FIELD, "inputs[0].shape", "");
    refuse("FP32", "[9007199254740991]", "[]", WI_INPUT_SIZE, "inputs[0].data",
        "9007199254740991 elements");
    refuse("FP32", "[9007199254740992]", "[]", WI_INVALID_FIELD, "inputs[0].shape[0]", "");
    refuse("FP32", "[0,9223372036854775807]", "[]", WI_INVALID_FIELD, "inputs[0].shape[1]", "");
    refuse("FP32", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[1]", WI_INVALID_FIELD,
        "inputs[0].shape", "at most 16 dimensions");
    refuse("FLOAT", "[1]", "[1]", WI_INVALID_FIELD, "inputs[0].datatype", "");
}

static void refuse_list(
    const char *text, enum wi_code code, const char *field, const char *expected)
{
    struct wi_tensors list;
    struct wi_error error;
    assert_int_equal(read_with(&list, text, NULL, 0, NULL, &error), code);
    assert_string_equal(error.field, field);
    assert_string_equal(error.expected, expected);
    assert_int_equal(list.count, 0);
}

TEST(refuses_bad_lists)
{
    refuse_list("{}", WI_INVALID_FIELD, "inputs", "a list of at most 1024 tensors");
    refuse_list("[5]", WI_INVALID_FIELD, "inputs[0]", "an object");
    refuse_list("[{\"datatype\":\"FP32\",\"shape\":[],\"data\":[1]}]", WI_MISSING_FIELD,
        "inputs[0].name", "a string");
    refuse_list("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[]}]", WI_MISSING_FIELD,
        "inputs[0].data", "a list, or parameters.binary_data_size");
    refuse_list("[{\"name\":\"\",\"datatype\":\"FP32\",\"shape\":[],\"data\":[1]}]",
        WI_INVALID_FIELD, "inputs[0].name", "1 to 1024 bytes");
    refuse_list("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[],\"data\":[1],\"dtype\":1}]",
        WI_UNKNOWN_FIELD, "inputs[0].dtype", "");
    refuse_list("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[],\"data\":[1],"
                "\"parameters\":{\"size\":1}}]",
        WI_UNKNOWN_FIELD, "inputs[0].parameters.size", "");
    refuse_list("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[],\"data\":[1],"
                "\"parameters\":{\"binary_data_size\":4}}]",
        WI_INVALID_FIELD, "inputs[0].data", "");
    refuse_list("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[],"
                "\"parameters\":{\"binary_data_size\":4}}]",
        WI_BAD_FRAMING, "inputs[0].parameters.binary_data_size", "");
    refuse_list("[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[],"
                "\"parameters\":{\"binary_data_size\":null}}]",
        WI_MISSING_FIELD, "inputs[0].data", "a list, or parameters.binary_data_size");
    refuse_list(
        "[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[],\"data\":[1]},{\"name\":\"y\"}]",
        WI_MISSING_FIELD, "inputs[1].datatype", "a string");
}

/* As many as there may be, and one more. */
TEST(lists_have_a_limit)
{
    for (size_t count = WI_TENSORS_MAX; count <= WI_TENSORS_MAX + 1; count++) {
        json_t *array = json_array();
        struct wi_tensors list = {0};
        struct wi_error error = {0};
        for (size_t i = 0; i < count; i++)
            json_array_append_new(array, json_pack("{s:s, s:s, s:[], s:[i]}", "name", "x",
                                             "datatype", "INT8", "shape", "data", 1));
        enum wi_code code = wi_tensors_from_json(&list, array, NULL, 0, NULL, "inputs", &error);
        assert_int_equal(code, count == WI_TENSORS_MAX ? WI_OK : WI_INVALID_FIELD);
        assert_int_equal(list.count, count == WI_TENSORS_MAX ? count : 0);
        if (code != WI_OK)
            assert_non_null(strstr(error.expected, "a list of at most "));
        wi_tensors_clear(&list);
        json_decref(array);
    }
}

static struct wi_blob *body_of(const void *bytes, size_t size)
{
    struct wi_blob *blob = wi_blob_new(NULL, size);
    assert_int_equal(wi_blob_append(blob, bytes, size), 0);
    return blob;
}

TEST(takes_slices_of_the_body)
{
    struct wi_blob *body = body_of("{json}\x01\x00\x00\x80\x7f\xff\x01\0\0\0z", 17);
    struct wi_tensors list;
    struct wi_error error;
    assert_int_equal(read_with(&list,
                         "[{\"name\":\"b\",\"datatype\":\"BOOL\",\"shape\":[2],"
                         "\"parameters\":{\"binary_data_size\":2}},"
                         "{\"name\":\"j\",\"datatype\":\"INT8\",\"shape\":[1],\"data\":[9]},"
                         "{\"name\":\"f\",\"datatype\":\"FP16\",\"shape\":[2,1],"
                         "\"parameters\":{\"binary_data_size\":4}},"
                         "{\"name\":\"e\",\"datatype\":\"FP32\",\"shape\":[0],"
                         "\"parameters\":{\"binary_data_size\":0}},"
                         "{\"name\":\"s\",\"datatype\":\"BYTES\",\"shape\":[1],"
                         "\"parameters\":{\"binary_data_size\":5}}]",
                         body, 6, NULL, &error),
        WI_OK);
    assert_ptr_equal(wi_tensor_bytes(&list.items[0]), body->bytes + 6);
    assert_ptr_equal(wi_tensor_bytes(&list.items[2]), body->bytes + 8);
    assert_int_equal(list.items[2].size, 4);
    assert_int_equal(list.items[3].size, 0);
    assert_ptr_equal(wi_tensor_bytes(&list.items[4]), body->bytes + 12);
    wi_blob_unref(body);
    wi_tensors_clear(&list);
}

TEST(nothing_needs_no_section)
{
    struct wi_blob *body = body_of("{json}", 6);
    struct wi_tensors list;
    struct wi_error error;
    assert_int_equal(read_with(&list,
                         "[{\"name\":\"e\",\"datatype\":\"FP16\",\"shape\":[2,0],"
                         "\"parameters\":{\"binary_data_size\":0}}]",
                         body, 6, NULL, &error),
        WI_OK);
    assert_int_equal(list.items[0].size, 0);
    assert_non_null(wi_tensor_bytes(&list.items[0]));
    wi_tensors_clear(&list);
    assert_int_equal(read_with(&list,
                         "[{\"name\":\"x\",\"datatype\":\"FP16\",\"shape\":[2],"
                         "\"parameters\":{\"binary_data_size\":4}}]",
                         body, 6, NULL, &error),
        WI_BAD_FRAMING);
    assert_non_null(strstr(error.detail, "Inference-Header-Content-Length"));
    wi_blob_unref(body);
    wi_tensors_clear(&list);
}

static void refuse_binary(const char *tensor, const void *bytes, size_t size, enum wi_code code)
{
    struct wi_blob *body = body_of(bytes, size);
    struct wi_tensors list;
    struct wi_error error;
    char text[512];
    snprintf(text, sizeof text, "[{\"name\":\"x\",%s}]", tensor);
    enum wi_code got = read_with(&list, text, body, 0, NULL, &error);
    if (got != code)
        fail_msg("%s: %s %s", tensor, wi_code_name(got), error.detail);
    wi_blob_unref(body);
    wi_tensors_clear(&list);
}

#define BINARY(type, shape, size)                                                                  \
    "\"datatype\":\"" type "\",\"shape\":" shape ",\"parameters\":{\"binary_data_size\":" size "}"

TEST(refuses_bad_binary)
{
    refuse_binary(BINARY("FP32", "[1]", "4"), "1234", 4, WI_OK);
    refuse_binary(BINARY("FP32", "[1]", "4"), "12345", 5, WI_BAD_FRAMING);
    refuse_binary(BINARY("FP32", "[1]", "4"), "123", 3, WI_BAD_FRAMING);
    refuse_binary(BINARY("FP32", "[1]", "-4"), "1234", 4, WI_BAD_FRAMING);
    refuse_binary(BINARY("FP32", "[1]", "3"), "123", 3, WI_INPUT_SIZE);
    refuse_binary(BINARY("FP32", "[2]", "4"), "1234", 4, WI_INPUT_SIZE);
    refuse_binary(BINARY("FP32", "[1]", "\"4\""), "1234", 4, WI_INVALID_FIELD);
    refuse_binary(BINARY("BOOL", "[2]", "2"), "\1\2", 2, WI_INPUT_DATATYPE);
    refuse_binary(BINARY("BYTES", "[1]", "3"), "\1\0\0", 3, WI_INPUT_SIZE);
    refuse_binary(BINARY("BYTES", "[1]", "4"), "\1\0\0\0", 4, WI_INPUT_SIZE);
    refuse_binary(BINARY("BYTES", "[2]", "4"), "\0\0\0\0", 4, WI_INPUT_SIZE);
    refuse_binary(BINARY("BYTES", "[1]", "8"), "\0\0\0\0\0\0\0\0", 8, WI_INPUT_SIZE);
}

TEST(stays_within_the_budget)
{
    struct wi_budget budget = {.limit = 15};
    struct wi_tensors list;
    struct wi_error error;
    static const char text[] = "[{\"name\":\"x\",\"datatype\":\"FP64\",\"shape\":[1],\"data\":[1]},"
                               "{\"name\":\"y\",\"datatype\":\"FP64\",\"shape\":[1],\"data\":[1]}]";
    assert_int_equal(read_with(&list, text, NULL, 0, &budget, &error), WI_MEMORY_BUDGET);
    assert_string_equal(error.field, "inputs[1].data");
    assert_int_equal(budget.used, 0);
    budget.limit = 16;
    assert_int_equal(read_with(&list, text, NULL, 0, &budget, &error), WI_OK);
    assert_int_equal(budget.used, 16);
    wi_tensors_clear(&list);
    assert_int_equal(budget.used, 0);
}

/* Prints `size` bytes at an odd offset, as in a slice of a body. */
static char *print(enum wi_datatype type, const int64_t *dims, unsigned rank, const void *bytes,
    size_t size, int binary)
{
    struct wi_tensor tensor = {.name = (char *)"a \"name\"", .datatype = type, .rank = rank};
    struct wi_buffer out = {0};
    tensor.blob = wi_blob_new(NULL, size + 1);
    tensor.blob->size = size + 1;
    tensor.offset = 1;
    tensor.size = size;
    memcpy(tensor.blob->bytes + 1, bytes, size);
    for (unsigned i = 0; i < rank; i++)
        tensor.dims[i] = dims[i];
    wi_tensor_to_json(&out, &tensor, binary);
    wi_blob_unref(tensor.blob);
    return wi_buffer_take(&out);
}

static void expect(
    enum wi_datatype type, int64_t count, const void *bytes, size_t size, const char *data)
{
    char *text = print(type, &count, 1, bytes, size, 0), *found = strstr(text, "\"data\":");
    assert_non_null(found);
    assert_string_equal(found + 7, data);
    json_t *json = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_non_null(json);
    json_decref(json);
    free(text);
}

#define EXPECT_TEXT(ctype, type, data, ...)                                                        \
    expect(type, sizeof((ctype[]){__VA_ARGS__}) / sizeof(ctype), (ctype[]){__VA_ARGS__},           \
        sizeof((ctype[]){__VA_ARGS__}), data)

TEST(prints_every_datatype)
{
    EXPECT_TEXT(uint8_t, WI_BOOL, "[true,false]}", 1, 0);
    EXPECT_TEXT(uint8_t, WI_UINT8, "[0,255]}", 0, 255);
    EXPECT_TEXT(int8_t, WI_INT8, "[-128]}", -128);
    EXPECT_TEXT(uint16_t, WI_UINT16, "[65535]}", 65535);
    EXPECT_TEXT(int16_t, WI_INT16, "[-5]}", -5);
    EXPECT_TEXT(uint32_t, WI_UINT32, "[4294967295]}", UINT32_MAX);
    EXPECT_TEXT(int32_t, WI_INT32, "[-2147483648]}", INT32_MIN);
    EXPECT_TEXT(uint64_t, WI_UINT64, "[9223372036854775807]}", INT64_MAX);
    EXPECT_TEXT(int64_t, WI_INT64, "[-9223372036854775808]}", INT64_MIN);
    EXPECT_TEXT(float, WI_FP32, "[0.1,\"NaN\",\"-Infinity\",-0.0]}", 0.1f, NAN, -INFINITY, -0.0f);
    EXPECT_TEXT(double, WI_FP64, "[0.1,\"Infinity\"]}", 0.1, INFINITY);
    expect(WI_BYTES, 4, "\2\0\0\0a\"\0\0\0\0\1\0\0\0\0\2\0\0\0\xff!", 21,
        "[\"a\\\"\",\"\",\"\\u0000\",\"\\ufffd!\"]}");
    expect(WI_BYTES, 1, "\2\0\0\0a", 5, "[]}"); /* cut off: never read past the end */
    expect(WI_FP32, 0, "", 0, "[]}");
}

TEST(prints_heads)
{
    char *text = print(WI_FP16, (int64_t[]){1, 0, 3}, 3, "", 0, 1);
    assert_string_equal(text,
        "{\"name\":\"a \\\"name\\\"\",\"datatype\":\"FP16\",\"shape\":[1,0,3],"
        "\"parameters\":{\"binary_data_size\":0}}");
    free(text);
    text = print(WI_INT32, NULL, 0, (int32_t[]){7}, 4, 0);
    assert_string_equal(text, "{\"name\":\"a \\\"name\\\"\",\"datatype\":\"INT32\",\"shape\":[],"
                              "\"data\":[7]}");
    free(text);
}

TEST(prints_more_than_one_chunk)
{
    enum { COUNT = 20000 };
    float *values = malloc(COUNT * sizeof *values);
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i / 7;
    char *text = print(WI_FP32, (int64_t[]){COUNT}, 1, values, COUNT * sizeof *values, 0);
    json_t *json = json_loads(text, 0, NULL);
    json_t *data = json_object_get(json, "data");
    assert_int_equal(json_array_size(data), COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_true((float)json_number_value(json_array_get(data, (size_t)i)) == values[i]);
    json_decref(json);
    free(text);
    free(values);
}
