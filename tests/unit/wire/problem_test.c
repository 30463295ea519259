/* Problem documents: valid JSON whatever the texts hold, members only where they apply. */
#include "../test.h"

#include "wire/problem.h"
#include <jansson.h>
#include <string.h>

static json_t *document(const struct wi_error *error, const char *request_id)
{
    struct wi_buffer out = {0};
    wi_problem_write(&out, error, request_id);
    json_t *json = json_loadb(out.text, out.size, JSON_REJECT_DUPLICATES, NULL);
    wi_buffer_clear(&out);
    assert_non_null(json);
    return json;
}

static const char *text(const json_t *json, const char *name)
{
    return json_string_value(json_object_get(json, name));
}

TEST(test_all_members)
{
    struct wi_error error;
    wi_error_set(&error, WI_INPUT_SHAPE, "inputs[0].shape", "wrong: \"%s\"", "\x01\xff\n");
    wi_error_expect(&error, "[1, 3]");
    wi_error_allow(&error, "x, y");
    error.attempts = 3;
    wi_failures_add(&error.failures, "node-1", "it \"broke\"");
    wi_failures_add(&error.failures, "node-1", "it \"broke\"");
    wi_failures_add(&error.failures, "", "other failures");
    json_t *json = document(&error, "req-1");
    assert_string_equal(text(json, "type"), "urn:webinfer:error:input_shape");
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 422);
    assert_string_equal(text(json, "code"), "input_shape");
    assert_string_equal(text(json, "field"), "inputs[0].shape");
    assert_string_equal(text(json, "expected"), "[1, 3]");
    assert_string_equal(text(json, "allowed"), "x, y");
    assert_string_equal(text(json, "request_id"), "req-1");
    assert_int_equal(json_integer_value(json_object_get(json, "attempts")), 3);
    const json_t *failures = json_object_get(json, "failures");
    assert_int_equal(json_array_size(failures), 2);
    const json_t *failure = json_array_get(failures, 0);
    assert_string_equal(text(failure, "node"), "node-1");
    assert_string_equal(text(failure, "reason"), "it \"broke\"");
    assert_int_equal(json_integer_value(json_object_get(failure, "times")), 2);
    assert_true(json_is_null(json_object_get(json_array_get(failures, 1), "node")));
    json_decref(json);
}

TEST(test_errors_of_a_source)
{
    struct wi_error error;
    wi_error_set(&error, WI_KERNEL_INVALID, "source", "it is not WGSL");
    for (unsigned i = 1; i <= WI_SOURCE_ERRORS_MAX + 1; i++)
        wi_error_add_source(&error, i, 2 * i, "unknown \"x\"");
    json_t *json = document(&error, NULL), *errors = json_object_get(json, "errors");
    assert_int_equal(json_array_size(errors), WI_SOURCE_ERRORS_MAX);
    const json_t *last = json_array_get(errors, WI_SOURCE_ERRORS_MAX - 1);
    assert_int_equal(json_integer_value(json_object_get(last, "line")), WI_SOURCE_ERRORS_MAX);
    assert_int_equal(json_integer_value(json_object_get(last, "column")), 2 * WI_SOURCE_ERRORS_MAX);
    assert_string_equal(text(last, "message"), "unknown \"x\"");
    json_decref(json);
}

TEST(test_poison)
{
    struct wi_error error;
    wi_error_set(&error, WI_ATTEMPTS_EXHAUSTED, NULL, "it breaks all");
    json_t *json = document(&error, NULL);
    assert_null(json_object_get(json, "poisoned"));
    json_decref(json);
    error.poisoned = 1;
    json = document(&error, NULL);
    assert_true(json_is_true(json_object_get(json, "poisoned")));
    json_decref(json);
}

TEST(test_few_members)
{
    struct wi_error error;
    wi_error_set(&error, WI_NOT_FOUND, NULL, "nothing here");
    json_t *json = document(&error, NULL);
    assert_int_equal(json_object_size(json), 5);
    json_decref(json);
}

TEST(test_every_code)
{
    for (int code = 1; code < WI_CODE_COUNT; code++) {
        struct wi_error error;
        wi_error_set(&error, (enum wi_code)code, NULL, "why");
        json_t *json = document(&error, "r");
        int status = (int)json_integer_value(json_object_get(json, "status"));
        assert_true(status >= 400 && status < 600);
        assert_true(strlen(text(json, "title")) > 2);
        int may_come_back = status == 429 || status == 503 || code == WI_STORAGE_FAILED;
        assert_int_equal(error.retry_after_s > 0, may_come_back);
        json_decref(json);
    }
}
