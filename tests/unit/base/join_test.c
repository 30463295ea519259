/* Texts joined in arrays of fixed size. */
#include "../test.h"

#include "base/join.h"
#include <string.h>

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

TEST(writes_digits)
{
    char digits[WI_DIGITS_SIZE];
    assert_string_equal(wi_digits(digits, 0), "0");
    assert_string_equal(wi_digits(digits, 1070), "1070");
    assert_string_equal(wi_digits(digits, UINT64_MAX), "18446744073709551615");
}
