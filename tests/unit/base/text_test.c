/* Text that was cut is whole characters again. */
#include "../test.h"

#include "base/text.h"
#include <string.h>

static void expect_mended(const char *text, const char *mended)
{
    char copy[32];
    strcpy(copy, text);
    assert_string_equal(wi_text_mend(copy), mended);
}

TEST(plain_text_has_no_characters_that_steer_a_terminal)
{
    static const char *const plain[] = {"", "a b~", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    static const char *const others[] = {"a\tb", "\x1b[2J", "\x7f", "\xc2\x9b", "\xe2\x80\xae",
        "a\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_true(wi_text_is_plain(plain[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(wi_text_is_plain(others[i]));
}

TEST(what_is_no_text_becomes_text)
{
    expect_mended("", "");
    expect_mended("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    expect_mended("a\xc3", "a");
    expect_mended("a\xe2\x82", "a");
    expect_mended("a\xf0\x9f\x98", "a");
    expect_mended("\xe2\x82 is", "?? is");
    expect_mended("\xff\x80z\xc0\x80", "??z??");
    expect_mended("\xed\xa0\x80", "???");
    expect_mended("\xf4\x90\x80\x80", "????");
}

TEST(a_copy_ends_with_a_character)
{
    char out[8];
    assert_string_equal(wi_text_copy(out, sizeof out, "123456\xc3\xa9"), "123456");
    assert_string_equal(wi_text_copy(out, sizeof out, "12345\xc3\xa9"), "12345\xc3\xa9");
    assert_string_equal(wi_text_copy(out, sizeof out, NULL), "");
}

TEST(joins_what_fits)
{
    char out[8];
    wi_join(out, sizeof out, "ab", "", "cd", NULL);
    assert_string_equal(out, "abcd");
    wi_join(out, sizeof out, "abcd", "efg", NULL);
    assert_string_equal(out, "abcdefg");
    wi_join(out, sizeof out, NULL);
    assert_string_equal(out, "");
}

TEST(cuts_what_does_not_fit)
{
    char out[8];
    memset(out, 'x', sizeof out);
    wi_join(out, 6, "abc", "defgh", "ijk", NULL);
    assert_memory_equal(out, "abcde\0xx", 8);
    wi_join(out, 1, "abc", NULL);
    assert_string_equal(out, "");
}

TEST(a_list_is_cut_between_two_items)
{
    char list[16] = "";
    wi_text_list_add(list, sizeof list, "one");
    assert_string_equal(list, "one");
    wi_text_list_add(list, sizeof list, "two");
    assert_string_equal(list, "one, two");
    wi_text_list_add(list, sizeof list, "three");
    assert_string_equal(list, "one, two, …");
    wi_text_list_add(list, sizeof list, "a");
    assert_string_equal(list, "one, two, …");
    list[0] = '\0';
    wi_text_list_add(list, sizeof list, "one of sixteen c");
    assert_string_equal(list, "…");
    list[0] = '\0';
    wi_text_list_add(list, sizeof list, "123456789a"); /* and room for the mark */
    assert_string_equal(list, "123456789a");
    wi_text_list_add(list, sizeof list, "b");
    assert_string_equal(list, "123456789a, …");
}

TEST(writes_digits)
{
    char digits[WI_DIGITS_SIZE];
    assert_string_equal(wi_digits(digits, 0), "0");
    assert_string_equal(wi_digits(digits, 1070), "1070");
    assert_string_equal(wi_digits(digits, UINT64_MAX), "18446744073709551615");
}

/* RFC 4648, section 10, without padding; then what Node.js's Buffer writes. */
TEST(base64url_is_written_and_read)
{
    static const struct {
        const char *bytes, *text;
    } rows[] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"},
        {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff", "-_8"}, {"\xfb\xff\xbf", "-_-_"},
        {"\xff\xff\xff\xff\xff", "______8"}, {"\x14\xfb\x9c\x03\xd9\x7e", "FPucA9l-"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t count = strlen(rows[i].bytes);
        unsigned char bytes[8];
        char text[16];
        wi_text_base64url(rows[i].bytes, count, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(strlen(text), WI_BASE64URL_SIZE(count) - 1);
        assert_int_equal(wi_text_from_base64url(text, bytes, count), 0);
        assert_memory_equal(bytes, rows[i].bytes, count);
    }
}

TEST(bytes_have_one_form_in_base64url)
{
    static const char *const bad[] = {"", "Z", "Zg", "Zm9v", "Zm8=", "Zm8 ", " Zm8", "Zm\xc3",
        "Zm/", "Zm+", "Zm9", "Zm-"}; /* of the last two the last digit has bits of nothing */
    unsigned char bytes[2];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(wi_text_from_base64url(bad[i], bytes, sizeof bytes), -1);
}

TEST(digits_of_base64url_are_counted)
{
    assert_int_equal(wi_text_base64url_span(""), 0);
    assert_int_equal(wi_text_base64url_span("=Zg"), 0);
    assert_int_equal(wi_text_base64url_span("-_AZaz09+"), 8);
    assert_int_equal(wi_text_base64url_span("Zm8&nodes=1"), 3);
}

TEST(becomes_printable)
{
    char out[8];
    wi_text_printable(out, sizeof out, "a\nb\x7f");
    assert_string_equal(out, "a b ");
    wi_text_printable(out, sizeof out, "123456\xc3\xa9");
    assert_string_equal(out, "123456"); /* never half a character */
    wi_text_printable(out, sizeof out, NULL);
    assert_string_equal(out, "");
}

TEST(nothing_equals_nothing_alone)
{
    char copy[] = "abc";
    assert_true(wi_text_equal("abc", copy));
    assert_true(wi_text_equal(NULL, NULL));
    assert_false(wi_text_equal("abc", "abd"));
    assert_false(wi_text_equal("", NULL));
    assert_false(wi_text_equal(NULL, ""));
}

TEST(ends_as_it_ends)
{
    assert_true(wi_text_ends("a/model.ONNX", ".onnx"));
    assert_true(wi_text_ends(".onnx", ".onnx"));
    assert_true(wi_text_ends("", ""));
    assert_false(wi_text_ends("onnx", ".onnx"));
    assert_false(wi_text_ends("model.onnx_data", ".onnx"));
    assert_string_equal(wi_text_basename("a/b/c.d"), "c.d");
    assert_string_equal(wi_text_basename("c.d"), "c.d");
    assert_string_equal(wi_text_basename("a/"), "");
}

struct row {
    const char *name;
    int number;
};

TEST(rows_lie_and_are_found_by_their_names)
{
    struct row rows[] = {{"b", 1}, {"", 2}, {"a/x", 3}, {"a-b", 4}, {"a", 5}};
    wi_names_sort(rows, 5, sizeof *rows);
    const int order[] = {2, 5, 4, 3, 1};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(rows[i].number, order[i]);
        assert_int_equal(wi_names_find(rows, 5, sizeof *rows, rows[i].name), i);
    }
    assert_int_equal(wi_names_find(rows, 5, sizeof *rows, "a/"), -1);
    assert_int_equal(wi_names_find(rows, 5, sizeof *rows, "c"), -1);
    wi_names_sort(NULL, 0, sizeof *rows);
    assert_int_equal(wi_names_find(NULL, 0, sizeof *rows, "a"), -1);
}
