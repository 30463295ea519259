/* The text buffer, above all its JSON strings: whatever comes in, valid JSON comes out. */
#include "../test.h"

#include "base/buffer.h"
#include <stdlib.h>
#include <string.h>

TEST(prints_beyond_its_first_size)
{
    struct wi_buffer buffer = {0};
    char long_text[1000];
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    wi_buffer_puts(&buffer, "a");
    wi_buffer_printf(&buffer, "%s%d", long_text, 7);
    assert_int_equal(buffer.size, 1 + 999 + 1);
    assert_string_equal(buffer.text + 1000, "7");
    char *taken = wi_buffer_take(&buffer);
    assert_int_equal(strlen(taken), 1001);
    assert_null(buffer.text);
    free(taken);
}

TEST(json_strings_are_always_valid)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", "\"\""}, {"plain", "\"plain\""}, {"a\"b\\c\n\x01", "\"a\\\"b\\\\c\\u000a\\u0001\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xff", "\"\\ufffd\""}, {"\xc3", "\"\\ufffd\""},         /* cut off */
        {"\xc0\x80", "\"\\ufffd\\ufffd\""},                       /* overlong */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},            /* a surrogate */
        {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* beyond U+10FFFF */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wi_buffer buffer = {0};
        wi_buffer_json_string(&buffer, cases[i].in);
        assert_string_equal(buffer.text, cases[i].out);
        json_t *json = json_loads(buffer.text, JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        json_decref(json);
        wi_buffer_clear(&buffer);
    }
}

TEST(adds_json_values)
{
    struct wi_buffer buffer = {0};
    json_t *json = json_pack("{s:[i,f]}", "a", 1, 2.5);
    wi_buffer_json(&buffer, json);
    assert_string_equal(buffer.text, "{\"a\":[1,2.5]}");
    json_decref(json);
    wi_buffer_clear(&buffer);
}

TEST(adds_numbers_and_strings)
{
    struct wi_buffer buffer = {0};
    wi_buffer_strings(&buffer, "a", "", "b=", NULL);
    wi_buffer_integer(&buffer, 0);
    wi_buffer_puts(&buffer, " ");
    wi_buffer_integer(&buffer, INT64_MIN);
    wi_buffer_puts(&buffer, " ");
    wi_buffer_integer(&buffer, INT64_MAX);
    assert_string_equal(buffer.text, "ab=0 -9223372036854775808 9223372036854775807");
    wi_buffer_clear(&buffer);
}

TEST(prints_decimals)
{
    struct wi_buffer buffer = {0};
    wi_buffer_decimal(&buffer, 3.14159, 2);
    wi_buffer_puts(&buffer, " ");
    wi_buffer_decimal(&buffer, 0.995001, 2);
    wi_buffer_puts(&buffer, " ");
    wi_buffer_decimal(&buffer, 0.00049, 3);
    assert_string_equal(buffer.text, "3.14 1.00 0.000");
    wi_buffer_clear(&buffer);
}

TEST(prints_milliseconds)
{
    static const struct {
        double ms;
        const char *text;
    } cases[] = {{0, "0.000"}, {0.0004, "0.000"}, {0.0006, "0.001"}, {1.5, "1.500"},
        {59999.9996, "60000.000"}, {123456789.012, "123456789.012"}, {-1, "0.000"},
        {0.0 / 0.0, "0.000"}, {1e300, "0.000"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wi_buffer buffer = {0};
        wi_buffer_ms(&buffer, cases[i].ms);
        assert_string_equal(buffer.text, cases[i].text);
        wi_buffer_clear(&buffer);
    }
}
