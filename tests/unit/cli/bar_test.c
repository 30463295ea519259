/* How far a pull is, as a line: bars that fit, and nothing that drives a terminal. */
#include "../test.h"

#include "cli/bar.h"
#include <string.h>

static void expect_line(const char *pull, unsigned columns, const char *expected)
{
    struct wi_buffer out = {0};
    json_t *value = json_loads(pull, 0, NULL);
    assert_non_null(value);
    wi_bar_line(&out, value, columns);
    assert_string_equal(out.text, expected);
    assert_true(columns == 0 || out.size <= columns);
    wi_buffer_clear(&out);
    json_decref(value);
}

static const char half[] = "{\"state\":\"downloading\",\"loaded_bytes\":1300000,"
                           "\"total_bytes\":2600000,\"bytes_per_second\":650000,"
                           "\"seconds_left\":2.0}";

TEST(a_bar_takes_what_is_left)
{
    expect_line(half, 79,
        "downloading [==========>          ]  50 %  1.3 MB of 2.6 MB  650 kB/s  2 s left");
    expect_line(half, 60, "downloading  50 %  1.3 MB of 2.6 MB  650 kB/s  2 s left");
    expect_line(half, 0, "downloading  50 %  1.3 MB of 2.6 MB  650 kB/s  2 s left");
    expect_line(half, 20, "downloading");
    expect_line(half, 5, "downl");
    expect_line("{\"state\":\"resolving\"}", 79, "resolving");
    expect_line("{\"state\":\"downloading\",\"loaded_bytes\":9,\"total_bytes\":3}", 79,
        "downloading [=====================================] 100 %  9 B of 3 B");
}

TEST(what_is_tried_again_is_said)
{
    static const char pull[] = "{\"state\":\"downloading\",\"loaded_bytes\":0,\"total_bytes\":26,"
                               "\"retrying\":\"hub h answers 503 for x; try 2 of 9 in 1 s\"}";
    expect_line(pull, 79, "downloading: hub h answers 503 for x; try 2 of 9 in 1 s");
    expect_line(pull, 20, "downloading: hub h a");
}

TEST(what_a_server_says_is_shown_only)
{
    expect_line("{\"state\":\"\\u001b[2J\"}", 79, "?[2J");
    expect_line(
        "{\"state\":5,\"total_bytes\":\"x\",\"loaded_bytes\":[],\"seconds_left\":{}}", 79, "5");
    expect_line("{\"state\":\"a\",\"total_bytes\":-5,\"loaded_bytes\":-7}", 79, "a");
}
