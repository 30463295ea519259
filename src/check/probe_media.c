/*
 * A picture with shapes of several colours on a slope of others, in a PNG file that is not
 * compressed; and a sound of two tones that rise, with pauses; see probe_media.h.
 */
#include "check/probe_media.h"

#include "base/memory.h"
#include <math.h>
#include <string.h>

#define SIDE 96
#define ROW_BYTES (1 + 3 * SIDE) /* which filter, and three colours */
#define PIXEL_BYTES (SIDE * ROW_BYTES)
#define SOUND_SECONDS 2
#define TURN (2 * 3.14159265358979)

static void add_bytes(struct wi_tensors *list, const char *name, struct wi_blob *blob)
{
    struct wi_tensor *tensor = wi_tensors_add(list);
    tensor->name = wi_strdup(name);
    tensor->datatype = WI_UINT8;
    tensor->rank = 1;
    tensor->dims[0] = (int64_t)blob->size;
    tensor->blob = blob;
    tensor->size = blob->size;
}

/* --- the picture ------------------------------------------------------------------------------ */

static int in_disc(int x, int y)
{
    return (x - 32) * (x - 32) + (y - 36) * (y - 36) < 20 * 20;
}

static int in_square(int x, int y)
{
    return x >= 56 && x < 86 && y >= 48 && y < 84;
}

static void paint(unsigned char rgb[3], int x, int y)
{
    static const unsigned char red[3] = {214, 48, 36}, blue[3] = {30, 60, 170};
    const unsigned char slope[3] = {
        (unsigned char)(2 * x + 40), (unsigned char)(200 - y), (unsigned char)(x + y)};
    memcpy(rgb, in_disc(x, y) ? red : in_square(x, y) ? blue : slope, 3);
}

static void paint_all(unsigned char rows[PIXEL_BYTES])
{
    for (int y = 0; y < SIDE; y++) {
        unsigned char *row = rows + (size_t)y * ROW_BYTES;
        row[0] = 0; /* no filter */
        for (int x = 0; x < SIDE; x++)
            paint(row + 1 + 3 * x, x, y);
    }
}

/* --- its file (PNG, RFC 1950 and 1951) -------------------------------------------------------- */

static void put_u32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

static uint32_t crc_of(const unsigned char *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static uint32_t adler_of(const unsigned char *bytes, size_t size)
{
    uint32_t low = 1, high = 0;
    for (size_t i = 0; i < size; i++) {
        low = (low + bytes[i]) % 65521;
        high = (high + low) % 65521;
    }
    return high << 16 | low;
}

/* `chunk`: four letters and the data. */
static void append_chunk(struct wi_blob *blob, const unsigned char *chunk, size_t size)
{
    unsigned char number[4];
    put_u32(number, (uint32_t)(size - 4));
    wi_blob_append(blob, number, sizeof number);
    wi_blob_append(blob, chunk, size);
    put_u32(number, crc_of(chunk, size));
    wi_blob_append(blob, number, sizeof number);
}

/* Its pixels, as one stored block. */
static void append_pixels(struct wi_blob *blob)
{
    enum { HEAD = 4 + 2 + 5 };
    unsigned char chunk[HEAD + PIXEL_BYTES + 4] = {'I', 'D', 'A', 'T', 0x78, 0x01, 1,
        PIXEL_BYTES & 0xff, PIXEL_BYTES >> 8, ~PIXEL_BYTES & 0xff, ~PIXEL_BYTES >> 8 & 0xff};
    paint_all(chunk + HEAD);
    put_u32(chunk + HEAD + PIXEL_BYTES, adler_of(chunk + HEAD, PIXEL_BYTES));
    append_chunk(blob, chunk, sizeof chunk);
}

void wi_probe_add_picture(struct wi_tensors *list)
{
    static const unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    unsigned char head[] = {'I', 'H', 'D', 'R', 0, 0, 0, SIDE, 0, 0, 0, SIDE, 8, 2, 0, 0, 0};
    struct wi_blob *blob = wi_blob_new(NULL, PIXEL_BYTES + 128);
    wi_blob_append(blob, signature, sizeof signature);
    append_chunk(blob, head, sizeof head);
    append_pixels(blob);
    append_chunk(blob, (const unsigned char *)"IEND", 4);
    add_bytes(list, "image", blob);
}

/* --- the sound -------------------------------------------------------------------------------- */

/* From -1 to 1, so many seconds from its beginning. */
static double sound_at(double seconds)
{
    double loudness = 0.5 - 0.5 * cos(TURN * 2.5 * seconds); /* like syllables */
    double voice = sin(TURN * (140 + 30 * seconds) * seconds);
    double colour = sin(TURN * (700 + 260 * seconds) * seconds);
    return loudness * (0.5 * voice + 0.3 * colour);
}

void wi_probe_add_sound(struct wi_tensors *list)
{
    size_t count = (size_t)SOUND_SECONDS * WI_PROBE_SOUND_RATE;
    struct wi_blob *blob = wi_blob_new(NULL, 2 * count);
    for (size_t i = 0; i < count; i++) {
        int sample = (int)(32767 * sound_at((double)i / WI_PROBE_SOUND_RATE));
        const unsigned char bytes[2] = {(unsigned char)((unsigned)sample & 0xff),
            (unsigned char)((unsigned)sample >> 8 & 0xff)};
        wi_blob_append(blob, bytes, sizeof bytes);
    }
    add_bytes(list, "audio", blob);
}
