/* Text from outside becomes printable, and is cut between two characters. */
#include "../test.h"

#include "bridge/text.h"

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
