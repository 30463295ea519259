/* KServe's bodies: what is read of them, what models take and give, answers, and errors. */
#include "../../test.h"

#include "base/memory.h"
#include "wire/kserve/kserve.h"
#include <stdlib.h>

static const struct wi_config_models limits = {.max_picture_pixels = 1000, .slots = 4};
static struct wi_budget budget = {.limit = 1 << 20};
static struct wi_model echo = {.name = (char *)"builtin/echo", .builtin = WI_BUILTIN_ECHO};
static struct wi_model counter = {.name = (char *)"builtin/count", .builtin = WI_BUILTIN_COUNT};
static struct wi_model reader = {.name = (char *)"reader",
    .version = 3,
    .engine = WI_ENGINE_PIPELINE,
    .format = WI_FORMAT_HUGGINGFACE,
    .facts.tasks = {2, {WI_TASK_CHAT, WI_TASK_EMBED}}};
static struct wi_model seer = {.name = (char *)"seer",
    .engine = WI_ENGINE_PIPELINE,
    .format = WI_FORMAT_HUGGINGFACE,
    .facts.tasks = {1, {WI_TASK_IMAGE_CLASSIFICATION}}};
static struct wi_onnx_value values[] = {{.name = (char *)"x",
                                            .tensor = 1,
                                            .has_datatype = 1,
                                            .datatype = WI_FP32,
                                            .has_shape = 1,
                                            .rank = 2,
                                            .dims = {-1, 3}},
    {.name = (char *)"odd", .tensor = 0},
    {.name = (char *)"any", .tensor = 1, .has_datatype = 1, .datatype = WI_INT8}};
static struct wi_model graph = {.name = (char *)"graph",
    .facts.spec.takes_picture = 1,
    .facts.signature = {.inputs = values, .input_count = 1, .outputs = values, .output_count = 3}};

/* `json` with `binary` behind it. */
static enum wi_code read_as(const struct wi_dialect *dialect, struct wi_infer *infer,
    const char *json, const void *binary, size_t size, struct wi_error *error)
{
    struct wi_blob *blob = wi_blob_new(&budget, strlen(json) + size);
    *error = (struct wi_error){0};
    assert_int_equal(wi_blob_append(blob, json, strlen(json)), 0);
    assert_int_equal(wi_blob_append(blob, binary, size), 0);
    enum wi_code code = wi_dialect_parse(dialect, infer, blob, strlen(json), &budget, error);
    wi_blob_unref(blob);
    return code;
}

static void refused(const char *json, enum wi_code code, const char *field, const char *expected)
{
    struct wi_infer infer = {0};
    struct wi_error error;
    if (read_as(&wi_dialect_kserve, &infer, json, "", 0, &error) != code ||
        strcmp(error.field, field) != 0 || strcmp(error.expected, expected) != 0)
        fail_msg("%s: %s %s %s", json, wi_code_name(error.code), error.field, error.expected);
    wi_infer_clear(&infer);
    assert_int_equal(budget.used, 0);
}

static enum wi_code fit(
    const struct wi_dialect *dialect, struct wi_infer *infer, const struct wi_model *model)
{
    struct wi_error error = {0};
    enum wi_code code = dialect->fit(infer, model, &error);
    return code == WI_OK ? dialect->check(infer, model, &limits, &error) : code;
}

#define TENSOR "{\"name\":\"x\",\"datatype\":\"INT32\",\"shape\":[1],\"data\":[7]}"
#define BODY(parameters) "{\"inputs\":[" TENSOR "],\"parameters\":{" parameters "}}"

TEST(parameters_say_what_they_say_elsewhere)
{
    struct wi_infer infer = {.version = wi_strdup("1")};
    struct wi_error error;
    assert_int_equal(read_as(&wi_dialect_kserve, &infer,
                         BODY("\"priority\":1,\"timeout\":1500,\"platform\":\"wasm\",\"browser\":"
                              "\"chrome\",\"node\":\"n\",\"fallback\":false,\"precision\":\"fp32\","
                              "\"task\":\"embed\",\"top\":2,\"none\":null"),
                         "", 0, &error),
        WI_OK);
    const struct wi_inference *asked = infer.asked;
    assert_int_equal(asked->priority, 9);
    assert_true(infer.has_timeout && asked->timeout_ms == 1.5);
    assert_true(asked->has_platform && asked->platform == WI_WASM && !asked->fallback);
    assert_string_equal(asked->browser, "chrome");
    assert_string_equal(asked->node, "n");
    assert_string_equal(asked->precision, "fp32");
    assert_int_equal(asked->task, WI_TASK_EMBED);
    assert_int_equal(json_object_size(asked->options), 1);
    assert_int_equal(json_integer_value(json_object_get(asked->options, "top")), 2);
    wi_infer_clear(&infer);

    static const struct {
        const char *body;
        int priority;
    } rows[] = {{BODY("\"priority\":0"), 5}, {BODY("\"priority\":5"), 5},
        {BODY("\"priority\":9"), 1}, {BODY("\"priority\":10"), 0},
        {BODY("\"priority\":4294967296"), 0}, {BODY(""), 5}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_as(&wi_dialect_kserve, &infer, rows[i].body, "", 0, &error), WI_OK);
        assert_int_equal(infer.asked->priority, rows[i].priority);
        assert_true(!infer.has_timeout && infer.asked->fallback && !infer.asked->options);
        wi_infer_clear(&infer);
    }
}

TEST(what_is_wrong_is_named)
{
    refused("{}", WI_MISSING_FIELD, "inputs", "a list");
    refused("{\"inputs\":{}}", WI_INVALID_FIELD, "inputs", "a list");
    refused("{\"inputs\":[],\"colour\":1}", WI_UNKNOWN_FIELD, "colour", "");
    refused(
        BODY("\"sequence_id\":1"), WI_INVALID_FIELD, "parameters.sequence_id", "no such parameter");
    refused(BODY("\"sequence_start\":true"), WI_INVALID_FIELD, "parameters.sequence_start",
        "no such parameter");
    refused(BODY("\"sequence_end\":false"), WI_INVALID_FIELD, "parameters.sequence_end",
        "no such parameter");
    refused(
        BODY("\"timeout\":3600000001"), WI_INVALID_FIELD, "parameters.timeout", "0 to 3600000000");
    refused(
        BODY("\"priority\":-1"), WI_INVALID_FIELD, "parameters.priority", "0 to 9007199254740991");
    refused(BODY("\"binary_data_output\":1"), WI_INVALID_FIELD, "parameters.binary_data_output",
        "true or false");
    refused(BODY("\"task\":\"guess\""), WI_INVALID_FIELD, "task", "");
    refused("{\"inputs\":[" TENSOR "],\"outputs\":[{\"name\":7}]}", WI_INVALID_FIELD,
        "outputs[0].name", "a string");
    refused("{\"inputs\":[{\"name\":\"b\",\"datatype\":\"BYTES\",\"shape\":[1],\"parameters\":{"
            "\"binary_data_size\":4}}]}",
        WI_BAD_FRAMING, "inputs[0].parameters.binary_data_size", "");
}

TEST(a_lenient_reader_passes_over_what_is_unknown)
{
    struct wi_infer infer = {.lenient = 1};
    struct wi_error error;
    assert_int_equal(read_as(&wi_dialect_kserve, &infer,
                         "{\"inputs\":[" TENSOR "],\"colour\":1,\"nothing\":null}", "", 0, &error),
        WI_OK);
    assert_int_equal(infer.ignored.count, 1);
    assert_string_equal(infer.ignored.items[0], "colour");
    wi_infer_clear(&infer);
}

TEST(only_the_current_version_is_served)
{
    struct wi_error error;
    assert_int_equal(wi_kserve_check_version(&reader, NULL, &error), WI_OK);
    assert_int_equal(wi_kserve_check_version(&reader, "3", &error), WI_OK);
    assert_int_equal(wi_kserve_check_version(&echo, "1", &error), WI_OK);
    static const char *const others[] = {"", "0", "03", "3 ", "4", "latest"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(wi_kserve_check_version(&reader, others[i], &error), WI_MODEL_NOT_FOUND);
        assert_string_equal(error.expected, "3");
        assert_non_null(strstr(error.detail, "current one is 3"));
    }
}

/* --- models ---------------------------------------------------------------------------------- */

/* Takes the list. */
static void expect(json_t *list, const char *expected)
{
    char *text = json_dumps(list, JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(list);
}

#define VALUE(name, type, shape)                                                                   \
    "{\"name\":\"" name "\",\"datatype\":\"" type "\",\"shape\":" shape "}"

TEST(a_model_says_what_it_takes_and_gives)
{
    expect(wi_kserve_inputs(&graph), "[" VALUE("x", "FP32", "[-1,3]") "]");
    expect(wi_kserve_outputs(&graph),
        "[" VALUE("x", "FP32", "[-1,3]") "," VALUE("any", "INT8", "[-1]") "]");
    expect(wi_kserve_inputs(&reader), "[" VALUE("text", "BYTES", "[-1]") "]");
    expect(wi_kserve_outputs(&reader),
        "[" VALUE("embeddings", "FP32", "[-1,-1]") "," VALUE("result", "BYTES", "[1]") "]");
    expect(wi_kserve_inputs(&seer), "[" VALUE("image", "BYTES", "[1]") "]");
    expect(wi_kserve_inputs(&echo), "[]");
    expect(wi_kserve_outputs(&echo), "[]");
    expect(wi_kserve_outputs(&counter), "[" VALUE("result", "BYTES", "[1]") "]");
    assert_string_equal(wi_kserve_platform(&graph), "onnxruntime_onnx");
    assert_string_equal(wi_kserve_platform(&reader), "transformersjs_onnx");
    assert_string_equal(wi_kserve_platform(&echo), "webinfer_builtin");
}

#define BYTES(name, shape, data)                                                                   \
    "{\"inputs\":[{\"name\":\"" name "\",\"datatype\":\"BYTES\",\"shape\":" shape                  \
    ",\"data\":" data "}]}"

TEST(the_model_decides_what_bytes_are)
{
    struct wi_infer infer = {0};
    struct wi_error error;
    const char *body = BYTES("text", "[2]", "[\"a\",\"b\"]");
    assert_int_equal(read_as(&wi_dialect_kserve, &infer, body, "", 0, &error), WI_OK);
    assert_int_equal(fit(&wi_dialect_kserve, &infer, &echo), WI_OK);
    assert_int_equal(infer.asked->tensors.count, 1);
    assert_int_equal(infer.form, WI_FORM_NONE);
    wi_infer_clear(&infer);

    assert_int_equal(read_as(&wi_dialect_kserve, &infer, body, "", 0, &error), WI_OK);
    assert_int_equal(fit(&wi_dialect_kserve, &infer, &reader), WI_OK);
    assert_int_equal(infer.asked->tensors.count, 0);
    assert_int_equal(infer.form, WI_FORM_LIST);
    assert_string_equal(json_string_value(json_array_get(infer.asked->input, 1)), "b");
    wi_infer_clear(&infer);

    assert_int_equal(read_as(&wi_dialect_kserve, &infer, body, "", 0, &error), WI_OK);
    assert_int_equal(fit(&wi_dialect_kserve, &infer, &seer), WI_INPUT_INVALID);
    wi_infer_clear(&infer);
    assert_int_equal(budget.used, 0);
}

/* A 16 by 16 PNG, as far as it is looked at. */
static const unsigned char png[] = "\211PNG\r\n\032\n\0\0\0\rIHDR\0\0\0\020\0\0\0\020\010\2\0\0\0";

TEST(a_file_in_binary_is_not_copied_and_one_in_json_is_base64)
{
    struct wi_infer infer = {0};
    struct wi_error error;
    unsigned char bytes[4 + sizeof png] = {sizeof png};
    struct wi_model tensors = graph; /* whose outputs can all be sent */
    tensors.facts.signature.output_count = 1;
    char head[256];
    memcpy(bytes + 4, png, sizeof png);
    snprintf(head, sizeof head,
        "{\"inputs\":[{\"name\":\"image\",\"datatype\":\"BYTES\",\"shape\":[1],\"parameters\":{"
        "\"binary_data_size\":%zu}}]}",
        sizeof bytes);
    assert_int_equal(read_as(&wi_dialect_kserve, &infer, head, bytes, sizeof bytes, &error), WI_OK);
    const struct wi_blob *body = infer.asked->tensors.items[0].blob;
    assert_int_equal(infer.beside, 0);
    assert_int_equal(fit(&wi_dialect_kserve, &infer, &seer), WI_OK);
    const struct wi_tensor *image = &infer.asked->tensors.items[0];
    assert_ptr_equal(image->blob, body);
    assert_int_equal(image->offset, strlen(head) + 4);
    assert_int_equal(image->size, sizeof png);
    wi_infer_clear(&infer);

    assert_int_equal(
        read_as(&wi_dialect_kserve, &infer,
            BYTES("image", "[1]", "[\"iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAAA=\"]"), "", 0, &error),
        WI_OK);
    assert_int_equal(infer.beside, 29);
    assert_int_equal(fit(&wi_dialect_kserve, &infer, &tensors), WI_OK);
    assert_int_equal(infer.form, WI_FORM_PICTURE);
    assert_int_equal(infer.picture.width, 16);
    wi_infer_clear(&infer);
    assert_int_equal(budget.used, 0);
}

static void unfit(const char *body, enum wi_code code, const char *expected)
{
    struct wi_infer infer = {0};
    struct wi_error error = {0};
    assert_int_equal(read_as(&wi_dialect_kserve, &infer, body, "", 0, &error), WI_OK);
    if (wi_kserve_fit(&infer, &reader, &error) != code || strcmp(error.expected, expected) != 0)
        fail_msg("%s: %s %s", body, wi_code_name(error.code), error.expected);
    wi_infer_clear(&infer);
}

/* One text of 4 letters, which is no UTF-8: for the member that is a list, and for one that is one.
 */
TEST(a_text_that_is_not_utf_8_is_refused)
{
    static const char *const names[] = {"text", "query"};
    for (size_t i = 0; i < 2; i++) {
        struct wi_infer infer = {0};
        struct wi_error error = {0};
        char head[256];
        snprintf(head, sizeof head,
            "{\"inputs\":[{\"name\":\"%s\",\"datatype\":\"BYTES\",\"shape\":[1],\"parameters\":{"
            "\"binary_data_size\":8}}]}",
            names[i]);
        assert_int_equal(
            read_as(&wi_dialect_kserve, &infer, head, "\4\0\0\0ab\377d", 8, &error), WI_OK);
        assert_int_equal(wi_kserve_fit(&infer, &reader, &error), WI_INPUT_INVALID);
        assert_non_null(strstr(error.detail, "has an element that is not UTF-8"));
        wi_infer_clear(&infer);
    }
    assert_int_equal(budget.used, 0);
}

TEST(what_no_task_takes_is_refused_with_what_is)
{
    unfit("{\"inputs\":[]}", WI_INPUT_MISSING, "text BYTES [-1]");
    unfit("{\"inputs\":[" TENSOR "]}", WI_INPUT_UNKNOWN, "text BYTES [-1]");
    unfit("{\"inputs\":[{\"name\":\"text\",\"datatype\":\"INT8\",\"shape\":[1],\"data\":[1]}]}",
        WI_INPUT_DATATYPE, "text BYTES [-1]");
    unfit(BYTES("query", "[2]", "[\"a\",\"b\"]"), WI_INPUT_SHAPE, "[1]");
    unfit(BYTES("query", "[0]", "[]"), WI_INPUT_SHAPE, "[1]");
    unfit("{\"inputs\":[{\"name\":\"query\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"a\"]},"
          "{\"name\":\"query\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"b\"]}]}",
        WI_INPUT_UNKNOWN, "");
}

/* --- answers --------------------------------------------------------------------------------- */

static struct wi_printing *answer(struct wi_infer *infer, const struct wi_dialect *dialect,
    struct wi_model *model, const char *result)
{
    struct wi_tensors outputs = {0};
    struct wi_error error;
    json_t *said = json_loads(result, 0, NULL);
    const struct wi_outcome outcome = {.id = "job-1",
        .model_name = model->name,
        .node = "n",
        .numerics = "ok",
        .result = said,
        .outputs = &outputs,
        .attempts = 1,
        .model_version = model->version};
    infer->asked->model = model;
    struct wi_printing *printing = dialect->print(infer, &outcome, &error);
    infer->asked->model = NULL;
    assert_non_null(printing);
    wi_printing_run(printing);
    json_decref(said);
    return printing;
}

TEST(the_result_of_a_task_is_an_output)
{
    static const struct {
        const char *more, *expected;
        int binary;
    } rows[] = {
        {"",
            "\"outputs\":[{\"name\":\"result\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":["
            "\"{\\\"a\\\":\\\"\xc3\xa4\\\"}\"]}]",
            0},
        {",\"parameters\":{\"binary_data_output\":true}",
            "\"outputs\":[{\"name\":\"result\",\"datatype\":\"BYTES\",\"shape\":[1],\"parameters\":"
            "{\"binary_data_size\":14}}]",
            1},
        {",\"outputs\":[{\"name\":\"result\",\"parameters\":{\"binary_data\":true}}]",
            "\"parameters\":{\"binary_data_size\":14}", 1},
        {",\"outputs\":[\"embeddings\"]", "\"outputs\":[]", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_infer infer = {0};
        struct wi_error error;
        char body[512];
        snprintf(body, sizeof body,
            "{\"id\":\"mine\",\"inputs\":[{\"name\":\"text\",\"datatype\":\"BYTES\",\"shape\":[1],"
            "\"data\":[\"a\"]}]%s}",
            rows[i].more);
        assert_int_equal(read_as(&wi_dialect_kserve, &infer, body, "", 0, &error), WI_OK);
        assert_int_equal(fit(&wi_dialect_kserve, &infer, &reader), WI_OK);
        struct wi_printing *printing =
            answer(&infer, &wi_dialect_kserve, &reader, "{\"a\":\"\xc3\xa4\"}");
        assert_non_null(strstr(printing->text.text,
            "{\"model_name\":\"reader\",\"model_version\":\"3\",\"id\":\"mine\""));
        assert_non_null(strstr(printing->text.text, "\"executed_on\":\"{\\\"node\\\":\\\"n\\\""));
        if (!strstr(printing->text.text, rows[i].expected))
            fail_msg("%s", printing->text.text);
        assert_int_equal(wi_printing_has_binary(printing), rows[i].binary);
        const struct wi_slice *slices = printing->slices;
        assert_int_equal(printing->slice_count, 1 + rows[i].binary);
        if (rows[i].binary)
            assert_memory_equal(slices[1].bytes, "\12\0\0\0{\"a\":\"\xc3\xa4\"}", 14);
        wi_printing_free(printing);
        wi_infer_clear(&infer);
    }
}

TEST(text_comes_whole_and_in_parts)
{
    struct wi_infer infer = {0};
    struct wi_error error;
    const char *body = "{\"text_input\":\"a\",\"parameters\":{\"max_tokens\":3,\"best_of\":1}}";
    assert_int_equal(read_as(&wi_dialect_kserve_generate, &infer, body, "", 0, &error), WI_OK);
    assert_true(infer.asked->task == WI_TASK_COMPLETE && infer.or_rewrites);
    assert_int_equal(json_object_size(infer.asked->options), 1);
    struct wi_printing *whole =
        answer(&infer, &wi_dialect_kserve_generate, &reader, "{\"text\":\"b\"}");
    assert_string_equal(whole->text.text,
        "{\"model_name\":\"reader\",\"model_version\":\"3\",\"text_output\":\"b\"}\n");
    wi_printing_free(whole);

    struct wi_buffer out = {0};
    const struct wi_stream_face face = {&infer, "job-1", "reader"};
    const struct wi_part part = {.text = "\xff", .text_length = 1}, nothing = {0};
    infer.asked->model = &reader;
    wi_dialect_kserve_stream.stream_part(&out, &face, &part);
    wi_dialect_kserve_stream.stream_part(&out, &face, &nothing);
    wi_error_set(&error, WI_UNAVAILABLE, "task", "gone");
    wi_dialect_kserve_stream.stream_error(&out, &face, &error, "req-1");
    infer.asked->model = NULL;
    assert_string_equal(out.text,
        "data: {\"model_name\":\"reader\",\"model_version\":\"3\",\"text_output\":\"\xef\xbf\xbd\","
        "\"done\":false}\n\n"
        "data: {\"error\":\"gone\",\"code\":\"unavailable\",\"field\":\"parameters.task\","
        "\"request_id\":\"req-1\"}\n\n");
    wi_buffer_clear(&out);
    wi_infer_clear(&infer);

    static const char *const bad[] = {"{\"text_input\":\"a\",\"parameters\":{\"n\":2}}",
        "{\"text_input\":\"a\",\"parameters\":{\"stream\":false}}",
        "{\"text_input\":\"a\",\"parameters\":{\"task\":\"embed\"}}", "{\"text_input\":[]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(
            read_as(&wi_dialect_kserve_stream, &infer, bad[i], "", 0, &error), WI_INVALID_FIELD);
        wi_infer_clear(&infer);
    }
}

TEST(errors_call_fields_as_they_are_called_there)
{
    static const struct {
        enum wi_code code;
        const char *ours, *theirs;
    } rows[] = {{WI_PRECISION_UNSUPPORTED, "precision", "parameters.precision"},
        {WI_UNKNOWN_FIELD, "options.top", "parameters.top"},
        {WI_UNKNOWN_FIELD, "precision", "precision"},
        {WI_DEADLINE_EXCEEDED, "timeout_ms", "parameters.timeout"},
        {WI_INPUT_INVALID, "inputs", "inputs"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_buffer out = {0};
        struct wi_error error;
        char expected[200];
        wi_error_set(&error, rows[i].code, rows[i].ours, "it is \"so\"");
        wi_dialect_kserve.print_error(&wi_dialect_kserve, &out, &error, NULL);
        snprintf(expected, sizeof expected,
            "{\"error\":\"it is \\\"so\\\"\",\"code\":\"%s\",\"field\":\"%s\"}\n",
            wi_code_name(rows[i].code), rows[i].theirs);
        assert_string_equal(out.text, expected);
        wi_buffer_clear(&out);
    }
}

TEST(a_body_is_binary_by_its_header_alone)
{
    struct wi_error error;
    size_t size;
    const struct wi_dialect *dialect = &wi_dialect_kserve;
    assert_int_equal(dialect->frame("application/octet-stream", NULL, 9, &size, &error), WI_OK);
    assert_int_equal(size, 9);
    assert_int_equal(dialect->frame("application/json", "4", 9, &size, &error), WI_OK);
    assert_int_equal(size, 4);
    assert_int_equal(dialect->frame(NULL, "10", 9, &size, &error), WI_BAD_FRAMING);
}
