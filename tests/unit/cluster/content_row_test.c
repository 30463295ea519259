/* The row of a CID that members serve: read whole or not at all, and never with more than it may
 * have. */
#include "../test.h"

#include "base/text.h"
#include "cluster/content_row.h"
#include <stdio.h>
#include <string.h>

#define CID "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ROW(held) "{\"row\":1,\"held\":" held "}"

static enum wi_read_fault read_named(const char *name, const char *text)
{
    struct wi_content_row row = {0};
    enum wi_read_fault fault = wi_content_row_read(&row, name, text, strlen(text));
    assert_true((fault == WI_READ_GOOD) == (row.count > 0));
    return fault;
}

TEST(a_row_is_read_as_it_was_printed)
{
    static const unsigned char key[WI_HASH_SIZE] = "a", other[WI_HASH_SIZE] = "b";
    struct wi_content_row row = {0}, again = {0};
    struct wi_buffer text = {0};
    assert_int_equal(wi_content_row_add(&row, "member-a", key), 0);
    assert_int_equal(wi_content_row_add(&row, "member-b", other), 0);
    wi_content_row_print(&row, &text);
    assert_int_equal(wi_content_row_read(&again, CID, text.text, text.size), WI_READ_GOOD);
    assert_int_equal(again.count, 2);
    assert_memory_equal(wi_content_row_find(&again, "member-a")->key, key, sizeof key);
    assert_memory_equal(wi_content_row_find(&again, "member-b")->key, other, sizeof other);
    assert_null(wi_content_row_find(&again, "member-c"));
    wi_buffer_clear(&text);
}

TEST(a_member_is_in_it_once)
{
    static const unsigned char key[WI_HASH_SIZE] = "a", other[WI_HASH_SIZE] = "b";
    struct wi_content_row row = {0};
    assert_int_equal(wi_content_row_add(&row, "a", key), 0);
    assert_int_equal(wi_content_row_add(&row, "b", key), 0);
    assert_int_equal(wi_content_row_add(&row, "a", other), 0);
    assert_int_equal(row.count, 2);
    assert_memory_equal(wi_content_row_find(&row, "a")->key, other, sizeof other);
    wi_content_row_drop(&row, "b");
    wi_content_row_drop(&row, "b");
    assert_int_equal(row.count, 1);
    wi_content_row_drop(&row, "a");
    assert_int_equal(row.count, 0);
}

TEST(the_largest_row_fits)
{
    static const unsigned char key[WI_HASH_SIZE] = "a";
    struct wi_content_row row = {0};
    struct wi_buffer text = {0};
    char instance[WI_ID_SIZE];
    for (int i = 0; i < WI_CONTENT_HOLDERS_MAX; i++) {
        snprintf(instance, sizeof instance, "%039d", i);
        assert_int_equal(wi_content_row_add(&row, instance, key), 0);
    }
    assert_int_equal(wi_content_row_add(&row, "one-more", key), -1);
    assert_int_equal(wi_content_row_add(&row, instance, key), 0); /* it is in it */
    wi_content_row_print(&row, &text);
    assert_true(text.size <= WI_ROW_MAX);
    wi_buffer_clear(&text);
}

TEST(what_is_no_row_is_not_read)
{
    static const char *const bad[] = {"", "x", "[]", "{}", "{\"row\":1}", "{\"row\":\"1\"}",
        "{\"held\":{\"a\":\"" KEY "\"}}", ROW("{}"), ROW("[]"), ROW("\"a\""), ROW("{\"a\":1}"),
        ROW("{\"a\":\"00\"}"), ROW("{\"a\":\"" KEY "0\"}"), ROW("{\"\":\"" KEY "\"}"),
        ROW("{\"a.b\":\"" KEY "\"}"), ROW("{\"http://h\":\"" KEY "\"}"),
        ROW("{\"0123456789012345678901234567890123456789\":\"" KEY "\"}"),
        ROW("{\"a\":\"" KEY "\",\"b\":null}"), ROW("{\"a\":\"" KEY "\"}") "x"};
    static const char good[] = ROW("{\"a\":\"" KEY "\"}");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(read_named(CID, bad[i]), WI_READ_GARBAGE);
    assert_int_equal(read_named(CID, good), WI_READ_GOOD);
    assert_int_equal(
        read_named(CID, "{\"row\":1,\"more\":2,\"held\":{\"a\":\"" KEY "\"}}"), WI_READ_GOOD);
    assert_int_equal(read_named(CID, "{\"row\":2}"), WI_READ_OTHER_VERSION);
}

TEST(too_many_members_are_no_row)
{
    struct wi_buffer text = {0};
    struct wi_content_row row = {0};
    wi_buffer_puts(&text, "{\"row\":1,\"held\":{");
    for (int i = 0; i <= WI_CONTENT_HOLDERS_MAX; i++)
        wi_buffer_printf(&text, "%s\"m%d\":\"" KEY "\"", i ? "," : "", i);
    wi_buffer_puts(&text, "}}");
    assert_int_equal(wi_content_row_read(&row, CID, text.text, text.size), WI_READ_GARBAGE);
    assert_int_equal(row.count, 0);
    wi_buffer_clear(&text);
}

TEST(its_name_is_a_cid_as_it_is_printed)
{
    static const char *const names[] = {"", "a", "bafkqaaa", /* holds its content itself */
        "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",    /* of version 0 */
        "BAFYBEIGDYRZT5SFP7UDM7HU76UH7Y26NF3EFUYLQABF3OCLGTQY55FBZDI", CID "a"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(read_named(names[i], ROW("{\"a\":\"" KEY "\"}")), WI_READ_GARBAGE);
}

TEST(a_proof_is_of_one_block_and_one_key)
{
    static const unsigned char key[WI_HASH_SIZE] = "a", other[WI_HASH_SIZE] = "b";
    unsigned char first[WI_HASH_SIZE], second[WI_HASH_SIZE];
    struct wi_cid cids[2];
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"x", 1, &cids[0]);
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)"y", 1, &cids[1]);
    wi_content_proof(key, &cids[0], first);
    wi_content_proof(key, &cids[0], second);
    assert_memory_equal(first, second, sizeof first);
    wi_content_proof(key, &cids[1], second);
    assert_memory_not_equal(first, second, sizeof first);
    wi_content_proof(other, &cids[0], second);
    assert_memory_not_equal(first, second, sizeof first);
}
