/* CAR v1: what is written; what is found in files, and what is refused, with the offset. */
#include "../../../test.h"

#include "base/memory.h"
#include "models/share/content/car.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- writing ---------------------------------------------------------------------------------- */

static struct wi_cid raw_cid(const char *content)
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
    struct wi_cid root = raw_cid("abc");
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
    struct wi_cid cid = raw_cid("abc");
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

/* --- reading ---------------------------------------------------------------------------------- */

struct fixture {
    struct wi_buffer bytes;
    struct wi_car_file *car;
    struct wi_error error;
    FILE *file;
};

static int set_up(void **state)
{
    *state = wi_alloc(sizeof(struct fixture));
    return 0;
}

static void close_car(struct fixture *fixture)
{
    wi_car_free(fixture->car);
    fixture->car = NULL;
    if (fixture->file)
        fclose(fixture->file);
    fixture->file = NULL;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    close_car(fixture);
    wi_buffer_clear(&fixture->bytes);
    free(fixture);
    return 0;
}

FIXTURE(set_up, tear_down)

static struct wi_cid cid_of(const char *content)
{
    struct wi_cid cid;
    wi_cid_of(WI_CODEC_RAW, (const unsigned char *)content, strlen(content), &cid);
    return cid;
}

static void begin(struct fixture *fixture, const char *root)
{
    struct wi_cid cid = cid_of(root);
    wi_buffer_clear(&fixture->bytes);
    wi_car_begin(&fixture->bytes, &cid);
}

static void add(struct fixture *fixture, const char *content)
{
    unsigned char head[WI_CAR_HEAD_MAX];
    struct wi_cid cid = cid_of(content);
    wi_buffer_add(&fixture->bytes, head, wi_car_section(&cid, strlen(content), head));
    wi_buffer_puts(&fixture->bytes, content);
}

static enum wi_code open_with(
    struct fixture *fixture, size_t size, wi_car_progress_fn *on_progress, void *context)
{
    close_car(fixture);
    fixture->file = tmpfile();
    assert_non_null(fixture->file);
    assert_int_equal(fwrite(fixture->bytes.text, 1, size, fixture->file), size);
    assert_int_equal(fflush(fixture->file), 0);
    return wi_car_open(
        fileno(fixture->file), size, on_progress, context, &fixture->car, &fixture->error);
}

static enum wi_code open_car(struct fixture *fixture)
{
    return open_with(fixture, fixture->bytes.size, NULL, NULL);
}

static void assert_refused(struct fixture *fixture, enum wi_code code, const char *why)
{
    assert_int_equal(open_car(fixture), code);
    assert_null(fixture->car);
    if (!strstr(fixture->error.detail, why))
        fail_msg("\"%s\" does not say \"%s\"", fixture->error.detail, why);
}

/* --- what is read ----------------------------------------------------------------------------- */

TEST(blocks_are_found_in_any_order_and_more_than_once)
{
    struct fixture *fixture = *state;
    static const char *const content[] = {"one", "", "three", "two"};
    struct wi_car_place place;
    struct wi_cid cid;
    unsigned char *block = wi_alloc(WI_BLOCK_MAX);
    begin(fixture, "one");
    add(fixture, "two");
    add(fixture, "");
    add(fixture, "one");
    add(fixture, "two");
    add(fixture, "three");
    assert_int_equal(open_car(fixture), WI_OK);
    cid = cid_of("one");
    assert_true(wi_cid_equal(wi_car_root(fixture->car), &cid));
    for (size_t i = 0; i < 4; i++) {
        cid = cid_of(content[i]);
        assert_int_equal(wi_car_find(fixture->car, &cid, &place, &fixture->error), WI_OK);
        assert_int_equal(place.size, strlen(content[i]));
        assert_memory_equal(fixture->bytes.text + place.at, content[i], place.size);
        assert_int_equal(wi_car_block(fixture->car, &place, block, &fixture->error), WI_OK);
        assert_memory_equal(block, content[i], place.size);
    }
    free(block);
    cid = cid_of("four");
    assert_int_equal(wi_car_find(fixture->car, &cid, &place, &fixture->error), WI_HUB_NOT_FOUND);
    assert_non_null(strstr(fixture->error.detail, "bafkrei"));
    cid = cid_of("one");
    cid.codec = WI_CODEC_DAG_PB;
    assert_int_equal(wi_car_find(fixture->car, &cid, &place, NULL), WI_HUB_NOT_FOUND);
}

TEST(a_block_of_an_identity_is_checked_and_left_out)
{
    struct fixture *fixture = *state;
    static const char section[] = "\x06\x01\x55\x00\x01ZZ";
    begin(fixture, "one");
    wi_buffer_add(&fixture->bytes, "\x06\x01\x55\x00\x01Z", 6);
    fixture->bytes.text[fixture->bytes.size - 6] = 5; /* a block of nothing */
    add(fixture, "one");
    assert_refused(fixture, WI_DOWNLOAD_CORRUPT, "an identity");
    begin(fixture, "one");
    wi_buffer_add(&fixture->bytes, section, 7);
    add(fixture, "one");
    assert_int_equal(open_car(fixture), WI_OK);
}

static int count(void *context, uint64_t at)
{
    uint64_t *last = context;
    assert_true(at > *last);
    *last = at;
    return at > 150;
}

TEST(progress_is_told_and_may_end_it)
{
    struct fixture *fixture = *state;
    uint64_t at = 0;
    begin(fixture, "one");
    add(fixture, "one");
    assert_int_equal(open_with(fixture, fixture->bytes.size, count, &at), WI_OK);
    assert_int_equal(at, fixture->bytes.size);
    add(fixture, "two");
    add(fixture, "three");
    at = 0;
    assert_int_equal(open_with(fixture, fixture->bytes.size, count, &at), WI_CANCELLED);
}

TEST(keys_of_the_head_may_come_in_either_order)
{
    struct fixture *fixture = *state;
    struct wi_cid root = cid_of("one");
    unsigned char cid[WI_CID_BYTES];
    wi_cid_write(&root, cid);
    wi_buffer_add(&fixture->bytes, "\x3a\xa2\x67version\x01\x65roots\x81\xd8\x2a\x58\x25", 22);
    wi_buffer_add(&fixture->bytes, "\0", 1);
    wi_buffer_add(&fixture->bytes, cid, sizeof cid);
    add(fixture, "one");
    assert_int_equal(open_car(fixture), WI_OK);
    assert_true(wi_cid_equal(wi_car_root(fixture->car), &root));
}

/* --- what is refused -------------------------------------------------------------------------- */

/* A cut between sections leaves a CAR, which may lack a block. */
TEST(a_car_that_is_cut_anywhere_is_refused)
{
    struct fixture *fixture = *state;
    begin(fixture, "one");
    size_t head = fixture->bytes.size;
    add(fixture, "two");
    size_t first = fixture->bytes.size;
    add(fixture, "one");
    for (size_t size = 0; size < fixture->bytes.size; size++) {
        enum wi_code code = open_with(fixture, size, NULL, NULL);
        assert_null(fixture->car);
        assert_int_equal(code, size == head || size == first ? WI_HUB_NOT_FOUND : WI_HUB_FAILED);
        assert_non_null(strstr(fixture->error.detail, code == WI_HUB_NOT_FOUND ? "is missing"
                                                      : size <= head           ? "at byte 0:"
                                                      : size <= first          ? "at byte 59:"
                                                                               : "at byte 99:"));
    }
    assert_int_equal(open_car(fixture), WI_OK);
}

TEST(a_car_of_which_any_bit_is_flipped_is_refused)
{
    struct fixture *fixture = *state;
    begin(fixture, "one");
    add(fixture, "two");
    add(fixture, "one");
    for (size_t i = 0; i < 8 * fixture->bytes.size; i++) {
        fixture->bytes.text[i / 8] ^= (char)(1 << i % 8);
        assert_int_not_equal(open_car(fixture), WI_OK);
        assert_null(fixture->car);
        fixture->bytes.text[i / 8] ^= (char)(1 << i % 8);
    }
    fixture->bytes.text[fixture->bytes.size - 1] ^= 1;
    assert_refused(fixture, WI_DOWNLOAD_CORRUPT, "at byte 136: the block is not the one of its");
}

TEST(lengths_that_lie_are_refused_where_they_stand)
{
    struct fixture *fixture = *state;
    begin(fixture, "one");
    add(fixture, "one");
    fixture->bytes.text[59]++;
    assert_refused(fixture, WI_HUB_FAILED, "at byte 59: it is cut, or a length is wrong: 40");
    fixture->bytes.text[59] = 3;
    assert_refused(fixture, WI_HUB_FAILED, "at byte 60: there is no CID");
    fixture->bytes.text[59] = 0;
    assert_refused(fixture, WI_HUB_FAILED, "at byte 60: there is no CID");
    memset(fixture->bytes.text + 59, 0xff, 12);
    assert_refused(fixture, WI_HUB_FAILED, "at byte 59: there is no length");
}

TEST(blocks_over_the_limit_are_refused)
{
    struct fixture *fixture = *state;
    unsigned char head[WI_CAR_HEAD_MAX];
    char *content = wi_alloc(WI_BLOCK_MAX + 2);
    memset(content, 'x', WI_BLOCK_MAX);
    begin(fixture, content);
    add(fixture, content);
    assert_int_equal(open_car(fixture), WI_OK);
    content[WI_BLOCK_MAX] = 'x';
    struct wi_cid cid = cid_of(content);
    begin(fixture, "one");
    wi_buffer_add(&fixture->bytes, head, wi_car_section(&cid, WI_BLOCK_MAX + 1, head));
    wi_buffer_add(&fixture->bytes, content, WI_BLOCK_MAX + 1);
    free(content);
    assert_refused(fixture, WI_HUB_FAILED, "at byte 59: the block has 4194305 bytes");
}

TEST(heads_that_are_not_those_of_one_root_and_version_1_are_refused)
{
    struct fixture *fixture = *state;
    begin(fixture, "one");
    fixture->bytes.text[8] = (char)0x82;
    assert_refused(fixture, WI_HUB_FAILED, "at byte 8: it has 2 roots; a CAR of one root is read");
    fixture->bytes.text[8] = (char)0x80;
    assert_refused(fixture, WI_HUB_FAILED, "at byte 8: it has 0 roots");
    begin(fixture, "one");
    fixture->bytes.text[58] = 2;
    assert_refused(fixture, WI_HUB_FAILED, "at byte 58: it is a CAR of version 2; version 1");
    begin(fixture, "one");
    fixture->bytes.text[14] = 2;
    assert_refused(fixture, WI_HUB_FAILED, "the root's CID");
    wi_buffer_clear(&fixture->bytes);
    wi_buffer_add(&fixture->bytes, "\x0a\xa1\x67version\x02more", 15);
    assert_refused(fixture, WI_HUB_FAILED, "it is a CAR of version 2; version 1");
    wi_buffer_clear(&fixture->bytes);
    wi_buffer_puts(&fixture->bytes, "<html>this is a page, of which somebody thought it was a "
                                    "CAR, and more");
    assert_refused(fixture, WI_HUB_FAILED, "the head is not that of a CAR");
    wi_buffer_clear(&fixture->bytes);
    wi_buffer_puts(&fixture->bytes, "");
    assert_refused(fixture, WI_HUB_FAILED, "it is empty");
}

/* Keys that are there twice, or none, and what is behind the map. */
TEST(heads_that_are_no_such_map_are_refused)
{
    static const struct {
        const char *bytes;
        size_t size;
    } heads[] = {{"\x01\xa0", 2}, {"\x0a\xa1\x67version\x01", 11},
        {"\x13\xa2\x67version\x01\x67version\x01", 20}, {"\x01\x00", 2}, {"\x01\xbf", 2},
        {"\x09\xbb\xff\xff\xff\xff\xff\xff\xff\xff", 10}, {"\x07\xa1\x65roots", 8},
        {"\x08\xa1\x65roots\x9b", 9}, {"\x09\xa1\x65roots\x81\xd8", 10},
        {"\x0a\xa1\x65roots\x81\xd8\x2a", 11}, {"\x0b\xa1\x65roots\x81\xd8\x2a\x40", 12},
        {"\x0c\xa1\x65roots\x81\xd8\x2a\x41\x01", 13}, {"\x03\xa1\x78\xff", 4}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        wi_buffer_clear(&fixture->bytes);
        wi_buffer_add(&fixture->bytes, heads[i].bytes, heads[i].size);
        assert_refused(fixture, WI_HUB_FAILED, "the head is not that of a CAR");
    }
}

TEST(a_root_that_is_not_in_it_is_named)
{
    struct fixture *fixture = *state;
    begin(fixture, "one");
    assert_refused(fixture, WI_HUB_NOT_FOUND, "is missing in it");
    add(fixture, "two");
    assert_refused(fixture, WI_HUB_NOT_FOUND, "is missing in it");
}

TEST(a_file_that_becomes_shorter_is_said)
{
    struct fixture *fixture = *state;
    struct wi_car_place place;
    struct wi_cid cid = cid_of("one");
    unsigned char block[8];
    begin(fixture, "one");
    add(fixture, "one");
    assert_int_equal(open_car(fixture), WI_OK);
    assert_int_equal(wi_car_find(fixture->car, &cid, &place, NULL), WI_OK);
    assert_int_equal(ftruncate(fileno(fixture->file), 60), 0);
    assert_int_equal(wi_car_block(fixture->car, &place, block, &fixture->error), WI_STORAGE_FAILED);
    assert_non_null(strstr(fixture->error.detail, "shorter"));
}
