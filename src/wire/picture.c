/*
 * Picture files in base64 and their headers, over hostile bytes. Sizes are read from the places
 * that the formats define: PNG: IHDR (W3C PNG, 11.2.1); JPEG: the first start-of-frame marker
 * (ITU-T T.81, B.2.2); WebP: VP8, VP8L or VP8X chunk (RFC 9649, 2.5–2.7).
 */
#include "wire/picture.h"

#include "wire/base64.h"
#include <string.h>

static enum wi_code bad_picture(const char *field, struct wi_error *error, const char *detail)
{
    wi_error_set(error, WI_PICTURE_INVALID, field, "%s", detail);
    wi_error_expect(
        error, "PNG, JPEG or WebP in base64, or a data URI such as \"data:image/png;base64,…\"");
    return WI_PICTURE_INVALID;
}

enum wi_code wi_picture_decode(const char *text, size_t length, const char *field,
    struct wi_budget *budget, struct wi_blob **blob, struct wi_error *error)
{
    const char *fault = wi_base64_decode(text, length, budget, blob);
    if (fault)
        return bad_picture(field, error, fault);
    return *blob ? WI_OK
                 : wi_error_set(error, WI_MEMORY_BUDGET, field,
                       "there is no memory for this picture now; try again later");
}

static uint32_t bytes_big32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t bytes_big16(const unsigned char *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t bytes_little24(const unsigned char *p)
{
    return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Each: 0 with width and height, or -1. */
static int sniff_png(const unsigned char *p, size_t size, struct wi_picture *picture)
{
    static const unsigned char start[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    if (size < 24 || memcmp(p, start, 16) != 0)
        return -1;
    picture->media_type = "image/png";
    picture->width = bytes_big32(p + 16);
    picture->height = bytes_big32(p + 20);
    return picture->width > INT32_MAX || picture->height > INT32_MAX ? -1 : 0;
}

static int is_start_of_frame(unsigned marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* The most markers and fill bytes before a frame. Files have some hundreds; they are counted on the
 * loop's thread. */
#define STEPS_MAX 65536

static int sniff_jpeg(const unsigned char *p, size_t size, struct wi_picture *picture)
{
    picture->media_type = "image/jpeg";
    size_t at = 2;
    for (unsigned steps = 0; steps < STEPS_MAX && at + 4 <= size; steps++) {
        if (p[at] != 0xff)
            return -1;
        unsigned marker = p[at + 1];
        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) { /* no length follows */
            at += 2;
            continue;
        }
        if (marker == 0xd9 || marker == 0xda) /* end, or data before any frame */
            return -1;
        size_t length = bytes_big16(p + at + 2);
        if (length < 2)
            return -1;
        if (is_start_of_frame(marker)) {
            if (length < 8 || at + 9 > size)
                return -1;
            picture->height = bytes_big16(p + at + 5);
            picture->width = bytes_big16(p + at + 7);
            return 0;
        }
        at += 2 + length;
    }
    return -1;
}

static int sniff_webp(const unsigned char *p, size_t size, struct wi_picture *picture)
{
    picture->media_type = "image/webp";
    if (size < 30)
        return -1;
    if (memcmp(p + 12, "VP8 ", 4) == 0) {
        if (p[23] != 0x9d || p[24] != 0x01 || p[25] != 0x2a)
            return -1;
        picture->width = (p[26] | (uint32_t)p[27] << 8) & 0x3fff;
        picture->height = (p[28] | (uint32_t)p[29] << 8) & 0x3fff;
        return 0;
    }
    if (memcmp(p + 12, "VP8L", 4) == 0) {
        if (p[20] != 0x2f)
            return -1;
        uint32_t bits =
            p[21] | (uint32_t)p[22] << 8 | (uint32_t)p[23] << 16 | (uint32_t)p[24] << 24;
        picture->width = (bits & 0x3fff) + 1;
        picture->height = (bits >> 14 & 0x3fff) + 1;
        return 0;
    }
    if (memcmp(p + 12, "VP8X", 4) == 0) {
        picture->width = bytes_little24(p + 24) + 1;
        picture->height = bytes_little24(p + 27) + 1;
        return 0;
    }
    return -1;
}

enum wi_code wi_picture_sniff(
    const unsigned char *bytes, size_t size, struct wi_picture *picture, struct wi_error *error)
{
    int result;
    memset(picture, 0, sizeof *picture);
    if (size >= 8 && memcmp(bytes, "\x89PNG", 4) == 0)
        result = sniff_png(bytes, size, picture);
    else if (size >= 4 && bytes[0] == 0xff && bytes[1] == 0xd8)
        result = sniff_jpeg(bytes, size, picture);
    else if (size >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
        result = sniff_webp(bytes, size, picture);
    else
        return bad_picture("inputs.image", error, "the bytes are not a PNG, JPEG or WebP file");
    if (result != 0)
        return bad_picture("inputs.image", error, "the picture's header is broken or cut short");
    if (picture->width == 0 || picture->height == 0)
        return bad_picture("inputs.image", error, "the picture has no pixels");
    return WI_OK;
}

enum wi_code wi_picture_check_size(
    const struct wi_picture *picture, int64_t max_pixels, struct wi_error *error)
{
    if ((uint64_t)picture->width * picture->height <= (uint64_t)max_pixels)
        return WI_OK;
    wi_error_set(error, WI_PICTURE_TOO_LARGE, "inputs.image",
        "the picture has %u × %u pixels; send a smaller one", picture->width, picture->height);
    return wi_error_expect(error, "at most %lld pixels", (long long)max_pixels);
}
