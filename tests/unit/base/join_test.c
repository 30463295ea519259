/* Texts joined in arrays of fixed size. */
#include "../test.h"

#include "base/join.h"
#include <string.h>

static void joins_what_fits(void **state)
{
    char out[8];
    wi_join(out, sizeof out, "ab", "", "cd", NULL);
    assert_string_equal(out, "abcd");
    wi_join(out, sizeof out, "abcd", "efg", NULL);
    assert_string_equal(out, "abcdefg");
    wi_join(out, sizeof out, NULL);
    assert_string_equal(out, "");
}

static void cuts_what_does_not_fit(void **state)
{
    char out[8];
    memset(out, 'x', sizeof out);
    wi_join(out, 6, "abc", "defgh", "ijk", NULL);
    assert_memory_equal(out, "abcde\0xx", 8);
    wi_join(out, 1, "abc", NULL);
    assert_string_equal(out, "");
}

static void writes_digits(void **state)
{
    char digits[WI_DIGITS_SIZE];
    assert_string_equal(wi_digits(digits, 0), "0");
    assert_string_equal(wi_digits(digits, 1070), "1070");
    assert_string_equal(wi_digits(digits, UINT64_MAX), "18446744073709551615");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_what_fits),
        cmocka_unit_test(cuts_what_does_not_fit),
        cmocka_unit_test(writes_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
