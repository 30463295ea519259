/*
 * Short texts into arrays of fixed size, where every request passes: what snprintf would do,
 * without reading a format.
 */
#ifndef WI_BASE_JOIN_H
#define WI_BASE_JOIN_H

#include <stddef.h>
#include <stdint.h>

#define WI_DIGITS_SIZE 21 /* of the largest number, with the NUL */

/* Writes strings one after another into the `size` bytes at `out`; the list ends with NULL. What
 * does not fit is cut; there is always a NUL at the end. */
__attribute__((sentinel)) void wi_join(char *out, size_t size, ...);
/* `number` in decimal, inside `digits`. */
const char *wi_digits(char digits[WI_DIGITS_SIZE], uint64_t number);

#endif
