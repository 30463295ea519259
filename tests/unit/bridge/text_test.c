/* Text from outside becomes printable, and is cut between two characters. */
#include "../test.h"

#include "bridge/text.h"

static void becomes_printable(void **state)
{
    char out[8];
    wi_text_printable(out, sizeof out, "a\nb\x7f");
    assert_string_equal(out, "a b ");
    wi_text_printable(out, sizeof out, "123456\xc3\xa9");
    assert_string_equal(out, "123456"); /* never half a character */
    wi_text_printable(out, sizeof out, NULL);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becomes_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
