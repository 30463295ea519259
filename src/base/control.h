/* The characters by which a text could steer a terminal. */
#ifndef WI_BASE_CONTROL_H
#define WI_BASE_CONTROL_H

#include <stddef.h>

/* How many bytes a control character takes that `text`, UTF-8, begins with: 1 for those of C0 and
 * for DEL, 2 for those of C1 (U+0080 to U+009F, which are C2 80 to C2 9F); 0: it begins with
 * another character, or `length` is 0. */
static inline size_t wi_control_bytes(const char *text, size_t length)
{
    unsigned char first = length > 0 ? (unsigned char)text[0] : ' ';
    unsigned char second = length > 1 ? (unsigned char)text[1] : ' ';
    if (first < 0x20 || first == 0x7f)
        return 1;
    return first == 0xc2 && second >= 0x80 && second < 0xa0 ? 2 : 0;
}

#endif
