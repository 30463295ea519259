/* The characters by which a text could steer a terminal. */
#ifndef WI_BASE_CONTROL_H
#define WI_BASE_CONTROL_H

#include <stddef.h>

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
