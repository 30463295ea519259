/* Media types in headers: which charset came, and what may go back. */
#include "../../test.h"

#include "api/http/headers.h"

TEST(test_charset)
{
    static const char *const yes[] = {NULL, "application/json", "application/json; charset=utf-8",
        "application/json;charset=\"UTF-8\"", "application/json; x=charset; Charset=us-ascii ",
        "application/json; charset=UTF8;v=1"};
    static const char *const no[] = {"application/json; charset=utf-16",
        "a/b;charset=", "a/b; charset=utf-8; charset=latin1", "a/b; x=1;charset=utf-88"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(wi_charset_is_utf8(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(wi_charset_is_utf8(no[i]));
}

TEST(test_accept)
{
    static const char *const yes[] = {NULL, "", "*/*", "application/json", "text/html, */*;q=0.1",
        "application/*", " APPLICATION/json ; q=0.5", "application/json;q=1",
        "image/png,*/*;q=0.01", "application/json;v=2", "application/json;q=0.001"};
    static const char *const no[] = {"image/png", "text/*", "application/json;q=0",
        "application/json;q=0.0", "application/jsonx", "*", "application/", ";;,", "*/json"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(wi_media_type_accepted(yes[i], "application/json"));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(wi_media_type_accepted(no[i], "application/json"));
}
