/* The error table: every code has a unique name, a fitting status and a title. */
#include "../test.h"

#include "base/error.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

TEST(every_code_is_complete)
{
    for (int code = 0; code < WI_CODE_COUNT; code++) {
        const char *name = wi_code_name(code);
        assert_non_null(name);
        assert_int_equal(wi_code_from_name(name), code);
        assert_true(strlen(wi_code_title(code)) > 0);
        assert_true(strlen(wi_code_help(code)) > 0);
        int status = wi_code_status(code);
        assert_true(code == WI_OK ? status == 200 : status >= 400 && status < 600);
    }
    assert_int_equal(wi_code_from_name("nonsense"), WI_INTERNAL);
    assert_string_equal(wi_code_name((enum wi_code)9999), "internal");
    assert_string_equal(wi_code_name(WI_CODE_COUNT), "internal");
}

TEST(who_comes_too_early_is_told_when_to_come_back)
{
    struct wi_error error;
    wi_error_set(&error, WI_QUEUE_FULL, NULL, "full");
    assert_int_equal(error.retry_after_s, 1);
    wi_error_retry_after(&error, 0); /* nothing better is known */
    assert_int_equal(error.retry_after_s, 1);
    wi_error_retry_after(&error, 60);
    assert_int_equal(error.retry_after_s, 60);
    wi_error_set(&error, WI_CONFLICT, NULL, "there is one");
    assert_int_equal(error.retry_after_s, 0);
}

TEST(an_error_may_quote_itself)
{
    struct wi_error error;
    wi_error_set(&error, WI_INTERNAL, "a", "inner");
    assert_int_equal(wi_error_expect(&error, "x"), WI_INTERNAL);
    assert_int_equal(wi_error_allow(&error, "y"), WI_INTERNAL);
    assert_int_equal(wi_error_expect(NULL, "x"), WI_INVALID_FIELD);
    assert_int_equal(wi_error_allow(NULL, "y"), WI_INVALID_FIELD);
    assert_int_equal(wi_error_set(&error, WI_UNAVAILABLE, error.field, "outer: %s", error.detail),
        WI_UNAVAILABLE);
    assert_string_equal(error.detail, "outer: inner");
    assert_string_equal(error.field, "a");
    assert_string_equal(error.expected, "");
    assert_string_equal(error.allowed, "");
    assert_int_equal(wi_error_set(NULL, WI_BAD_JSON, NULL, "nobody listens"), WI_BAD_JSON);
}

TEST(failures_are_grouped_and_bounded)
{
    struct wi_failures failures = {0};
    char long_reason[400] = "";
    memset(long_reason, 'x', sizeof long_reason - 1);
    for (int i = 0; i < 3; i++)
        wi_failures_add(&failures, "node-1", "it went away");
    wi_failures_add(&failures, "node-2", "it went away");
    wi_failures_add(&failures, "node-1", long_reason);
    wi_failures_add(&failures, "node-1", long_reason);
    assert_int_equal(failures.count, 3);
    assert_int_equal(failures.rows[0].times, 3);
    assert_string_equal(failures.rows[1].node, "node-2");
    assert_int_equal(failures.rows[2].times, 2);
    for (int i = 0; i < 10; i++)
        wi_failures_add(&failures, (const char *[]){"a", "b", "c", "d", "e"}[i % 5], "late");
    assert_int_equal(failures.count, WI_FAILURES_MAX);
    assert_string_equal(failures.rows[5].node, "");
    unsigned all = 0;
    for (unsigned i = 0; i < failures.count; i++)
        all += failures.rows[i].times;
    assert_int_equal(all, 16);
}

/* As JSON has to be able to say. */
static void expect_text(const char *text)
{
    json_t *value = json_string(text);
    if (!value)
        fail_msg("no UTF-8: %s", text);
    json_decref(value);
}

TEST(long_texts_end_where_a_character_ends)
{
    struct wi_failures failures = {0};
    struct wi_error error;
    char text[3 * 400 + 4] = "";
    for (int i = 0; i < 400; i++)
        strcat(text, "\xe3\x81\x82");
    for (int shift = 0; shift < 3; shift++) {
        const char *before = &"xx"[2 - shift];
        wi_error_set(&error, WI_INTERNAL, text, "%s%s", before, text);
        wi_error_expect(&error, "%s%s", before, text);
        wi_error_allow(&error, "%s%s", before, text);
        wi_failures_add(&failures, "node", error.detail);
        expect_text(error.detail);
        expect_text(error.field);
        expect_text(error.expected);
        expect_text(error.allowed);
        expect_text(failures.rows[shift].reason);
        assert_true(strlen(error.detail) > sizeof error.detail - 4);
        wi_error_set(&error, WI_INTERNAL, NULL, "output %.*s is odd", 30 + shift, text);
        expect_text(error.detail);
    }
}
