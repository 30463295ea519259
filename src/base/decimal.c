/*
 * Doubles out of decimal digits. Nothing is lost on the way: the digits are divided as an integer
 * of 128 bits, and of the rest only whether there is one matters, which one bit far behind those of
 * a double says. So the only rounding is the conversion's.
 */
#include "base/decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __SIZEOF_INT128__

#define TEN_TO_4(x) (x), (x)*10, (x)*100, (x)*1000

static const uint64_t powers[WI_DECIMAL_DIGITS + 1] = {TEN_TO_4(1u), TEN_TO_4(10000u),
    TEN_TO_4(UINT64_C(100000000)), TEN_TO_4(UINT64_C(1000000000000)),
    TEN_TO_4(UINT64_C(10000000000000000))};

double wi_decimal(uint64_t digits, unsigned places)
{
    __extension__ typedef unsigned __int128 wide;
    if (digits == 0)
        return 0;
    /* As large as it gets, so that the quotient has 63 bits at least. */
    int shift = __builtin_clzll(digits);
    wide dividend = (wide)(digits << shift) << 63;
    wide quotient = dividend / powers[places];
    int rest = quotient * powers[places] != dividend;
    return ldexp((double)(quotient | (wide)rest), -63 - shift);
}

#else

double wi_decimal(uint64_t digits, unsigned places)
{
    char text[32];
    snprintf(text, sizeof text, "%llue-%u", (unsigned long long)digits, places);
    return strtod(text, NULL);
}

#endif
