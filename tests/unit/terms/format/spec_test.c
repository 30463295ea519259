/* model.json: what is accepted, how it is completed, and what is refused by field. */
#include "../../test.h"

#include "base/memory.h"
#include "onnx_build.h"
#include "terms/format/spec.h"

/* x FP32 [batch, 3, 4, 5] → y FP32 [batch, 10] */
static struct wi_onnx_signature signature(void)
{
    struct wi_onnx_signature s;
    struct wi_buffer model = small_model();
    assert_int_equal(wi_onnx_read((unsigned char *)model.text, model.size, &s, NULL), WI_OK);
    wi_buffer_clear(&model);
    return s;
}

static char *no_file(void *context, const char *name, struct wi_error *error)
{
    wi_error_set(error, WI_MODEL_INVALID, "labels_file", "there is no %s", name);
    return NULL;
}

static char *ten_labels(void *context, const char *name, struct wi_error *error)
{
    assert_string_equal(name, "labels.txt");
    return wi_strdup("zero\r\none\ntwo\n3\n4\n5\n6\n7\n8\nn\xc3\xbcn");
}

static char *bad_labels(void *context, const char *name, struct wi_error *error)
{
    return wi_strdup("\xff\n");
}

static char *no_labels(void *context, const char *name, struct wi_error *error)
{
    return wi_strdup("");
}

static enum wi_code read_spec(
    const char *text, wi_spec_file_fn *read_file, struct wi_spec *spec, struct wi_error *error)
{
    struct wi_onnx_signature s = signature();
    *error = (struct wi_error){0};
    enum wi_code code = wi_spec_read(text, strlen(text), &s, read_file, NULL, spec, error);
    wi_onnx_clear(&s);
    return code;
}

static void refuse(const char *text, const char *field)
{
    struct wi_spec spec;
    struct wi_error error;
    if (read_spec(text, no_file, &spec, &error) != WI_MODEL_INVALID)
        fail_msg("accepted: %s", text);
    assert_int_equal(error.code, WI_MODEL_INVALID);
    if (strcmp(error.field, field) != 0)
        fail_msg("%s: \"%s\" instead of \"%s\": %s", text, error.field, field, error.detail);
    assert_null(spec.json);
    wi_spec_clear(&spec);
}

TEST(completes_a_short_spec)
{
    struct wi_spec spec;
    struct wi_error error;
    assert_int_equal(
        read_spec("{\"picture\":{\"width\":5,\"height\":4},\"result\":{}}", no_file, &spec, &error),
        WI_OK);
    assert_true(spec.takes_picture);
    assert_int_equal(spec.type, WI_TYPE_UNKNOWN);
    assert_string_equal(spec.text,
        "{\"picture\":{\"input\":\"x\",\"width\":5,\"height\":4,\"channels\":3,"
        "\"layout\":\"NCHW\",\"datatype\":\"FP32\",\"order\":\"RGB\",\"scale\":1.0,"
        "\"mean\":[0.0,0.0,0.0],\"std\":[1.0,1.0,1.0],\"invert\":false,\"fit\":\"stretch\","
        "\"background\":[0.0,0.0,0.0]},"
        "\"result\":{\"output\":\"y\",\"activation\":\"none\",\"top\":5}}");
    wi_spec_clear(&spec);
    assert_int_equal(read_spec("{}", no_file, &spec, &error), WI_OK);
    assert_string_equal(spec.text, "{}");
    assert_false(spec.takes_picture);
    wi_spec_clear(&spec);
}

TEST(reads_a_full_spec)
{
    struct wi_spec spec;
    struct wi_error error;
    enum wi_code code = read_spec(
        "{\"type\":\"vision\",\"labels_file\":\"labels.txt\","
        "\"picture\":{\"input\":\"x\",\"width\":5,\"height\":4,\"channels\":3,\"layout\":\"NCHW\","
        "\"datatype\":\"FP32\",\"order\":\"BGR\",\"scale\":0.5,\"mean\":[1,2,3],\"std\":[4,5,6],"
        "\"invert\":true,\"fit\":\"contain\",\"background\":[255,0,0]},"
        "\"result\":{\"output\":\"y\",\"activation\":\"softmax\",\"top\":3}}",
        ten_labels, &spec, &error);
    if (code != WI_OK)
        fail_msg("%s", error.detail);
    assert_int_equal(spec.type, WI_TYPE_VISION);
    json_t *labels = json_object_get(spec.json, "labels");
    assert_int_equal(json_array_size(labels), 10);
    assert_string_equal(json_string_value(json_array_get(labels, 0)), "zero");
    assert_string_equal(json_string_value(json_array_get(labels, 9)), "n\xc3\xbcn");
    assert_null(json_object_get(spec.json, "labels_file"));
    json_t *picture = json_object_get(spec.json, "picture");
    assert_true(json_real_value(json_array_get(json_object_get(picture, "std"), 2)) == 6);
    wi_spec_clear(&spec);
    wi_spec_clear(&spec);
}

TEST(refuses_bad_text)
{
    refuse("", "model.json");
    refuse("{", "model.json");
    refuse("[]", "model.json");
    refuse("{\"type\":\"vision\",\"type\":\"audio\"}", "model.json");
    refuse("{\"types\":1}", "types");
    refuse("{\"type\":\"seeing\"}", "type");
    refuse("{\"type\":1}", "type");
}

TEST(refuses_bad_labels)
{
    struct wi_spec spec;
    struct wi_error error;
    refuse("{\"labels\":[]}", "labels");
    refuse("{\"labels\":[1]}", "labels");
    refuse("{\"labels\":[\"a\"],\"labels_file\":\"l\"}", "labels_file");
    refuse("{\"labels_file\":\"../l\"}", "labels_file");
    refuse("{\"labels_file\":\"/etc/passwd\"}", "labels_file");
    refuse("{\"labels_file\":\".l\"}", "labels_file");
    refuse("{\"labels_file\":\"labels.txt\"}", "labels_file");
    refuse("{\"labels\":[\"a\",\"b\"],\"result\":{\"output\":\"y\"}}", "labels");
    assert_int_equal(
        read_spec("{\"labels_file\":\"l\"}", bad_labels, &spec, &error), WI_MODEL_INVALID);
    assert_null(spec.json);
    wi_spec_clear(&spec);
    assert_int_equal(
        read_spec("{\"labels_file\":\"l\"}", no_labels, &spec, &error), WI_MODEL_INVALID);
    wi_spec_clear(&spec);
}

#define PICTURE(more) "{\"picture\":{\"width\":5,\"height\":4" more "}}"

TEST(refuses_bad_pictures)
{
    refuse("{\"picture\":{\"height\":4}}", "picture.width");
    refuse("{\"picture\":{\"width\":5}}", "picture.height");
    refuse("{\"picture\":{\"width\":0,\"height\":4}}", "picture.width");
    refuse("{\"picture\":{\"width\":16385,\"height\":4}}", "picture.width");
    refuse("{\"picture\":{\"width\":6,\"height\":4}}", "picture.width");
    refuse(PICTURE(",\"input\":\"z\""), "picture.input");
    refuse(PICTURE(",\"channels\":2"), "picture.channels");
    refuse(PICTURE(",\"channels\":4"), "picture.channels");
    refuse(PICTURE(",\"channels\":1"), "picture.width");
    refuse(PICTURE(",\"layout\":\"NHWC\""), "picture.width");
    refuse(PICTURE(",\"layout\":\"CHW\""), "picture.layout");
    refuse(PICTURE(",\"datatype\":\"UINT8\""), "picture.datatype");
    refuse(PICTURE(",\"datatype\":\"FP16\""), "picture.datatype");
    refuse(PICTURE(",\"scale\":0"), "picture.scale");
    refuse(PICTURE(",\"mean\":[1]"), "picture.mean");
    refuse(PICTURE(",\"mean\":[1,2,\"3\"]"), "picture.mean");
    refuse(PICTURE(",\"std\":[1,2,0]"), "picture.std");
    refuse(PICTURE(",\"std\":[1,2,3,4]"), "picture.std");
    refuse(PICTURE(",\"background\":[1]"), "picture.background");
    refuse(PICTURE(",\"fit\":\"crop\""), "picture.fit");
    refuse(PICTURE(",\"crop\":1"), "picture.crop");
}

TEST(refuses_bad_results)
{
    refuse("{\"result\":{\"output\":\"x\"}}", "result.output");
    refuse("{\"result\":{\"activation\":\"relu\"}}", "result.activation");
    refuse("{\"result\":{\"top\":0}}", "result.top");
    refuse("{\"result\":{\"top\":1.5}}", "result.top");
    refuse("{\"result\":{\"best\":1}}", "result.best");
}
