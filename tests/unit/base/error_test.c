/* The error table: every code has a unique name, a fitting status and a title. */
#include "../test.h"

#include "base/error.h"
#include <string.h>

static void every_code_is_complete(void **state)
{
    for (int code = 0; code < WI_CODE_COUNT; code++) {
        const char *name = wi_code_name(code);
        assert_non_null(name);
        assert_int_equal(wi_code_from_name(name), code);
        assert_true(strlen(wi_code_title(code)) > 0);
        int status = wi_code_status(code);
        assert_true(code == WI_OK ? status == 200 : status >= 400 && status < 600);
    }
    assert_int_equal(wi_code_from_name("nonsense"), WI_INTERNAL);
    assert_string_equal(wi_code_name((enum wi_code)9999), "internal");
}

static void an_error_may_quote_itself(void **state)
{
    struct wi_error error;
    wi_error_set(&error, WI_INTERNAL, "a", "inner");
    wi_error_expect(&error, "x");
    assert_int_equal(wi_error_set(&error, WI_UNAVAILABLE, error.field, "outer: %s", error.detail),
        WI_UNAVAILABLE);
    assert_string_equal(error.detail, "outer: inner");
    assert_string_equal(error.field, "a");
    assert_string_equal(error.expected, "");
    assert_int_equal(wi_error_set(NULL, WI_BAD_JSON, NULL, "nobody listens"), WI_BAD_JSON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_is_complete),
        cmocka_unit_test(an_error_may_quote_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
