/* Tables: alignment, what a cell shows, and that what a server says cannot drive a terminal. */
#include "../test.h"

#include "cli/text_table.h"
#include <locale.h>
#include <string.h>

static const struct wi_column columns[] = {
    {"NAME", "name", NULL}, {"VENDOR", "adapter.vendor", NULL}, {"RTT", "{rtt} ms", NULL}, {0}};

TEST(aligns_columns)
{
    struct wi_buffer out = {0};
    json_t *rows = json_loads("[{\"name\":\"node-1\",\"adapter\":{\"vendor\":\"google\"},"
                              "\"rtt\":1.25},{\"name\":\"\xc3\xa9\",\"rtt\":null}]",
        0, NULL);
    wi_table(&out, columns, rows);
    assert_string_equal(out.text, "NAME    VENDOR  RTT\n"
                                  "node-1  google  1.25 ms\n"
                                  "\xc3\xa9       -       -\n");
    wi_buffer_clear(&out);
    json_decref(rows);
}

TEST(wide_characters_take_two_columns)
{
    struct wi_buffer out = {0};
    json_t *rows = json_loads(
        "[{\"name\":\"\xe6\xa8\xa1\xe5\x9e\x8b\",\"rtt\":444400.4},{\"name\":\"e\xcc\x81\"}]", 0,
        NULL);
    assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
    wi_table(&out, columns, rows);
    setlocale(LC_CTYPE, "C");
    assert_string_equal(out.text, "NAME  VENDOR  RTT\n"
                                  "\xe6\xa8\xa1\xe5\x9e\x8b  -       444400 ms\n"
                                  "e\xcc\x81     -       -\n");
    wi_buffer_clear(&out);
    json_decref(rows);
}

TEST(shows_every_kind_of_value)
{
    static const char *const cases[][2] = {{"\"a\"", "a"}, {"\"\"", "-"}, {"null", "-"},
        {"true", "yes"}, {"false", "no"}, {"12", "12"}, {"[]", "-"}, {"[1,\"b\"]", "1, b"},
        {"{\"a\":1}", "{\"a\":1}"}, {"\"\\u001b[2Jx\\n\"", "?[2Jx?"}, {"\"\\u009b2J\"", "?2J"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wi_buffer out = {0};
        json_t *value = json_loads(cases[i][0], JSON_DECODE_ANY, NULL);
        wi_table_cell(&out, value);
        assert_string_equal(out.text, cases[i][1]);
        wi_buffer_clear(&out);
        json_decref(value);
    }
}

TEST(finds_paths)
{
    json_t *value = json_loads("{\"a\":{\"b\":{\"c\":7}},\"x\":1}", 0, NULL);
    assert_int_equal(json_integer_value(wi_json_at(value, "a.b.c")), 7);
    assert_null(wi_json_at(value, "a.z.c"));
    assert_null(wi_json_at(value, "x.y"));
    assert_null(wi_json_at(NULL, "a"));
    json_decref(value);
}

/* Columns only widen, and titles come once. */
TEST(a_sheet_comes_part_by_part)
{
    struct wi_buffer out = {0};
    struct wi_sheet sheet = {.columns = columns};
    static const char *const parts[] = {"[{\"name\":\"node-1\",\"rtt\":1}]",
        "[{\"name\":\"node-1234\",\"rtt\":2},{\"name\":\"n\"}]", "[{\"name\":\"m\"}]"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_t *rows = json_loads(parts[i], 0, NULL);
        wi_sheet(&out, &sheet, rows);
        json_decref(rows);
    }
    assert_string_equal(out.text, "NAME    VENDOR  RTT\n"
                                  "node-1  -       1 ms\n"
                                  "node-1234  -       2 ms\n"
                                  "n          -       -\n"
                                  "m          -       -\n");
    wi_buffer_clear(&out);
}

TEST(an_empty_list_has_its_titles)
{
    struct wi_buffer out = {0};
    wi_table(&out, columns, NULL);
    assert_string_equal(out.text, "NAME  VENDOR  RTT\n");
    wi_buffer_clear(&out);
}

TEST(parts_whose_members_are_missing_are_left_out)
{
    static const struct wi_column filled[] = {{"SHARE", "{a.b:1f} of {c:3g}", NULL}, {0}};
    struct wi_buffer out = {0};
    json_t *rows = json_loads("[{\"a\":{\"b\":7},\"c\":1234.5},{\"c\":null}]", 0, NULL);
    wi_table_fill(&out, "<{a.b}, ><{a.b} of {z}>{c:0f}< {c:}>\n", json_array_get(rows, 0));
    wi_table_fill(&out, "x<{c}>\n", json_array_get(rows, 1));
    wi_table(&out, filled, rows);
    assert_string_equal(out.text, "7, 1234 1234\nx\nSHARE\n7.0 of 1.23e+03\n-\n");
    wi_buffer_clear(&out);
    json_decref(rows);
}

TEST(sentences_have_values_in_the_place_of_paths)
{
    struct wi_buffer out = {0};
    json_t *value = json_loads("{\"a\":{\"b\":7},\"c\":\"x\\u001b{a}\"}", 0, NULL);
    wi_table_fill(&out, "{a.b} of {c}, {none}", value);
    wi_table_fill(&out, "; {}", json_object_get(value, "a"));
    assert_string_equal(out.text, "7 of x?{a}, -; {\"b\":7}");
    wi_buffer_clear(&out);
    json_decref(value);
}

static void expect(
    void (*print)(struct wi_buffer *out, double value), double value, const char *expected)
{
    struct wi_buffer out = {0};
    print(&out, value);
    assert_string_equal(out.text, expected);
    wi_buffer_clear(&out);
}

TEST(sizes_have_two_or_three_digits)
{
    expect(wi_table_bytes, 0, "0 B");
    expect(wi_table_bytes, 999, "999 B");
    expect(wi_table_bytes, 999.6, "1.0 kB");
    expect(wi_table_bytes, 12345, "12.3 kB");
    expect(wi_table_bytes, 99960, "100 kB");
    expect(wi_table_bytes, 2.6e9, "2.6 GB");
    expect(wi_table_bytes, 5e15, "5000 TB");
}

TEST(times_are_rounded_up)
{
    expect(wi_table_seconds, 0, "0 s");
    expect(wi_table_seconds, 0.2, "1 s");
    expect(wi_table_seconds, 59.5, "1 min 0 s");
    expect(wi_table_seconds, 125, "2 min 5 s");
    expect(wi_table_seconds, 7290, "2 h 1 min");
    expect(wi_table_seconds, 1e300, "277 h 46 min");
}

TEST(sentences_have_sizes_times_and_choices)
{
    static const char text[] =
        "{size:B} in {took:s}{fits?|; it does not fit}{chat?, chat}{none?a|b}";
    struct wi_buffer out = {0};
    json_t *value =
        json_loads("{\"size\":12345,\"took\":125,\"fits\":false,\"chat\":true}", 0, NULL);
    wi_table_fill(&out, text, value);
    assert_string_equal(out.text, "12.3 kB in 2 min 5 s; it does not fit, chat");
    wi_buffer_clear(&out);
    wi_table_fill(&out, "{chat?yes|no} {fits?yes|no}< {none?yes|no}>", value);
    wi_table_fill(&out, " {size:1%} {size:1M} {size:19z} {size:16z}", value);
    assert_string_equal(
        out.text, "yes no 1234500.0 % 0.0 MiB 1970-01-01T00:00:12Z 1970-01-01T00:00Z");
    wi_buffer_clear(&out);
    json_decref(value);
}

TEST(a_list_has_a_text_for_each_item)
{
    static const struct wi_column lists[] = {{"INPUTS", "inputs[{name}[{shape}]]", NULL}, {0}};
    struct wi_buffer out = {0};
    json_t *rows = json_loads("[{\"inputs\":[{\"name\":\"x\",\"shape\":[1,2]},{\"name\":\"y\","
                              "\"shape\":[3]}]},{\"inputs\":[]},{}]",
        0, NULL);
    wi_table(&out, lists, rows);
    assert_string_equal(out.text, "INPUTS\nx[1, 2], y[3]\n-\n-\n");
    wi_buffer_clear(&out);
    json_decref(rows);
}
