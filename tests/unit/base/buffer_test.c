/* The text buffer, above all its JSON strings: whatever comes in, valid JSON comes out. */
#include "../test.h"

#include "base/json_rows.h"
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

/* --- rows ------------------------------------------------------------------------------------ */

enum shade { SHADE_NONE, SHADE_LIGHT, SHADE_DARK };
static const char *const shades[] = {"light", "dark"};
static const struct {
    const char *name;
    int weight;
} sizes[] = {{"small", 1}, {"large", 2}};

struct inner {
    const char *text;
    int flag;
};

struct outer {
    const char *text, *word;
    char chars[4];
    int64_t integer;
    double floor, ceiling, number;
    int yes, no;
    enum shade shade, size, list[2];
    size_t list_count;
    struct wi_strings strings;
    json_t *value;
    const struct inner *inner;
};

#define ROWS(...)                                                                                  \
    WI_JSON_ROW(outer, text, TEXT, ##__VA_ARGS__), WI_JSON_ROW(outer, word, WORD, ##__VA_ARGS__),  \
        WI_JSON_ROW_END
#define NUMBERS(...)                                                                               \
    WI_JSON_ROW(outer, chars, CHARS, ##__VA_ARGS__),                                               \
        WI_JSON_ROW(outer, integer, INTEGER, ##__VA_ARGS__),                                       \
        WI_JSON_ROW(outer, floor, FLOOR, ##__VA_ARGS__),                                           \
        WI_JSON_ROW(outer, ceiling, CEILING, ##__VA_ARGS__),                                       \
        WI_JSON_ROW(outer, number, NUMBER, ##__VA_ARGS__),                                         \
        WI_JSON_ROW_AS("is", outer, yes, TRUE, ##__VA_ARGS__),                                     \
        WI_JSON_ROW(outer, no, FALSE, ##__VA_ARGS__),                                              \
        WI_JSON_ROW(outer, list, ENUMS, .names = shades, .first = SHADE_LIGHT,                     \
            .count = offsetof(struct outer, list_count), ##__VA_ARGS__),                           \
        WI_JSON_ROW(outer, strings, STRINGS, ##__VA_ARGS__)

static const struct wi_json_row rows[] = {
    NUMBERS(),
    WI_JSON_ROW(outer, shade, ENUM, .names = shades, .first = SHADE_LIGHT),
    WI_JSON_ROW(
        outer, size, ENUM, .names = &sizes[0].name, .stride = sizeof *sizes, .first = SHADE_LIGHT),
    WI_JSON_ROW(outer, value, VALUE),
    WI_JSON_ROW_OF(outer, inner, inner, flag, TRUE),
    ROWS(),
};
static const struct wi_json_row always[] = {NUMBERS(.always = 1), WI_JSON_ROW_END};

static void check_rows(
    const struct wi_json_row *table, const struct outer *outer, const char *expected)
{
    struct wi_buffer buffer = {0};
    wi_buffer_puts(&buffer, "{");
    wi_json_rows_add(&buffer, table, outer);
    wi_buffer_puts(&buffer, "}");
    assert_string_equal(buffer.text, expected);
    wi_buffer_clear(&buffer);
}

TEST(what_a_row_is_for_is_printed)
{
    char *items[] = {(char *)"s\"", (char *)"t"};
    const struct inner inner = {.flag = 1};
    struct outer outer = {.text = "a\n",
        .word = "w",
        .chars = "chr",
        .integer = -5,
        .floor = 7.9,
        .ceiling = 7.1,
        .number = 0.123456789,
        .yes = 1,
        .no = 0,
        .shade = SHADE_DARK,
        .size = SHADE_LIGHT,
        .list = {SHADE_DARK, SHADE_LIGHT},
        .list_count = 2,
        .strings = {items, 2},
        .value = json_pack("[i]", 3),
        .inner = &inner};
    check_rows(rows, &outer,
        "{\"chars\":\"chr\",\"integer\":-5,\"floor\":7,\"ceiling\":8,\"number\":0.123457,"
        "\"is\":true,\"no\":false,\"list\":[\"dark\",\"light\"],\"strings\":[\"s\\\"\",\"t\"],"
        "\"shade\":\"dark\",\"size\":\"small\",\"value\":[3],\"flag\":true,\"text\":\"a\\u000a\","
        "\"word\":\"w\"}");
    json_decref(outer.value);
}

TEST(what_says_nothing_is_left_out_but_where_it_always_is_there)
{
    const struct inner inner = {0};
    const struct outer nothing = {.floor = -1, .no = 1, .inner = &inner};
    check_rows(rows, &nothing, "{}");
    check_rows(always, &nothing,
        "{\"chars\":\"\",\"integer\":0,\"floor\":0,\"ceiling\":0,\"number\":0,\"is\":false,"
        "\"no\":true,\"list\":[],\"strings\":[]}");
}

TEST(rows_follow_what_stands_before_them)
{
    struct wi_buffer buffer = {0};
    static const struct wi_json_row table[] = {ROWS()};
    wi_buffer_puts(&buffer, "{\"a\":{}");
    wi_json_rows_add(&buffer, table, &(struct outer){.text = "t", .word = "w"});
    wi_json_member_add(&buffer, "none", "");
    wi_json_member_add(&buffer, "none", NULL);
    wi_json_member_add(&buffer, "one", "\"");
    assert_string_equal(buffer.text, "{\"a\":{},\"text\":\"t\",\"word\":\"w\",\"one\":\"\\\"\"");
    wi_buffer_clear(&buffer);
}
