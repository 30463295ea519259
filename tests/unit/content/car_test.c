/* The bytes of CAR v1 between blocks. */
#include "../test.h"

#include "content/car.h"
#include "content/dag.h"
#include <string.h>

static struct wi_cid cid_of(const char *content)
{
    struct wi_cid cid;
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)content, strlen(content), &cid);
    return cid;
}

/* {roots: [CID], version: 1} as DAG-CBOR, whose keys are sorted by length first. */
TEST(a_car_begins_with_its_root)
{
    static const unsigned char before[] = {58, 0xa2, 0x65, 'r', 'o', 'o', 't', 's', 0x81, 0xd8,
        0x2a, 0x58, 0x25, 0, 1, WI_CODEC_RAW, 0x12, 0x20},
                               behind[] = {0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 1};
    struct wi_cid root = cid_of("abc");
    struct wi_buffer out = {0};
    wi_car_begin(&out, &root);
    assert_int_equal(out.size, 59);
    assert_memory_equal(out.text, before, sizeof before);
    assert_memory_equal(out.text + sizeof before, root.hash, WI_HASH_SIZE);
    assert_memory_equal(out.text + sizeof before + WI_HASH_SIZE, behind, sizeof behind);
    wi_buffer_clear(&out);
}

TEST(a_section_begins_with_length_and_cid)
{
    unsigned char head[WI_CAR_HEAD_MAX];
    struct wi_cid_read read;
    struct wi_cid cid = cid_of("abc");
    assert_int_equal(wi_car_section(&cid, 3, head), 37);
    assert_int_equal(head[0], 39);
    assert_int_equal(wi_cid_read(head + 1, WI_CID_BYTES, &read), 0);
    assert_true(wi_cid_equal(&read.cid, &cid));
    /* 2^20 + 36 */
    assert_int_equal(wi_car_section(&cid, 1u << 20, head), 39);
    assert_memory_equal(head, "\xa4\x80\x40", 3);
    assert_int_equal(wi_cid_read(head + 3, WI_CID_BYTES, &read), 0);
    assert_true(wi_cid_equal(&read.cid, &cid));
    assert_true(wi_car_section(&cid, SIZE_MAX - WI_CID_BYTES, head) <= sizeof head);
}
