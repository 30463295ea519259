/* Text of UTF-8 that has to fit somewhere, or comes from where nobody has looked at it. */
#ifndef WI_BASE_TEXT_H
#define WI_BASE_TEXT_H

#include <stddef.h>

/* What the hexadecimal digit `c` stands for, or -1 where it is none. */
static inline int wi_text_hex_digit(char c)
{
    unsigned digit = (unsigned char)c - '0', letter = ((unsigned char)c | 0x20) - 'a';
    return digit < 10 ? (int)digit : letter < 6 ? (int)letter + 10 : -1;
}

/* The length of the UTF-8 sequence at `text`, or 0 if there is no valid one of 2 to 4 bytes (RFC
 * 3629). Looks no further than a NUL. */
size_t wi_text_sequence(const char *text);
/* Makes `text` UTF-8 where it lies: a character that was cut at its end goes, and other bytes that
 * are no UTF-8 become '?'. Returns `text`. */
char *wi_text_mend(char *text);
/* Copies what fits of `text` (NULL is ""), as UTF-8, cut at a character's end. Returns `out`. */
char *wi_text_copy(char *out, size_t size, const char *text);

#endif
