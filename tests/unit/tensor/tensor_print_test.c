/* Tensors as JSON text. */
#include "../test.h"

#include "tensor/tensor.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

#define EXPECT(ctype, type, data, ...)                                                             \
    expect(type, sizeof((ctype[]){__VA_ARGS__}) / sizeof(ctype), (ctype[]){__VA_ARGS__},           \
        sizeof((ctype[]){__VA_ARGS__}), data)

TEST(prints_every_datatype)
{
    EXPECT(uint8_t, WI_BOOL, "[true,false]}", 1, 0);
    EXPECT(uint8_t, WI_UINT8, "[0,255]}", 0, 255);
    EXPECT(int8_t, WI_INT8, "[-128]}", -128);
    EXPECT(uint16_t, WI_UINT16, "[65535]}", 65535);
    EXPECT(int16_t, WI_INT16, "[-5]}", -5);
    EXPECT(uint32_t, WI_UINT32, "[4294967295]}", UINT32_MAX);
    EXPECT(int32_t, WI_INT32, "[-2147483648]}", INT32_MIN);
    EXPECT(uint64_t, WI_UINT64, "[9223372036854775807]}", INT64_MAX);
    EXPECT(int64_t, WI_INT64, "[-9223372036854775808]}", INT64_MIN);
    EXPECT(float, WI_FP32, "[0.1,\"NaN\",\"-Infinity\",-0.0]}", 0.1f, NAN, -INFINITY, -0.0f);
    EXPECT(double, WI_FP64, "[0.1,\"Infinity\"]}", 0.1, INFINITY);
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
