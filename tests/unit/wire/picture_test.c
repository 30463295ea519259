/* Base64 and picture headers, whole, cut at every byte, and wrong. */
#include "../test.h"

#include "wire/picture.h"
#include <stdlib.h>
#include <string.h>

static const unsigned char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\0\x20\x08\2\0\0\0";
static const unsigned char jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc2, 0, 11, 8,
    0, 16, 1, 0, 1, 1, 0x11, 0, 0xff, 0xd9};
static const unsigned char vp8[] = "RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x40\x40\x20\x80";
static const unsigned char vp8l[] = "RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\xff\xc0\x0f\0\0\0\0\0\0";
static const unsigned char vp8x[] = "RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\xff\0\0\x01\0\0";

static const struct {
    const char *media_type;
    const unsigned char *bytes;
    size_t size, least; /* the shortest prefix that is understood */
    uint32_t width, height;
} cases[] = {
    {"image/png", png, sizeof png - 1, 24, 256, 32},
    {"image/jpeg", jpeg, sizeof jpeg, 18, 256, 16},
    {"image/webp", vp8, sizeof vp8 - 1, 30, 64, 32},
    {"image/webp", vp8l, sizeof vp8l - 1, 30, 256, 64},
    {"image/webp", vp8x, sizeof vp8x - 1, 30, 256, 2},
};

TEST(test_sizes)
{
    struct wi_picture picture;
    struct wi_error error;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t size = 0; size <= cases[i].size; size++) {
            /* A copy of exactly this size, so that reading past it is seen. */
            unsigned char *copy = malloc(size ? size : 1);
            memcpy(copy, cases[i].bytes, size);
            enum wi_code code = wi_picture_sniff(copy, size, &picture, &error);
            free(copy);
            assert_int_equal(code, size >= cases[i].least ? WI_OK : WI_PICTURE_INVALID);
            if (code != WI_OK)
                continue;
            assert_string_equal(picture.media_type, cases[i].media_type);
            assert_int_equal(picture.width, cases[i].width);
            assert_int_equal(picture.height, cases[i].height);
        }
    }
}

/* What stands before a frame is not looked through for ever. */
TEST(test_far_frames)
{
    static const size_t fills[] = {65535, 65536};
    const size_t frame = 9; /* where it begins in `jpeg` */
    for (size_t i = 0; i < 2; i++) {
        struct wi_picture picture;
        struct wi_error error;
        size_t size = fills[i] + sizeof jpeg;
        unsigned char *bytes = malloc(size);
        memset(bytes, 0xff, size);
        bytes[1] = 0xd8;
        memcpy(bytes + 2 + fills[i], jpeg + frame, sizeof jpeg - frame);
        assert_int_equal(wi_picture_sniff(bytes, size - frame + 2, &picture, &error),
            i == 0 ? WI_OK : WI_PICTURE_INVALID);
        free(bytes);
    }
}

TEST(test_wrong_pictures)
{
    struct wi_picture picture;
    struct wi_error error;
    unsigned char copy[sizeof png];
    memcpy(copy, png, sizeof png);
    memset(copy + 16, 0, 4); /* no width */
    assert_int_equal(wi_picture_sniff(copy, 28, &picture, &error), WI_PICTURE_INVALID);
    memset(copy + 16, 0xff, 4);
    assert_int_equal(wi_picture_sniff(copy, 28, &picture, &error), WI_PICTURE_INVALID);
    static const unsigned char scan_first[] = {0xff, 0xd8, 0xff, 0xda, 0, 8, 0, 0, 0, 0, 0, 0};
    assert_int_equal(
        wi_picture_sniff(scan_first, sizeof scan_first, &picture, &error), WI_PICTURE_INVALID);
    static const unsigned char loop[] = {0xff, 0xd8, 0xff, 0xe0, 0, 0, 0xff, 0xe0, 0, 0};
    assert_int_equal(wi_picture_sniff(loop, sizeof loop, &picture, &error), WI_PICTURE_INVALID);
    assert_int_equal(wi_picture_sniff((const unsigned char *)"GIF89a  ", 8, &picture, &error),
        WI_PICTURE_INVALID);
}

TEST(test_budget)
{
    struct wi_budget budget = {.limit = 2};
    struct wi_blob *blob;
    struct wi_error error;
    assert_int_equal(
        wi_picture_decode("Zm9v", 4, "image", &budget, &blob, &error), WI_MEMORY_BUDGET);
    budget.limit = 3;
    assert_int_equal(wi_picture_decode("Zm9v", 4, "image", &budget, &blob, &error), WI_OK);
    wi_blob_unref(blob);
    assert_int_equal(budget.used, 0);
}

/* Each byte of a length counts, and so does every marker that has no length. */
TEST(test_markers_and_lengths)
{
    static const unsigned char bare[] = {0xff, 0xd8, 0xff, 0x01, 0xff, 0xd0, 0xff, 0xd7, 0xff, 0xd8,
        0xff, 0xcf, 0, 11, 8, 2, 1, 4, 3, 1, 1, 0x11, 0};
    static const unsigned char others[] = {0xc4, 0xc8, 0xcc, 0xbf, 0xd9, 0xda};
    unsigned char wide[sizeof png], copy[sizeof bare];
    struct wi_picture picture;
    struct wi_error error;
    assert_int_equal(wi_picture_sniff(bare, sizeof bare, &picture, &error), WI_OK);
    assert_int_equal(picture.height, 0x0201);
    assert_int_equal(picture.width, 0x0403);
    for (size_t i = 0; i < sizeof others; i++) { /* no frame */
        memcpy(copy, bare, sizeof copy);
        copy[11] = others[i];
        assert_int_equal(wi_picture_sniff(copy, sizeof copy, &picture, &error), WI_PICTURE_INVALID);
    }
    memcpy(wide, png, sizeof wide);
    memcpy(wide + 16, "\0\1\2\3", 4);
    memcpy(wide + 20, "\0\3\2\1", 4);
    assert_int_equal(wi_picture_sniff(wide, 28, &picture, &error), WI_OK);
    assert_int_equal(picture.width, 0x00010203);
    assert_int_equal(picture.height, 0x00030201);
}
