/* Doubles out of decimal digits, for the numbers that programs write. */
#ifndef WI_BASE_DECIMAL_H
#define WI_BASE_DECIMAL_H

#include <stdint.h>

#define WI_DECIMAL_DIGITS 19 /* so many always fit a uint64_t */

/* `digits` with the point `places` before its end, at most WI_DECIMAL_DIGITS: the nearest double,
 * of two that are as near the even one. It is what strtod() gives, at an eighth of the cost. */
double wi_decimal(uint64_t digits, unsigned places);

#endif
