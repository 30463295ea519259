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
