/* A join token's row: read whole or not at all, and never with more than it may have. */
#include "../test.h"

#include "cluster/join_row.h"
#include <stdio.h>
#include <string.h>

#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ROW(more) "{\"row\":1,\"id\":\"join-1\",\"hash\":\"" HASH "\"" more "}"
#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define LONG FIFTY FIFTY FIFTY FIFTY "0" /* one byte more than a label may have */
#define REST ",\"nodes\":3,\"expires_at\":5,\"held\":{}"

static enum wi_read_fault read_text(const char *text)
{
    struct wi_join_row row = {0};
    enum wi_read_fault fault = wi_join_row_read(&row, "join-1", text, strlen(text));
    if (fault != WI_READ_GOOD)
        assert_true(row.id[0] == '\0' && row.holders == NULL);
    wi_join_row_clear(&row);
    return fault;
}

TEST(a_row_is_read_as_it_was_printed)
{
    struct wi_join_row row = {.id = "join-1",
                           .nodes = 7,
                           .expires_at = 99,
                           .shareable = 1,
                           .label = "Ana's \"phone\""},
                       again = {0};
    struct wi_buffer text = {0};
    memset(row.hash, 0xa5, sizeof row.hash);
    assert_int_equal(wi_join_row_hold(&row, "member-a", 2), 0);
    assert_int_equal(wi_join_row_hold(&row, "member-b", 1), 0);
    wi_join_row_print(&row, &text);
    assert_int_equal(wi_join_row_read(&again, "join-1", text.text, text.size), WI_READ_GOOD);
    assert_memory_equal(again.hash, row.hash, sizeof row.hash);
    assert_int_equal(again.nodes, 7);
    assert_int_equal(again.expires_at, 99);
    assert_true(again.shareable);
    assert_string_equal(again.label, row.label);
    assert_int_equal(wi_join_row_held(&again, "member-a"), 2);
    assert_int_equal(wi_join_row_taken(&again), 3);
    /* It is another token's. */
    wi_join_row_clear(&again);
    assert_int_equal(wi_join_row_read(&again, "join-2", text.text, text.size), WI_READ_GARBAGE);
    wi_join_row_clear(&row);
    wi_buffer_clear(&text);
}

TEST(who_holds_nothing_is_not_in_it)
{
    struct wi_join_row row = {0};
    assert_int_equal(wi_join_row_hold(&row, "a", 0), 0);
    assert_int_equal(wi_join_row_hold(&row, "a", 1), 0);
    assert_int_equal(wi_join_row_hold(&row, "b", 4), 0);
    assert_int_equal(wi_join_row_hold(&row, "a", 0), 0);
    assert_int_equal(row.holder_count, 1);
    assert_int_equal(wi_join_row_held(&row, "a"), 0);
    assert_int_equal(wi_join_row_held(&row, "b"), 4);
    wi_join_row_clear(&row);
}

TEST(so_many_daemons_hold_places_and_a_full_row_fits)
{
    struct wi_join_row row = {.id = "join-0123456789abcdef", .nodes = WI_JOIN_NODES_MAX};
    struct wi_buffer text = {0};
    memset(row.label, '"', sizeof row.label - 1);
    for (int i = 0; i < WI_JOIN_HOLDERS_MAX; i++) {
        char instance[WI_ID_SIZE];
        snprintf(instance, sizeof instance, "member-%032d", i);
        assert_int_equal(wi_join_row_hold(&row, instance, WI_JOIN_NODES_MAX), 0);
    }
    assert_int_equal(wi_join_row_hold(&row, "member-x", 1), -1);
    wi_join_row_print(&row, &text);
    assert_true(text.size <= WI_ROW_MAX);
    wi_join_row_clear(&row);
    assert_int_equal(
        wi_join_row_read(&row, "join-0123456789abcdef", text.text, text.size), WI_READ_GOOD);
    assert_int_equal(row.holder_count, WI_JOIN_HOLDERS_MAX);
    wi_join_row_clear(&row);
    wi_buffer_clear(&text);
}

TEST(what_is_no_row_is_not_read)
{
    static const char *const garbage[] = {"", "x", "[]", "{}", "{\"row\":1}", "{\"row\":\"1\"}",
        ROW(""), ROW(",\"nodes\":0,\"expires_at\":5,\"held\":{}"),
        ROW(",\"nodes\":65537,\"expires_at\":5,\"held\":{}"),
        ROW(",\"nodes\":1,\"expires_at\":1e300,\"held\":{}"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":[]"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":{\"a\":0}"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":{\"a\":65537}"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":{\"a\":\"1\"}"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":{\"\":1}"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":{\"a.b\":1}"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":{\"a\":1,\"a\":1}"),
        ROW(",\"nodes\":1,\"expires_at\":5,\"held\":{\"0123456789012345678901234567890123456789\":1"
            "}"),
        ROW(",\"label\":\"\"" REST), ROW(",\"label\":\"a\\nb\"" REST), ROW(",\"label\":1" REST),
        ROW(",\"shareable\":1" REST), ROW(",\"label\":\"" LONG "\"" REST),
        "{\"row\":1,\"id\":\"join-1\",\"hash\":\"00\"" REST "}",
        "{\"row\":1,\"id\":\"join-2\",\"hash\":\"" HASH "\"" REST "}"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++)
        assert_int_equal(read_text(garbage[i]), WI_READ_GARBAGE);
    assert_int_equal(read_text("{\"row\":2}"), WI_READ_OTHER_VERSION);
    assert_int_equal(read_text(ROW(REST)), WI_READ_GOOD);
    assert_int_equal(read_text(ROW(REST ",\"more\":1")), WI_READ_GOOD);
    assert_int_equal(
        read_text(ROW(",\"label\":\"" FIFTY FIFTY FIFTY FIFTY "\"" REST)), WI_READ_GOOD);
    assert_int_equal(read_text(ROW(",\"label\":null" REST)), WI_READ_GOOD);
}
