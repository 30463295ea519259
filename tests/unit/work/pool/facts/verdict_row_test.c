/* A verdict's row: read whole or not at all, and only under its own name. */
#include "../../../test.h"

#include "base/text.h"
#include "work/pool/facts/shared_verdicts.h"
#include <stdio.h>
#include <string.h>

static struct wi_told_verdict sample(void)
{
    struct wi_told_verdict verdict = {
        .verdict = WI_WRONG, .ratio = 2.5, .checked_at = 1790000000000, .looked = 3, .wrongs = 1};
    strcpy(verdict.key, "abcd\t\t\tort\twebgpu\tchrome");
    strcpy(verdict.detail, "y at 3");
    return verdict;
}

TEST(a_row_is_read_as_it_was_printed)
{
    const struct wi_told_verdict verdict = sample();
    struct wi_told_verdict again = {0};
    struct wi_buffer text = {0};
    char name[WI_HASH_HEX_SIZE];
    wi_verdict_row_name(verdict.key, name);
    wi_verdict_row_print(&verdict, &text);
    assert_int_equal(wi_verdict_row_read(&again, name, text.text, text.size), WI_READ_GOOD);
    assert_string_equal(again.key, verdict.key);
    assert_string_equal(again.detail, verdict.detail);
    assert_int_equal(again.verdict, WI_WRONG);
    assert_int_equal(again.checked_at, verdict.checked_at);
    assert_int_equal(again.looked, 3);
    assert_int_equal(again.wrongs, 1);
    assert_true(again.ratio == 2.5);
    name[0] = name[0] == '0' ? '1' : '0';
    assert_int_equal(wi_verdict_row_read(&again, name, text.text, text.size), WI_READ_GARBAGE);
    wi_buffer_clear(&text);
}

TEST(the_largest_row_fits)
{
    struct wi_told_verdict verdict = sample();
    struct wi_buffer text = {0};
    memset(verdict.key, '\t', sizeof verdict.key - 1);
    memset(verdict.detail, '"', sizeof verdict.detail - 1);
    wi_verdict_row_print(&verdict, &text);
    assert_true(text.size <= WI_ROW_MAX);
    wi_buffer_clear(&text);
}

TEST(a_detail_that_cannot_be_shown_is_left_out)
{
    struct wi_told_verdict verdict = sample(), again = {0};
    struct wi_buffer text = {0};
    char name[WI_HASH_HEX_SIZE];
    strcpy(verdict.detail, "y\xe2\x80\xae at 3");
    wi_verdict_row_name(verdict.key, name);
    wi_verdict_row_print(&verdict, &text);
    assert_int_equal(wi_verdict_row_read(&again, name, text.text, text.size), WI_READ_GOOD);
    assert_string_equal(again.detail, "");
    wi_buffer_clear(&text);
}

static enum wi_read_fault read_with(const char *member, const char *value)
{
    const struct wi_told_verdict verdict = sample();
    struct wi_told_verdict again = {0};
    struct wi_buffer text = {0};
    char name[WI_HASH_HEX_SIZE];
    wi_verdict_row_name(verdict.key, name);
    wi_verdict_row_print(&verdict, &text);
    json_t *row = json_loadb(text.text, text.size, 0, NULL);
    if (value)
        json_object_set_new(row, member, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(row, member);
    char *changed = json_dumps(row, 0);
    enum wi_read_fault fault = wi_verdict_row_read(&again, name, changed, strlen(changed));
    if (fault != WI_READ_GOOD)
        assert_string_equal(again.key, "");
    free(changed);
    json_decref(row);
    wi_buffer_clear(&text);
    return fault;
}

TEST(what_is_no_row_is_not_read)
{
    static const char *const bad[][2] = {{"row", NULL}, {"rules", NULL}, {"key", NULL},
        {"key", "\"other\""}, {"key", "5"}, {"wrong", NULL}, {"wrong", "1"}, {"error_ratio", "-1"},
        {"error_ratio", "1e10"}, {"error_ratio", "\"1\""}, {"detail", NULL}, {"detail", "7"},
        {"detail", "\"a\\u202eb\""}, {"detail", "\"a\\nb\""}, {"checked_at", "0"},
        {"checked_at", "253402300800000"}, {"looked", "33"}, {"looked", "-1"}, {"wrongs", "1001"},
        {"wrongs", "1.5"}};
    struct wi_told_verdict verdict = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(read_with(bad[i][0], bad[i][1]), WI_READ_GARBAGE);
    assert_int_equal(read_with("row", "2"), WI_READ_OTHER_VERSION);
    assert_int_equal(read_with("rules", "4"), WI_READ_OTHER_VERSION);
    assert_int_equal(read_with("more", "4"), WI_READ_GOOD);
    assert_int_equal(wi_verdict_row_read(&verdict, "x", "x", 1), WI_READ_GARBAGE);
    assert_int_equal(wi_verdict_row_read(&verdict, "x", "[]", 2), WI_READ_GARBAGE);
}
