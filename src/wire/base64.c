/* Base64 over hostile text. */
#include "wire/base64.h"

#include "base/text.h"
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* Meanings of a character other than its six bits. */
enum { BLANK = 0x40, PADDING = 0x41, ESCAPE = 0x42, NONE = 0x43 };

/* For each ASCII character. The standard alphabet and the one for URLs differ in two characters
 * (RFC 4648, 4 and 5). */
/* clang-format off */
#define E ESCAPE
#define N NONE
#define B BLANK
#define P PADDING
static const uint8_t meanings[256] = {
     N,  N,  N,  N,  N,  N,  N,  N,  N,  B,  B,  N,  B,  B,  N,  N,
     N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
     B,  N,  N,  N,  N,  E,  N,  N,  N,  N,  N, 62,  N, 62,  N, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61,  N,  N,  N,  P,  N,  N,
     N,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,  N,  N,  N,  N, 63,
     N, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,  N,  N,  N,  N,  N,
    [128 ... 255] = NONE
};
#undef E
#undef N
#undef B
#undef P
/* clang-format on */

/* The meaning of the character that is escaped at `text`, after the percent sign. */
static uint8_t byte_unescape(const char *text, size_t length)
{
    int high = length >= 2 ? wi_text_hex_digit(text[0]) : -1,
        low = length >= 2 ? wi_text_hex_digit(text[1]) : -1;
    uint8_t meaning = high < 0 || low < 0 ? NONE : meanings[high << 4 | low];
    return meaning == ESCAPE ? NONE : meaning;
}

/* The input so far: characters of the alphabet, and padding after them. */
struct reading {
    unsigned char *out;
    size_t sixes, pads;
    uint32_t bits;
};

/* Returns 0, or -1 for a character that is invalid there. */
static int reading_take(struct reading *reading, uint8_t meaning)
{
    if (meaning == BLANK)
        return 0;
    if (meaning == PADDING)
        return ++reading->pads <= 2 ? 0 : -1;
    if (meaning >= BLANK || reading->pads > 0)
        return -1;
    reading->bits = reading->bits << 6 | meaning;
    if (++reading->sixes % 4 != 1)
        *reading->out++ = (unsigned char)(reading->bits >> (2 * (3 - (reading->sixes - 1) % 4)));
    return 0;
}

/* The length of the whole groups of four characters of the alphabet, which are read at once. */
static size_t take_fours(struct reading *reading, const unsigned char *text, size_t length)
{
    size_t at = 0;
    if (reading->sixes % 4 != 0 || reading->pads > 0)
        return 0;
    for (; length - at >= 4; at += 4) {
        uint8_t a = meanings[text[at]], b = meanings[text[at + 1]], c = meanings[text[at + 2]],
                d = meanings[text[at + 3]];
        if ((a | b | c | d) >= BLANK)
            break;
        *reading->out++ = (unsigned char)(a << 2 | b >> 4);
        *reading->out++ = (unsigned char)(b << 4 | c >> 2);
        *reading->out++ = (unsigned char)(c << 6 | d);
    }
    reading->sixes += at;
    return at;
}

static const char is_empty[] = "the base64 text is empty";

/* NULL, or the fault. */
static const char *base64_decode(const char *text, size_t length, int is_uri, struct wi_blob *blob)
{
    struct reading reading = {.out = blob->bytes};
    for (size_t at = 0; at < length; at++) {
        at += take_fours(&reading, (const unsigned char *)text + at, length - at);
        if (at == length)
            break;
        uint8_t meaning = meanings[(unsigned char)text[at]];
        if (meaning == ESCAPE && is_uri) {
            meaning = byte_unescape(text + at + 1, length - at - 1);
            at += 2;
        }
        if (reading_take(&reading, meaning) != 0)
            return "the text has a character that is not base64";
    }
    blob->size = (size_t)(reading.out - blob->bytes);
    if (reading.sixes == 0)
        return is_empty;
    return reading.sixes % 4 == 1 ? "the base64 text is cut short" : NULL;
}

/* Where the base64 of a data URI begins; 0: it has none. */
static size_t behind_head(const char *text, size_t length)
{
    static const char last[] = ";base64";
    const char *comma = memchr(text, ',', length);
    size_t head = comma ? (size_t)(comma - text) : 0;
    if (head < sizeof last - 1 ||
        strncasecmp(comma - (sizeof last - 1), last, sizeof last - 1) != 0)
        return 0;
    return head + 1;
}

const char *wi_base64_decode(
    const char *text, size_t length, struct wi_budget *budget, struct wi_blob **blob)
{
    int is_uri = length >= 5 && strncasecmp(text, "data:", 5) == 0;
    size_t head = is_uri ? behind_head(text, length) : 0;
    *blob = NULL;
    if (is_uri && head == 0)
        return "this data URI is not in base64: \";base64,\" does not precede its data";
    text += head;
    length -= head;
    if (length == 0)
        return is_empty;
    struct wi_blob *decoded = wi_blob_new(budget, length / 4 * 3 + length % 4 * 3 / 4);
    const char *fault = decoded ? base64_decode(text, length, is_uri, decoded) : NULL;
    if (fault)
        wi_blob_unref(decoded);
    else
        *blob = decoded;
    return fault;
}
