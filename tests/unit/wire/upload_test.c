/* Files with query parameters and in forms, as the native dialect's binary bodies. */
#include "../test.h"

#include "wire/upload.h"
#include <stdlib.h>
#include <string.h>

static struct wi_upload upload;
static struct wi_error error;

static enum wi_code add(const char *name, const char *text)
{
    return wi_upload_add(&upload, name, text, strlen(text), &error);
}

/* A body whose bytes uploads borrow. */
static struct wi_blob *make_body(const char *text, struct wi_budget *budget)
{
    struct wi_blob *body = wi_blob_new(budget, strlen(text));
    assert_int_equal(wi_blob_append(body, text, strlen(text)), 0);
    return body;
}

static enum wi_code add_parts(const struct wi_blob *body)
{
    return wi_upload_add_parts(
        &upload, "multipart/form-data; boundary=B", body->bytes, body->size, &error);
}

/* Finishes the upload, whose body is freed: its JSON is `json`, and the file's bytes follow. */
static void assert_finished(struct wi_blob *body, const char *json, const char *file)
{
    size_t json_size;
    assert_int_equal(wi_upload_finish(&upload, body, &json_size, &error), WI_OK);
    assert_int_equal(json_size, strlen(json));
    assert_memory_equal(body->bytes, json, json_size);
    assert_int_equal(body->size - json_size, strlen(file));
    assert_memory_equal(body->bytes + json_size, file, strlen(file));
    wi_blob_unref(body);
    wi_upload_clear(&upload);
}

TEST(test_names)
{
    (void)state;
    assert_string_equal(wi_upload_file_name("image/png"), "image");
    assert_string_equal(wi_upload_file_name("IMAGE/JPEG; x=y"), "image");
    assert_string_equal(wi_upload_file_name("audio/x-wav"), "audio");
    assert_null(wi_upload_file_name("image/svg+xml"));
    assert_null(wi_upload_file_name("application/json"));
    assert_null(wi_upload_file_name(NULL));
}

TEST(test_parameters)
{
    struct wi_blob *body = make_body("PNG", NULL);
    (void)state;
    assert_int_equal(add("model_name", "123"), WI_OK);
    assert_int_equal(add("priority", "9"), WI_OK);
    assert_int_equal(add("options", "{\"top\": 2}"), WI_OK);
    assert_int_equal(add("labels", "a \"cat\""), WI_OK);
    assert_int_equal(add("labels", "[dog"), WI_OK);
    assert_int_equal(add("labels", ""), WI_OK);
    assert_int_equal(add("question", ""), WI_OK);
    assert_int_equal(wi_upload_add_file(&upload, "image", body->bytes, 3, &error), WI_OK);
    assert_finished(body,
        "{\"inputs\":{\"image\":{\"binary_data_size\":3},\"labels\":[\"a "
        "\\\"cat\\\"\",\"[dog\",\"\"],"
        "\"question\":\"\"},\"model_name\":\"123\",\"options\":{\"top\":2},\"priority\":9}",
        "PNG");
}

/* Only a list is read as one. */
TEST(test_one_label)
{
    struct wi_blob *body = make_body("PNG", NULL);
    (void)state;
    assert_int_equal(add("labels", "{\"a\":1}"), WI_OK);
    assert_int_equal(wi_upload_add_file(&upload, "image", body->bytes, 3, &error), WI_OK);
    assert_finished(body,
        "{\"inputs\":{\"image\":{\"binary_data_size\":3},\"labels\":[\"{\\\"a\\\":1}\"]}}", "PNG");
}

/* The parts' order, and what stands between them, are no matter. */
TEST(test_forms)
{
    static const char *const forms[] = {
        "--B\r\nContent-Disposition: form-data; name=labels\r\n\r\n[\"a\", \"b\"]\r\n--B\r\n"
        "Content-Disposition: form-data; name=audio; filename=a\r\n\r\nRIFF\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=audio\r\n\r\nRIFF\r\n--B\r\nX-Other: 1\r\n"
        "Content-Disposition: form-data; name=labels\r\n\r\n[\"a\",\"b\"]\r\n--B--\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct wi_blob *body = make_body(forms[i], NULL);
        assert_int_equal(add_parts(body), WI_OK);
        assert_finished(body,
            "{\"inputs\":{\"audio\":{\"binary_data_size\":4},\"labels\":[\"a\",\"b\"]}}", "RIFF");
    }
    struct wi_blob *none = make_body("--B\r\nno form", NULL);
    assert_int_equal(add_parts(none), WI_BAD_FRAMING);
    wi_blob_unref(none);
    wi_upload_clear(&upload);
}

static void assert_wrong(enum wi_code code, enum wi_code expected, const char *field)
{
    assert_int_equal(code, expected);
    assert_string_equal(error.field, field);
    wi_upload_clear(&upload);
}

TEST(test_wrong)
{
    (void)state;
    size_t size = 128 * 1024 + 1;
    char *long_text = calloc(1, size + 1);
    memset(long_text, 'x', size);
    assert_wrong(add("inputs", "{}"), WI_UNKNOWN_FIELD, "inputs");
    assert_non_null(strstr(error.allowed, "model_name, model_type, task, "));
    assert_non_null(strstr(error.allowed, ", options, relay, labels, question, "));
    assert_wrong(add("priority", "high"), WI_INVALID_FIELD, "priority");
    assert_string_equal(error.expected, "JSON");
    assert_wrong(add("model_name", "\xff"), WI_INVALID_FIELD, "model_name");
    assert_string_equal(error.expected, "text in UTF-8");
    assert_wrong(add("labels", "\xff"), WI_INVALID_FIELD, "labels");
    assert_wrong(add("prompt", long_text), WI_BAD_FRAMING, "prompt");
    assert_string_equal(error.expected, "at most 131072 bytes");
    assert_int_equal(add("task", "a"), WI_OK);
    assert_wrong(add("task", "b"), WI_INVALID_FIELD, "task");
    assert_wrong(wi_upload_add_file(&upload, "image", "", 0, &error), WI_INVALID_FIELD, "image");
    assert_int_equal(wi_upload_add_file(&upload, "image", "a", 1, &error), WI_OK);
    assert_wrong(wi_upload_add_file(&upload, "audio", "a", 1, &error), WI_INVALID_FIELD, "audio");
    free(long_text);
}

TEST(test_unfinished)
{
    struct wi_budget budget = {.limit = 10};
    struct wi_blob *body = make_body("abc", &budget);
    size_t json_size;
    (void)state;
    assert_int_equal(wi_upload_finish(&upload, NULL, &json_size, &error), WI_MISSING_FIELD);
    assert_string_equal(error.expected, "a part \"image\" or \"audio\"");
    assert_int_equal(wi_upload_add_file(&upload, "image", body->bytes, 3, &error), WI_OK);
    assert_int_equal(wi_upload_finish(&upload, body, &json_size, &error), WI_MEMORY_BUDGET);
    wi_blob_unref(body);
    wi_upload_clear(&upload);
}
