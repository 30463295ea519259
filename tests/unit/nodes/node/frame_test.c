/* The frame codec: every kind of malformed message is refused with a reason, and what we print can
 * be read back. */
#include "../../test.h"

#include "base/memory.h"
#include "nodes/node/frame.h"
#include <stdlib.h>
#include <string.h>

#define HEAD(data)                                                                                 \
    "{\"id\":\"n-1\",\"type\":\"t\",\"from\":\"n\",\"timestamp\":1,\"data\":" data "}"
#define TENSOR(shape, offset, length)                                                              \
    "{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":" shape ",\"offset\":" offset                 \
    ",\"byte_length\":" length "}"

static struct wi_blob *blob_of(const void *bytes, size_t size)
{
    struct wi_blob *blob = wi_blob_new(NULL, size ? size : 1);
    wi_blob_append(blob, bytes, size);
    return blob;
}

/* A binary frame of a head and `section` bytes 1, 2, 3…, with `padding` zeros after the head. */
static struct wi_blob *binary_of(const char *head, long padding, size_t section)
{
    uint32_t length = (uint32_t)strlen(head);
    struct wi_blob *blob = blob_of(&length, 4);
    wi_blob_append(blob, head, length);
    size_t zeros = padding < 0 ? wi_frame_align(4 + length) - 4 - length : (size_t)padding;
    for (size_t i = 0; i < zeros; i++)
        wi_blob_append(blob, "", 1);
    for (size_t i = 1; i <= section; i++) {
        unsigned char byte = (unsigned char)i;
        wi_blob_append(blob, &byte, 1);
    }
    return blob;
}

static void refuse(struct wi_blob *blob, int binary, const char *why)
{
    struct wi_frame frame;
    struct wi_error error = {0};
    assert_int_equal(wi_frame_parse(blob, binary, &frame, &error), WI_BAD_FRAMING);
    assert_int_equal(error.code, WI_BAD_FRAMING);
    if (!strstr(error.detail, why))
        fail_msg("\"%s\" does not say \"%s\"", error.detail, why);
    assert_null(frame.root);
    wi_blob_unref(blob);
}

static void refuse_text(const char *text, const char *why)
{
    refuse(blob_of(text, strlen(text)), 0, why);
}

TEST(test_text)
{
    struct wi_frame frame;
    struct wi_error error;
    struct wi_blob *blob = blob_of(HEAD("{\"tensors\":[]}"), strlen(HEAD("{\"tensors\":[]}")));
    assert_int_equal(wi_frame_parse(blob, 0, &frame, &error), WI_OK);
    assert_string_equal(frame.id, "n-1");
    assert_string_equal(frame.type, "t");
    assert_int_equal(frame.tensors.count, 0);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);

    refuse_text("", "not JSON");
    refuse_text("{", "not JSON");
    refuse_text("[]", "not a JSON object");
    refuse_text("{\"id\":\"a\",\"id\":\"b\"}", "not JSON");
    refuse_text(HEAD("{}") "x", "not JSON");
    refuse_text("{\"id\":\"\",\"type\":\"t\",\"from\":\"\",\"timestamp\":1,\"data\":{}}", "id");
    refuse_text("{\"type\":\"t\",\"from\":\"\",\"timestamp\":1,\"data\":{}}", "id");
    refuse_text("{\"id\":\"a\",\"from\":\"\",\"timestamp\":1,\"data\":{}}", "type");
    refuse_text("{\"id\":\"a\",\"type\":\"t\",\"from\":1,\"timestamp\":1,\"data\":{}}", "from");
    refuse_text(
        "{\"id\":\"a\",\"type\":\"t\",\"from\":\"\",\"timestamp\":\"1\",\"data\":{}}", "timestamp");
    refuse_text("{\"id\":\"a\",\"type\":\"t\",\"from\":\"\",\"timestamp\":1,\"data\":[]}", "data");
    refuse_text("{\"id\":\"\xff\"}", "not JSON");
    refuse_text(HEAD("{\"tensors\":[{}]}"), "binary frame");
    refuse_text(HEAD("{\"tensors\":{}}"), "binary frame");

    char *large = calloc(1, WI_FRAME_HEAD_MAX + 2);
    memset(large, ' ', WI_FRAME_HEAD_MAX + 1);
    refuse_text(large, "at most");
    free(large);
}

static void expect_data(const char *told, const char *read)
{
    char *text = wi_sprintf(HEAD("%s"), told);
    struct wi_blob *blob = blob_of(text, strlen(text));
    struct wi_frame frame;
    struct wi_error error;
    json_t *wanted = json_loads(read, 0, NULL);
    assert_non_null(wanted);
    if (wi_frame_parse(blob, 0, &frame, &error) != WI_OK)
        fail_msg("%s: %s", told, error.detail);
    if (!json_equal(frame.data, wanted))
        fail_msg("%s is not %s", json_dumps(frame.data, 0), read);
    assert_int_equal(frame.json_size, strlen(text));
    json_decref(wanted);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
    free(text);
}

/* As JSON.stringify and Python's json print it. */
TEST(what_a_model_made_is_no_reason_to_refuse_a_message)
{
    expect_data("{\"a\":\"x\\u0000y\"}", "{\"a\":\"x\\ufffdy\"}");
    expect_data("{\"a\\u0000\":1}", "{\"a\\ufffd\":1}");
    expect_data("{\"a\":\"\\\\u0000\\u0000\"}", "{\"a\":\"\\\\u0000\\ufffd\"}");
    expect_data("{\"a\":\"\\ud83d\"}", "{\"a\":\"\\ufffd\"}");
    expect_data("{\"a\":\"\\ude00\\ud83d\\ude00\"}", "{\"a\":\"\\ufffd\\ud83d\\ude00\"}");
    expect_data("{\"a\":\"\\ud83dx\\uD83D\\u0041\"}", "{\"a\":\"\\ufffdx\\ufffdA\"}");
    expect_data("{\"a\":10000000000000000000}", "{\"a\":1e19}");
    expect_data("{\"a\":[-9223372036854775809,9223372036854775807,-9223372036854775808]}",
        "{\"a\":[-9223372036854775808e0,9223372036854775807,-9223372036854775808]}");
    expect_data("{\"a\":100000000000000000000000000000000000000000}", "{\"a\":1e41}");
    expect_data("{\"a\":0.12345678901234567890123,\"b\":\"\\u0000\"}",
        "{\"a\":0.12345678901234567890123,\"b\":\"\\ufffd\"}");
    expect_data(
        "{\"a\":\"99999999999999999999\\u0000\"}", "{\"a\":\"99999999999999999999\\ufffd\"}");
    refuse_text(HEAD("{\"a\":\"\\u00\"}"), "not JSON");
    refuse_text("\"\\u0000\"", "not JSON");
    refuse_text("{\"\\u0000", "not JSON");
    refuse_text("{\"\\", "not JSON");
    refuse_text("{\"a\":99999999999999999999", "not JSON");
}

TEST(test_binary)
{
    struct wi_frame frame;
    struct wi_error error;
    const char *head = HEAD("{\"tensors\":[" TENSOR("[3]", "0", "12") "," TENSOR(
        "[]", "16", "4") ",{\"name\":\"\",\"datatype\":\"BYTES\",\"shape\":[0],\"offset\":24,"
                         "\"byte_length\":0}]}");
    struct wi_blob *blob = binary_of(head, -1, 24);
    memset(blob->bytes + blob->size - 12, 0, 4); /* the gap after 12 bytes */
    memset(blob->bytes + blob->size - 4, 0, 4);
    assert_int_equal(wi_frame_parse(blob, 1, &frame, &error), WI_OK);
    assert_int_equal(frame.tensors.count, 3);
    assert_int_equal(frame.tensors.items[0].size, 12);
    assert_int_equal(frame.tensors.items[1].rank, 0);
    assert_int_equal(wi_tensor_bytes(&frame.tensors.items[1])[0], 17);
    assert_int_equal((uintptr_t)wi_tensor_bytes(&frame.tensors.items[1]) % 8, 0);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);

    blob = binary_of(HEAD("{}"), -1, 0);
    assert_int_equal(wi_frame_parse(blob, 1, &frame, &error), WI_OK);
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
}

TEST(test_malformed_binary)
{
    static const struct {
        const char *head;
        long padding;
        size_t section;
        const char *why;
    } cases[] = {
        {HEAD("{}"), 0, 0, "followed by zeros"},
        {HEAD("{}"), -1, 8, "the tensor section has"},
        {HEAD("{\"tensors\":1}"), -1, 0, "not a list"},
        {HEAD("{\"tensors\":[1]}"), -1, 0, "not an object"},
        {HEAD("{\"tensors\":[{}]}"), -1, 0, "name"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "0", "8") "]}"), -1, 9, "the tensor section has"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "0", "8") "]}"), -1, 7, "inside the tensor section"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "4", "8") "]}"), -1, 12, "must be 0"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "-8", "8") "]}"), -1, 8, "must be 0"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "0", "-8") "]}"), -1, 8, "byte_length"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "8", "8") "]}"), -1, 16, "must be 0"},
        {HEAD("{\"tensors\":[" TENSOR("[1]", "0", "4") "," TENSOR("[1]", "8", "4") "]}"), -1, 12,
            "padding before"},
        {HEAD("{\"tensors\":[" TENSOR("[1]", "0", "4") "," TENSOR("[1]", "16", "4") "]}"), -1, 20,
            "must be 8"},
        {HEAD("{\"tensors\":[" TENSOR("[1]", "0", "4") "," TENSOR("[0]", "8", "0") "]}"), -1, 4,
            "inside"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "9223372036854775800", "8") "]}"), -1, 8, "must be 0"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "0", "9223372036854775807") "]}"), -1, 8, "inside"},
        {HEAD("{\"tensors\":[" TENSOR("[3]", "0", "8") "]}"), -1, 8, "byte_length is 8"},
        {HEAD("{\"tensors\":[" TENSOR("[1]", "0", "7") "]}"), -1, 7, "byte_length is 7"},
        {HEAD("{\"tensors\":[" TENSOR("[-1]", "0", "8") "]}"), -1, 8, "shape[0]"},
        {HEAD("{\"tensors\":[" TENSOR("[\"a\"]", "0", "8") "]}"), -1, 8, "shape[0]"},
        {HEAD("{\"tensors\":[" TENSOR("[4294967296,4294967296]", "0", "8") "]}"), -1, 8, "many"},
        {HEAD("{\"tensors\":[" TENSOR("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "0", "4") "]}"), -1, 4,
            "shape"},
        {HEAD("{\"tensors\":[" TENSOR("[2]", "0", "8") "," TENSOR("[2]", "0", "8") "]}"), -1, 8,
            "must be 8"},
        {HEAD("{\"tensors\":[{\"name\":\"x\",\"datatype\":\"FP99\",\"shape\":[],\"offset\":0,"
              "\"byte_length\":0}]}"),
            -1, 0, "datatype"},
        {HEAD("{\"tensors\":[{\"name\":\"x\",\"datatype\":\"BYTES\",\"shape\":[1],\"offset\":0,"
              "\"byte_length\":8}]}"),
            -1, 8, "exactly 1 strings"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refuse(binary_of(cases[i].head, cases[i].padding, cases[i].section), 1, cases[i].why);
    refuse(blob_of("", 0), 1, "no length");
    refuse(blob_of("\1\0\0", 3), 1, "no length");
    refuse(blob_of("\5\0\0\0{}", 6), 1, "beyond");
    refuse(blob_of("\xff\xff\xff\xff{}", 6), 1, "beyond");
    struct wi_blob *blob = binary_of(HEAD("{}"), -1, 0);
    blob->bytes[blob->size - 1] = 1;
    refuse(blob, 1, "followed by zeros");
}

TEST(test_too_many_tensors)
{
    struct wi_buffer head = {0};
    wi_buffer_puts(&head, "{\"id\":\"a\",\"type\":\"t\",\"from\":\"\",\"timestamp\":1,\"data\":{"
                          "\"tensors\":[0");
    for (int i = 0; i < WI_TENSORS_MAX; i++)
        wi_buffer_puts(&head, ",0");
    wi_buffer_puts(&head, "]}}");
    refuse(binary_of(head.text, -1, 0), 1, "at most 1024");
    wi_buffer_clear(&head);
}

TEST(test_round_trip)
{
    static const size_t sizes[] = {4, 0, 16, 12};
    struct wi_tensors sent = {0};
    struct wi_buffer out = {0};
    struct wi_frame frame;
    struct wi_error error;
    for (size_t i = 0; i < 4; i++) {
        struct wi_tensor *tensor = wi_tensors_add(&sent);
        tensor->name = wi_strdup("na\"me\n");
        tensor->datatype = WI_FP32;
        tensor->rank = 2;
        tensor->dims[0] = 1;
        tensor->dims[1] = (int64_t)sizes[i] / 4;
        tensor->blob = blob_of("0123456789abcdef", 16);
        tensor->size = sizes[i];
    }
    wi_frame_begin(&out, 1, "task_request", 7);
    wi_buffer_puts(&out, ",\"data\":{");
    wi_frame_tensors(&out, &sent);
    wi_buffer_puts(&out, "}");
    wi_frame_end(&out, 1);
    assert_int_equal(out.size % 8, 0);
    struct wi_blob *blob = blob_of(out.text, out.size);
    for (size_t i = 0; i < 4; i++) {
        while (blob->size % 8)
            wi_blob_append(blob, "", 1);
        wi_blob_append(blob, wi_tensor_bytes(&sent.items[i]), sizes[i]);
    }
    if (wi_frame_parse(blob, 1, &frame, &error) != WI_OK)
        fail_msg("%s", error.detail);
    assert_string_equal(frame.id, "s-7");
    assert_string_equal(frame.from, "service");
    assert_int_equal(frame.tensors.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(frame.tensors.items[i].name, "na\"me\n");
        assert_memory_equal(wi_tensor_bytes(&frame.tensors.items[i]), "0123456789abcdef", sizes[i]);
    }
    wi_frame_clear(&frame);
    wi_blob_unref(blob);
    wi_buffer_clear(&out);
    wi_tensors_clear(&sent);
}
