/* The characters by which a text could steer a terminal. */
#ifndef WI_BASE_CONTROL_H
#define WI_BASE_CONTROL_H

#include <stddef.h>

/* How many bytes a control character takes that `text`, UTF-8, begins with: 1 for those of C0 and
 * for DEL, 2 for those of C1 (U+0080 to U+009F, which are C2 80 to C2 9F), 3 for those that turn
 * the direction of what follows (U+202A to U+202E, U+2066 to U+2069); 0: it begins with another
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
