/* What others say steers no terminal. */
#include "../test.h"

#include "cli/plain.h"
#include <string.h>

TEST(has_no_control_characters)
{
    static const struct {
        const char *text, *kept, *plain;
    } rows[] = {
        {"plain \xc3\xa9 \xe2\x80\xa6", "", "plain \xc3\xa9 \xe2\x80\xa6"},
        {"a\x1b[2Jb\x7f", "", "a?[2Jb?"},
        {"a\xc2\x9b"
         "2Jb\xc2\x80",
            "", "a?2Jb?"},
        {"a\xe2\x80\xae"
         "b\xe2\x81\xa6",
            "", "a?b?"},
        {"a\xc2\xa0", "", "a\xc2\xa0"},
        {"a\xc2", "", "a\xc2"},
        {"a\n\tb\r", "", "a??b?"},
        {"a\n\tb\r", "\n\t", "a\n\tb?"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wi_buffer out = {0};
        wi_plain(&out, rows[i].text, strlen(rows[i].text), rows[i].kept);
        assert_string_equal(out.text, rows[i].plain);
        wi_buffer_clear(&out);
    }
    struct wi_buffer nul = {0};
    wi_plain(&nul, "a\0b", 3, "\n");
    assert_string_equal(nul.text, "a?b");
    wi_buffer_clear(&nul);
}

TEST(knows_words_of_a_shell)
{
    static const char *const bad[] = {"", "a b", "a;b", "$a", "`a`", "a\x1b[2J", "a\nb", "~", "é"};
    assert_true(wi_plain_is_word("own/er:Q4_K_M@main"));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(wi_plain_is_word(bad[i]));
}
