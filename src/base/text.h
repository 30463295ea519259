/*
 * Copies text that has to fit somewhere or comes from an unchecked source. Also writes short texts
 * to arrays of fixed size on the path of every request, as snprintf would, without the cost of
 * reading a format.
 */
#ifndef WI_BASE_TEXT_H
#define WI_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The value of the hexadecimal digit `c`, or -1 if it is none. */
static inline int wi_text_hex_digit(char c)
{
    unsigned digit = (unsigned char)c - '0', letter = ((unsigned char)c | 0x20) - 'a';
    return digit < 10 ? (int)digit : letter < 6 ? (int)letter + 10 : -1;
}

/* The UTF-16 unit of the escape \uXXXX at `text`, which has WI_TEXT_UNIT_SIZE characters; -1: there
 * is none before `end`. */
#define WI_TEXT_UNIT_SIZE 6
static inline int wi_text_unit(const char *text, const char *end)
{
    int unit = 0;
    if (end - text < WI_TEXT_UNIT_SIZE || text[0] != '\\' || text[1] != 'u')
        return -1;
    for (int i = 2; i < WI_TEXT_UNIT_SIZE; i++) {
        int digit = wi_text_hex_digit(text[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Writes `count` bytes as lower-case digits, with a NUL: `hex` has 2 * count + 1 bytes. */
void wi_text_hex(const unsigned char *bytes, size_t count, char *hex);

/* Base64url without padding (RFC 4648, 5): the characters for `count` bytes, with the NUL. */
#define WI_BASE64URL_SIZE(count) ((8 * (count) + 5) / 6 + 1)
/* Writes `count` bytes: `text` has WI_BASE64URL_SIZE(count). */
void wi_text_base64url(const void *bytes, size_t count, char *text);
/* 0 and `count` bytes, or -1: `text` is not what wi_text_base64url writes for any. */
int wi_text_from_base64url(const char *text, unsigned char *bytes, size_t count);
/* How many digits of base64url `text` begins with. */
size_t wi_text_base64url_span(const char *text);

/* The length of the UTF-8 sequence at `text`, or 0 if there is no valid one of 2 to 4 bytes (RFC
 * 3629). Reads no further than a NUL. */
size_t wi_text_sequence(const char *text);
/* Makes `text` valid UTF-8 in place: an incomplete character at its end is removed, and other
 * invalid bytes become '?'. Returns `text`. */
char *wi_text_mend(char *text);
/* Copies as much of `text` (NULL: "") as fits, as UTF-8, cut at a character's end. Returns
 * `out`. */
char *wi_text_copy(char *out, size_t size, const char *text);
/* The same for logs, clients and close frames: control characters become spaces. */
void wi_text_printable(char *out, size_t size, const char *text);

/* Whether `text` is valid UTF-8 without the characters of wi_control_bytes. */
int wi_text_is_plain(const char *text);

/* Whether both are equal; NULL equals only NULL. */
int wi_text_equal(const char *a, const char *b);
/* Whether `text` ends with `end`, whatever the case of letters. */
int wi_text_ends(const char *text, const char *end);
/* Sorts rows of `size` bytes, each of which begins with a pointer to its name, by these names. */
void wi_names_sort(void *rows, size_t count, size_t size);
/* The index of the row with that name among rows sorted like this; -1: there is none. */
ssize_t wi_names_find(const void *rows, size_t count, size_t size, const char *name);
/* Appends an item to the list "a, b, c" in `list`, of `size` bytes; at first it is "". Items for
 * which there is no room become one "…" at the end. */
void wi_text_list_add(char *list, size_t size, const char *item);
/* The last segment of a path, after its last slash. */
const char *wi_text_basename(const char *path);

#define WI_DIGITS_SIZE 21 /* of the largest number, with the NUL */

/* Writes strings one after another into the `size` bytes at `out`; the list ends with NULL. Text
 * that does not fit is cut; there is always a NUL at the end. */
__attribute__((sentinel)) void wi_join(char *out, size_t size, ...);
/* `number` in decimal, inside `digits`. */
const char *wi_digits(char digits[WI_DIGITS_SIZE], uint64_t number);

#define WI_TIME_SIZE 32
/* Formats a Unix time in milliseconds as "2026-01-31T12:00:00.250Z". */
void wi_format_time(int64_t ms, char out[WI_TIME_SIZE]);

/* --- the characters by which a text could steer a terminal ------------------------------------ */

/* The length in bytes of the control character at the beginning of `text`, which is UTF-8: 1 for C0
 * and DEL, 2 for C1 (U+0080 to U+009F, encoded as C2 80 to C2 9F), 3 for the characters that change
 * the direction of text (U+202A to U+202E, U+2066 to U+2069). 0: `text` begins with another
 * character, or `length` is 0. */
static inline size_t wi_control_bytes(const char *text, size_t length)
{
    unsigned char first = length > 0 ? (unsigned char)text[0] : ' ';
    unsigned char second = length > 1 ? (unsigned char)text[1] : ' ';
    if (first < 0x20 || first == 0x7f)
        return 1;
    if (first == 0xc2)
        return second >= 0x80 && second < 0xa0 ? 2 : 0;
    if (first != 0xe2 || length < 3)
        return 0;
    unsigned char third = (unsigned char)text[2];
    return (second == 0x80 && third >= 0xaa && third <= 0xae) ||
                   (second == 0x81 && third >= 0xa6 && third <= 0xa9)
               ? 3
               : 0;
}

#endif
