/* The body of POST /v1/infer: what is read, and how everything else is refused by name. */
#include "../../test.h"

#include "terms/format/model.h"
#include "wire/native/native.h"
#include <stdlib.h>
#include <string.h>

/* What errors say is expected. */
#define PICTURES "PNG, JPEG or WebP in base64, or a data URI such as \"data:image/png;base64,…\""

static struct wi_budget budget = {.limit = 1 << 26};
static const struct wi_config_models limits = {.max_picture_pixels = 256 * 32};
static const struct wi_config_models smaller = {.max_picture_pixels = 256 * 32 - 1};

static struct wi_blob *blob_of(const char *json, const void *binary, size_t size)
{
    struct wi_blob *blob = wi_blob_new(&budget, strlen(json) + size);
    assert_int_equal(wi_blob_append(blob, json, strlen(json)), 0);
    assert_int_equal(wi_blob_append(blob, binary, size), 0);
    return blob;
}

static enum wi_code parse(struct wi_infer *infer, const char *json, const void *binary, size_t size,
    struct wi_error *error)
{
    struct wi_blob *blob = blob_of(json, binary, size);
    memset(infer, 0, sizeof *infer);
    enum wi_code code =
        wi_dialect_parse(&wi_dialect_native, infer, blob, strlen(json), &budget, error);
    wi_blob_unref(blob);
    return code;
}

#define TENSOR "{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[2],\"data\":[1,2]}"
#define HEAD "{\"model_name\":\"m\",\"inputs\":[" TENSOR "]"

static void check_bad(const char *json, enum wi_code code, const char *field, const char *expected)
{
    struct wi_infer infer;
    struct wi_error error = {0};
    enum wi_code got = parse(&infer, json, "", 0, &error);
    wi_infer_clear(&infer);
    if (got != code || error.code != code || (field && strcmp(error.field, field) != 0))
        fail_msg("%s: %s, field \"%s\": %s", json, wi_code_name(got), error.field, error.detail);
    assert_true(strlen(error.detail) > 3);
    assert_string_equal(error.expected, expected);
    assert_int_equal(budget.used, 0);
}

TEST(test_defaults)
{
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(parse(&infer, HEAD "}", "", 0, &error), WI_OK);
    assert_string_equal(infer.model_name, "m");
    assert_int_equal(infer.asked->fallback, 1);
    assert_int_equal(infer.asked->priority, 5);
    assert_true(wi_infer_timeout_ms(&infer, WI_TYPE_VISION) == 60000);
    assert_false(infer.asked->has_platform || infer.asked->has_type ||
                 infer.form == WI_FORM_PICTURE || wi_native_wants_binary(&infer, "y"));
    assert_int_equal(infer.asked->tensors.count, 1);
    wi_infer_clear(&infer);
}

/* The longest name of a variant of a repository. */
TEST(test_long_name)
{
    char part[129], name[WI_MODEL_NAME_MAX + 1], json[1024];
    struct wi_infer infer;
    struct wi_error error;
    (void)state;
    memset(part, 'a', 128);
    part[128] = '\0';
    snprintf(name, sizeof name, "%s/%s:%s", part, part, part);
    snprintf(json, sizeof json, "{\"model_name\":\"%s\",\"inputs\":[" TENSOR "]}", name);
    assert_int_equal(parse(&infer, json, "", 0, &error), WI_OK);
    assert_string_equal(infer.model_name, name);
    wi_infer_clear(&infer);
}

TEST(test_everything)
{
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(parse(&infer,
                         HEAD ",\"model_type\":\"vision\",\"task\":\"image-classification\","
                              "\"platform\":\"wasm\",\"browser\":\"chrome\",\"node\":\"node-1\","
                              "\"fallback\":false,\"precision\":\"fp16\",\"priority\":9,"
                              "\"timeout_ms\":1,\"id\":\"mine\",\"options\":{},"
                              "\"parameters\":{\"binary_data_output\":true},\"outputs\":[\"a\","
                              "{\"name\":\"b\",\"parameters\":{\"binary_data\":false}},"
                              "{\"name\":\"c\"}]}",
                         "", 0, &error),
        WI_OK);
    assert_int_equal(infer.asked->type, WI_TYPE_VISION);
    assert_int_equal(infer.asked->platform, WI_WASM);
    assert_string_equal(infer.asked->precision, "fp16");
    assert_string_equal(infer.asked->client_id, "mine");
    assert_int_equal(infer.asked->fallback, 0);
    assert_int_equal(infer.asked->outputs.count, 3);
    assert_true(wi_native_wants_binary(&infer, "a"));
    assert_false(wi_native_wants_binary(&infer, "b"));
    assert_true(wi_native_wants_binary(&infer, "c"));
    wi_infer_clear(&infer);
}

TEST(test_bad_fields)
{
    static const struct {
        const char *more, *field;
        enum wi_code code;
        const char *expected;
    } rows[] = {
        {"\"colour\":1", "colour", WI_UNKNOWN_FIELD, ""},
        {"\"options\":[]", "options", WI_INVALID_FIELD, "an object"},
        {"\"parameters\":{\"x\":1}", "parameters.x", WI_UNKNOWN_FIELD, ""},
        {"\"parameters\":[]", "parameters", WI_INVALID_FIELD, "an object"},
        {"\"platform\":\"abacus\"", "platform", WI_INVALID_FIELD, ""},
        {"\"platform\":\"magic\"", "platform", WI_INVALID_FIELD, ""},
        {"\"platform\":7", "platform", WI_INVALID_FIELD, "a string"},
        {"\"model_type\":\"poetry\"", "model_type", WI_INVALID_FIELD, ""},
        {"\"task\":\"dance\"", "task", WI_INVALID_FIELD, ""},
        {"\"precision\":\"fp1\"", "precision", WI_INVALID_FIELD, ""},
        {"\"priority\":10", "priority", WI_INVALID_FIELD, "0 to 9"},
        {"\"priority\":-1", "priority", WI_INVALID_FIELD, "0 to 9"},
        {"\"priority\":1.5", "priority", WI_INVALID_FIELD, "an integer"},
        {"\"timeout_ms\":0", "timeout_ms", WI_INVALID_FIELD, "1 to 3600000"},
        {"\"timeout_ms\":3600001", "timeout_ms", WI_INVALID_FIELD, "1 to 3600000"},
        {"\"fallback\":\"yes\"", "fallback", WI_INVALID_FIELD, "true or false"},
        {"\"id\":\"\"", "id", WI_INVALID_FIELD, "1 to 128 bytes"},
        {"\"id\":\"a\\u0000b\"", "id", WI_INVALID_FIELD, ""},
        {"\"outputs\":{}", "outputs", WI_INVALID_FIELD, "a list"},
        {"\"outputs\":[1]", "outputs[0]", WI_INVALID_FIELD,
            "a name, or {\"name\",\"parameters\":{\"binary_data\":true}}"},
        {"\"outputs\":[\"a\\u0000\"]", "outputs[0]", WI_INVALID_FIELD, ""},
        {"\"outputs\":[\"a\",{}]", "outputs[1].name", WI_MISSING_FIELD, "a string"},
        {"\"outputs\":[{\"name\":\"a\",\"x\":1}]", "outputs[0].x", WI_UNKNOWN_FIELD, ""},
        {"\"outputs\":[{\"name\":\"a\",\"parameters\":{\"binary_data\":1}}]",
            "outputs[0].parameters.binary_data", WI_INVALID_FIELD, "true or false"},
        {"\"inputs\":[]", NULL, WI_BAD_JSON, ""}, /* a second one */
    };
    char json[1024];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(json, sizeof json, HEAD ",%s}", rows[i].more);
        check_bad(json, rows[i].code, rows[i].field, rows[i].expected);
    }
    check_bad("{\"inputs\":[]}", WI_MISSING_FIELD, "model_name", "a string");
    check_bad("{\"model_name\":\"m\"}", WI_MISSING_FIELD, "inputs", "a value");
    check_bad("{\"model_name\":\"m\",\"inputs\":7}", WI_INVALID_FIELD, "inputs",
        "a list of tensors, a picture: {\"image\":\"<base64>\"}, or text: a string, a list of "
        "strings, {\"messages\": [...]}");
    check_bad("{\"model_name\":\"m\",\"inputs\":{}}", WI_INVALID_FIELD, "inputs",
        "{\"messages\"}, {\"query\", \"documents\"}, {\"text\", \"text_pair\"}, {\"pairs\"}, "
        "{\"question\", \"context\"}, {\"text\" or \"texts\", \"labels\"}, or {\"image\"} or "
        "{\"audio\"}, which may have \"labels\"");
    check_bad("{\"model_name\":\"m\",\"inputs\":{\"image\":7}}", WI_INVALID_FIELD, "inputs.image",
        "a picture in base64, a data URI, or {\"binary_data_size\"}");
    check_bad(
        "{\"model_name\":\"m\",\"inputs\":{\"image\":\"%\"}}", WI_PICTURE_INVALID, NULL, PICTURES);
    check_bad("{\"model_name\":\"m\",\"inputs\":\"data:image/png;base64,\"}", WI_PICTURE_INVALID,
        "inputs", PICTURES);
    check_bad("{\"model_name\":\"../m\",\"inputs\":[]}", WI_INVALID_FIELD, "model_name", "");
    check_bad("{\"model_name\":\"m\\u0000\",\"inputs\":[]}", WI_INVALID_FIELD, "model_name", "");
}

TEST(test_bad_json)
{
    static const char *const bad[] = {"", "{", "[1,2", "[]", "7", "null", "\"x\"", "{\"a\":1}}",
        "{\"a\":1,\"a\":2}", "\xff", "{\"a\":\"\xff\"}", "{'a':1}", "{\"a\":01}", "{\"a\":nul}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_bad(bad[i], WI_BAD_JSON, NULL, "");
    char *deep = malloc(100001);
    memset(deep, '[', 100000);
    deep[100000] = '\0';
    check_bad(deep, WI_BAD_JSON, NULL, "");
    free(deep);
}

TEST(test_non_finite)
{
    static const char *const words[] = {"NaN", "Infinity", "-Infinity", "1e999", "-1e999", "nan"};
    char json[256];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        snprintf(json, sizeof json,
            "{\"model_name\":\"m\",\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[1],"
            "\"data\":[%s]}]}",
            words[i]);
        struct wi_infer infer;
        struct wi_error error;
        assert_int_equal(parse(&infer, json, "", 0, &error), WI_NON_FINITE);
        assert_non_null(strstr(error.detail, "binary"));
        wi_infer_clear(&infer);
    }
}

/* A number that nothing has room for is named, and only tensor data is told to go in binary. */
TEST(test_too_large_numbers)
{
    static const struct {
        const char *json, *field, *expected;
    } rows[] = {
        {"{\"priority\": 18446744073709551621}", "priority", "0 to 9"},
        {"{\"a\":[1,2], \"timeout_ms\" :\n-99999999999999999999, \"b\":1}", "timeout_ms",
            "1 to 3600000"},
        {"{\"inputs\":[{\"data\":[1],\"shape\":[2, 1e999]}]}", "shape",
            "at most 9223372036854775807"},
        {"{\"a\":{\"binary_data_size\":18446744073709551621}}", "binary_data_size",
            "at most 9223372036854775807"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_infer infer;
        struct wi_error error;
        assert_int_equal(parse(&infer, rows[i].json, "", 0, &error), WI_INVALID_FIELD);
        assert_string_equal(error.field, rows[i].field);
        assert_string_equal(error.expected, rows[i].expected);
        assert_null(strstr(error.detail, "binary "));
        wi_infer_clear(&infer);
    }
    static const char *const data[] = {
        "[18446744073709551621", "18446744073709551621", "{\"data\":[[1,2],[3, 1e999"};
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        struct wi_infer infer;
        struct wi_error error;
        assert_int_equal(parse(&infer, data[i], "", 0, &error), WI_NON_FINITE);
        wi_infer_clear(&infer);
    }
}

TEST(test_binary)
{
    static const char json[] =
        "{\"model_name\":\"m\",\"inputs\":[{\"name\":\"x\",\"datatype\":\"FP16\","
        "\"shape\":[2],\"parameters\":{\"binary_data_size\":4}}]}";
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(parse(&infer, json, "abcd", 4, &error), WI_OK);
    assert_memory_equal(wi_tensor_bytes(&infer.asked->tensors.items[0]), "abcd", 4);
    wi_infer_clear(&infer);
    assert_int_equal(budget.used, 0);
    assert_int_equal(parse(&infer, json, "abc", 3, &error), WI_BAD_FRAMING);
    wi_infer_clear(&infer);
    assert_int_equal(parse(&infer, json, "abcde", 5, &error), WI_BAD_FRAMING);
    wi_infer_clear(&infer);
    assert_int_equal(
        parse(&infer,
            "{\"model_name\":\"m\",\"inputs\":{\"image\":\"iVBORw0KGgoAAAANSUhEUgAAAQAAAAAg\"}}",
            "x", 1, &error),
        WI_BAD_FRAMING);
    wi_infer_clear(&infer);
}

TEST(test_file_behind_json)
{
    static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\0\x20";
    static const char json[] =
        "{\"model_name\":\"m\",\"inputs\":{\"image\":{\"binary_data_size\":24}}}";
    struct wi_infer infer;
    struct wi_error error;
    assert_int_equal(parse(&infer, json, png, 24, &error), WI_OK);
    assert_memory_equal(wi_tensor_bytes(&infer.asked->tensors.items[0]), png, 24);
    assert_int_equal(infer.picture.width, 256);
    assert_int_equal(infer.asked->tensors.items[0].offset, strlen(json));
    wi_infer_clear(&infer);
    assert_int_equal(budget.used, 0);
    assert_int_equal(parse(&infer, json, png, 23, &error), WI_BAD_FRAMING);
    assert_string_equal(error.field, "inputs.image");
    wi_infer_clear(&infer);
    assert_int_equal(parse(&infer, json, "", 0, &error), WI_BAD_FRAMING);
    wi_infer_clear(&infer);
    assert_int_equal(parse(&infer,
                         "{\"model_name\":\"m\",\"inputs\":{\"audio\":{\"binary_data_size\":8},"
                         "\"format\":\"s16le\",\"sampling_rate\":16000}}",
                         "abcdefgh", 8, &error),
        WI_OK);
    assert_int_equal(infer.form, WI_FORM_SOUND);
    wi_infer_clear(&infer);
    check_bad("{\"model_name\":\"m\",\"inputs\":{\"image\":{\"size\":1}}}", WI_UNKNOWN_FIELD,
        "inputs.image.size", "");
    check_bad("{\"model_name\":\"m\",\"inputs\":{\"image\":{\"binary_data_size\":0}}}",
        WI_INVALID_FIELD, "inputs.image.binary_data_size", "1 to 1000000000000000");
}

TEST(test_framing)
{
    struct wi_error error;
    size_t size = 0;
    const char *json = "application/json", *binary = "application/octet-stream";
    assert_int_equal(wi_dialect_native.frame(json, NULL, 9, &size, &error), WI_OK);
    assert_int_equal(size, 9);
    assert_int_equal(wi_dialect_native.frame(binary, "4", 9, &size, &error), WI_OK);
    assert_int_equal(size, 4);
    assert_int_equal(wi_dialect_native.frame(json, "9", 9, &size, &error), WI_OK);
    assert_int_equal(wi_dialect_native.frame(binary, NULL, 9, &size, &error), WI_BAD_FRAMING);
    static const char *const bad[] = {
        "", "-1", "x", "10", "1048577", "18446744073709551615", "1 ", "0x4"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(wi_dialect_native.frame(binary, bad[i], 9, &size, &error), WI_BAD_FRAMING);
    assert_int_equal(
        wi_dialect_native.frame(binary, "1048577", 1 << 22, &size, &error), WI_BAD_FRAMING);
}

/* --- against a model ------------------------------------------------------------------------- */

static struct wi_onnx_value inputs[] = {{.name = "x",
    .tensor = 1,
    .has_datatype = 1,
    .datatype = WI_FP32,
    .has_shape = 1,
    .rank = 1,
    .dims = {2}}};
static struct wi_onnx_value outputs[] = {
    {.name = "y", .tensor = 1, .has_datatype = 1, .datatype = WI_FP32},
    {.name = "half", .tensor = 1, .has_datatype = 1, .datatype = WI_FP16}};

static enum wi_code check(struct wi_model *model, const char *json, struct wi_error *error)
{
    struct wi_infer infer;
    assert_int_equal(parse(&infer, json, "", 0, error), WI_OK);
    enum wi_code code = wi_dialect_native.check(&infer, model, &limits, error);
    wi_infer_clear(&infer);
    return code;
}

TEST(test_check)
{
    struct wi_error error;
    struct wi_model model = {.name = (char *)"m",
        .facts.signature = {.inputs = inputs,
            .input_count = 1,
            .outputs = outputs,
            .output_count = 2,
            .ir_version = 8,
            .opset = 17}};
    assert_int_equal(check(&model, HEAD ",\"outputs\":[\"y\"]}", &error), WI_OK);
    assert_int_equal(
        check(&model, HEAD ",\"outputs\":[\"y\"],\"precision\":\"fp32\"}", &error), WI_OK);
    assert_int_equal(
        check(&model, HEAD ",\"precision\":\"int8\"}", &error), WI_PRECISION_UNSUPPORTED);
    assert_non_null(strstr(error.expected, "fp32"));
    model.variant = (char *)"q8"; /* which is what it computes in, whatever goes in and out */
    assert_int_equal(
        check(&model, HEAD ",\"outputs\":[\"y\"],\"precision\":\"int8\"}", &error), WI_OK);
    assert_int_equal(
        check(&model, HEAD ",\"precision\":\"fp32\"}", &error), WI_PRECISION_UNSUPPORTED);
    assert_string_equal(error.expected, "q8, or none");
    model.variant = NULL;
    assert_int_equal(check(&model, HEAD "}", &error), WI_NOT_ACCEPTABLE);
    assert_non_null(strstr(error.detail, "half"));
    assert_string_equal(
        error.expected, "true, or outputs[].parameters.binary_data for this output");
    assert_int_equal(
        check(&model, HEAD ",\"parameters\":{\"binary_data_output\":true}}", &error), WI_OK);
    assert_int_equal(check(&model, HEAD ",\"outputs\":[\"z\"]}", &error), WI_OUTPUT_UNKNOWN);
    assert_int_equal(
        check(&model, HEAD ",\"task\":\"image-classification\"}", &error), WI_INPUT_INVALID);
    assert_int_equal(
        check(&model, "{\"model_name\":\"m\",\"inputs\":[]}", &error), WI_INPUT_MISSING);
}

TEST(test_check_picture)
{
    /* A PNG header of 256 × 32. */
    static const char json[] =
        "{\"model_name\":\"m\",\"inputs\":{\"image\":\"iVBORw0KGgoAAAANSUhEUgAAAQAAAAAg\"}}";
    struct wi_error error;
    struct wi_infer infer;
    struct wi_model model = {.name = (char *)"m",
        .facts.signature = {.inputs = inputs,
            .input_count = 1,
            .outputs = outputs,
            .output_count = 1,
            .ir_version = 8,
            .opset = 17}};
    assert_int_equal(check(&model, json, &error), WI_INPUT_INVALID);
    model.facts.spec.takes_picture = 1;
    assert_int_equal(check(&model, json, &error), WI_OK);
    assert_int_equal(parse(&infer, json, "", 0, &error), WI_OK);
    assert_string_equal(infer.picture.media_type, "image/png");
    assert_string_equal(infer.asked->tensors.items[0].name, "image");
    assert_int_equal(infer.asked->tensors.items[0].dims[0], 24);
    assert_int_equal(
        wi_dialect_native.check(&infer, &model, &smaller, &error), WI_PICTURE_TOO_LARGE);
    wi_infer_clear(&infer);
    assert_int_equal(budget.used, 0);
}

TEST(test_check_echo)
{
    struct wi_error error;
    struct wi_model model = {.name = (char *)"builtin/echo", .builtin = WI_BUILTIN_ECHO};
    assert_int_equal(check(&model, HEAD "}", &error), WI_OK);
    assert_int_equal(check(&model, HEAD ",\"outputs\":[\"x\"]}", &error), WI_OK);
    assert_int_equal(check(&model, HEAD ",\"outputs\":[\"y\"]}", &error), WI_OUTPUT_UNKNOWN);
    assert_int_equal(
        check(&model, HEAD ",\"precision\":\"fp32\"}", &error), WI_PRECISION_UNSUPPORTED);
}

TEST(test_check_count)
{
    static const char start[] = "{\"model_name\":\"builtin/count\",\"inputs\":[]";
    struct wi_error error;
    struct wi_model model = {.name = (char *)"builtin/count", .builtin = WI_BUILTIN_COUNT};
    char text[256];
    snprintf(text, sizeof text, "%s,\"options\":{\"count\":3,\"bytes\":100}}", start);
    assert_int_equal(check(&model, text, &error), WI_OK);
    snprintf(text, sizeof text, "%s,\"options\":{\"count\":3,\"speed\":1}}", start);
    assert_int_equal(check(&model, text, &error), WI_UNKNOWN_FIELD);
    assert_string_equal(error.field, "options.speed");
    snprintf(text, sizeof text, "%s}", start);
    assert_int_equal(check(&model, text, &error), WI_MISSING_FIELD);
    assert_string_equal(error.field, "options.count");
    snprintf(text, sizeof text, "%s,\"options\":{\"count\":3},\"outputs\":[\"x\"]}", start);
    assert_int_equal(check(&model, text, &error), WI_OUTPUT_UNKNOWN);
    assert_int_equal(check(&model, HEAD ",\"options\":{\"count\":3}}", &error), WI_INPUT_UNKNOWN);
    assert_string_equal(error.field, "inputs");
}
