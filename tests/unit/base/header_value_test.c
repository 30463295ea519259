/* Values of HTTP headers: which are taken, and which are not. */
#include "../test.h"

#include "base/header_value.h"

TEST(test_media_type)
{
    assert_true(wi_media_type_is("application/json", "application/json"));
    assert_true(wi_media_type_is("Application/JSON; charset=utf-8", "application/json"));
    assert_true(wi_media_type_is("application/json ;x", "application/json"));
    assert_false(wi_media_type_is("application/jsonp", "application/json"));
    assert_false(wi_media_type_is("application/json/x", "application/json"));
    assert_false(wi_media_type_is("", "application/json"));
    assert_false(wi_media_type_is(NULL, "application/json"));
}

TEST(test_length)
{
    uint64_t length = 7;
    assert_int_equal(wi_parse_length("0", &length), 0);
    assert_int_equal(length, 0);
    assert_int_equal(wi_parse_length("18446744073709551609", &length), 0);
    static const char *const bad[] = {NULL, "", "-1", "+1", " 1", "1 ", "0x1", "1.0",
        "18446744073709551616", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(wi_parse_length(bad[i], &length), -1);
}
