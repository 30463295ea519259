/*
 * Shortest decimal text of binary floating-point numbers.
 *
 * A finite v > 0 is scaled to s = v * 10^k with 17 digits before the point, in double-double
 * arithmetic (T. J. Dekker, "A floating-point technique for extending the available precision",
 * 1971) with powers of ten that are exact in it up to 10^45. Every decimal inside (v - below/2, v +
 * above/2), the gaps to the neighbours halved, reads back as v. So s is rounded to fewer and fewer
 * digits for as long as it stays inside, with a margin far above the arithmetic's error. Values
 * outside 1e-28 … 1e17, and the rare ones for which a shorter decimal is exactly on the border,
 * take printf and strtod, precision by precision.
 */
#include "terms/tensor/number.h"

#include "base/text.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 17 };

/* 10^k = highs[k] + lows[k], exactly. */
static const double highs[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12,
    1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28,
    1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38, 1e39, 1e40, 1e41, 1e42, 1e43, 1e44,
    1e45};
static const double lows[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    8388608.0, 16777216.0, -905969664.0, -4764729344.0, -13287555072.0, 416880263168.0,
    8566849142784.0, -19884624838656.0, 364103705034752.0, -5366162204393472.0,
    5.442476901295718e+16, 5.4424769012957184e+17, 3.1366338920820244e+18, -4.242063737401796e+19,
    4.6123734179787886e+20, 2.251190176543966e+21, 6.029083362839682e+22, -3.037860284270037e+23,
    -6.200086450407783e+23, -4.488571267807592e+25, -1.393721169594141e+26, -8.821361405306423e+27,
    7.024271097546445e+28};
enum { MAX_POWER = sizeof highs / sizeof highs[0] - 1 };

/* 10^power, which is exact in a double, and below 2^63. */
static uint64_t integer_power(int power)
{
    return (uint64_t)(int64_t)highs[power];
}

size_t wi_print_unsigned(char *out, uint64_t value)
{
    char digits[WI_DIGITS_SIZE];
    const char *text = wi_digits(digits, value);
    size_t count = strlen(text);

    memcpy(out, text, count);
    return count;
}

size_t wi_print_signed(char *out, int64_t value)
{
    if (value >= 0)
        return wi_print_unsigned(out, (uint64_t)value);
    out[0] = '-';
    return 1 + wi_print_unsigned(out + 1, 0 - (uint64_t)value);
}

/* A decimal: digits (no trailing zero unless it is the only one) with the point after the first,
 * times 10^exponent. */
struct decimal {
    uint64_t digits;
    int count;
    int exponent;
};

/* Plain notation for moderate exponents, else "1.5e-7". */
static size_t print_decimal(char *out, const struct decimal *decimal)
{
    char digits[20];
    size_t used = 0;
    int count = decimal->count, exponent = decimal->exponent;

    wi_print_unsigned(digits, decimal->digits);
    if (exponent >= 0 && exponent < DIGITS) {
        for (int i = 0; i <= exponent || i < count; i++) {
            if (i == exponent + 1)
                out[used++] = '.';
            out[used++] = i < count ? digits[i] : '0';
        }
        return used;
    }
    if (exponent < 0 && exponent >= -5) {
        out[used++] = '0';
        out[used++] = '.';
        for (int i = -1; i > exponent; i--)
            out[used++] = '0';
        memcpy(out + used, digits, (size_t)count);
        return used + (size_t)count;
    }
    out[used++] = digits[0];
    if (count > 1) {
        out[used++] = '.';
        memcpy(out + used, digits + 1, (size_t)count - 1);
        used += (size_t)count - 1;
    }
    out[used++] = 'e';
    return used + wi_print_signed(out + used, exponent);
}

/* v scaled to an integer part of 17 digits and the rest, in [0, 1]. */
struct scaled {
    uint64_t whole;
    double rest;
    int exponent; /* v = whole.rest * 10^(exponent - 16) */
};

/* v * 10^power as whole and rest; -1 if whole has not 17 digits. */
static int value_scale(double v, int power, struct scaled *scaled)
{
    double high = v * highs[power];

    if (!(high >= 9.9e15 && high < 1.01e17)) /* whole fits int64_t, and high is an integer */
        return -1;
    double low = fma(v, highs[power], -high) + v * lows[power];
    double whole_low = floor(low);
    scaled->whole = (uint64_t)((int64_t)high + (int64_t)whole_low);
    scaled->rest = low - whole_low;
    scaled->exponent = DIGITS - 1 - power;
    return scaled->whole >= integer_power(DIGITS - 1) && scaled->whole < integer_power(DIGITS) ? 0
                                                                                               : -1;
}

/* `binary` is the exponent of v's leading bit. */
static int scale_to_digits(double v, int binary, struct scaled *scaled)
{
    /* log10(2) = 0.30103: v's decimal exponent is this or one more (or, by rounding, one less). */
    int power = DIGITS - 1 - (int)floor(binary * 0.30103);

    for (int i = 0; i < 3; i++) {
        int k = power + (i == 1 ? -1 : i == 2 ? 1 : 0);

        if (k >= 0 && k <= MAX_POWER && value_scale(v, k, scaled) == 0)
            return 0;
    }
    return -1;
}

/* `scaled` rounded to `count` digits, as an integer of 17 digits again. */
static uint64_t round_to(const struct scaled *scaled, int count)
{
    uint64_t unit = integer_power(DIGITS - count);

    if (unit == 1)
        return scaled->whole + (scaled->rest >= 0.5);
    return (scaled->whole + unit / 2) / unit * unit;
}

/* Whether `candidate` is inside the interval that rounds to v, `above` and `below` being half the
 * gaps in units of the last digit: 1 or 0, or -1 if it is on the interval's border, where rounding
 * to even decides. The difference is far below 2^53 wherever it matters. */
static int candidate_is_inside(
    const struct scaled *scaled, uint64_t candidate, double above, double below)
{
    double distance = (double)(int64_t)(candidate - scaled->whole) - scaled->rest;
    double size = distance > 0 ? distance : -distance, limit = distance > 0 ? above : below;

    if (size < limit * (1 - 1e-9))
        return 1;
    return size > limit * (1 + 1e-9) ? 0 : -1;
}

/* A value to shorten, as its format has it. */
struct binary {
    double value;
    double gap;   /* to the next larger value */
    int exponent; /* of the leading bit */
    int power;    /* of two: the gap below is half of the one above */
    int most;     /* digits that always suffice */
};

/* The shortest decimal of v; -1 where that cannot be told here. */
static int binary_shorten(const struct binary *v, struct decimal *decimal)
{
    struct scaled scaled;
    int count = v->most, fits = 1;

    if (scale_to_digits(v->value, v->exponent, &scaled) < 0)
        return -1;
    /* whole / value is 10^k, near enough for the gaps: see the margin */
    double gap_above = 0.5 * v->gap * ((double)scaled.whole / v->value);
    double gap_below = v->power ? gap_above / 2 : gap_above;
    uint64_t best = round_to(&scaled, count);
    if (candidate_is_inside(&scaled, best, gap_above, gap_below) != 1)
        return -1;
    while (count > 1 && fits == 1) {
        uint64_t next = round_to(&scaled, count - 1);
        fits = candidate_is_inside(&scaled, next, gap_above, gap_below);
        if (fits == 1) {
            best = next;
            count--;
        }
    }
    if (fits < 0)
        return -1;
    decimal->exponent = scaled.exponent;
    if (best == integer_power(DIGITS)) { /* 9.99 became 10.0 */
        best /= 10;
        decimal->exponent++;
    }
    best /= integer_power(DIGITS - count);
    while (count > 1 && best % 10 == 0) {
        best /= 10;
        count--;
    }
    decimal->digits = best;
    decimal->count = count;
    return 0;
}

/* Any finite v, by trying precisions in turn; `as_float` says which reading must give v back. */
static size_t print_slowly(char *out, double v, int as_float)
{
    char text[WI_NUMBER_SIZE];
    int length = 0;

    for (int precision = 1; precision <= (as_float ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG);
         precision++) {
        length = snprintf(text, sizeof text, "%.*g", precision, v);
        if (as_float ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
            break;
    }
    memcpy(out, text, (size_t)length);
    return (size_t)length;
}

/* 2^exponent as a normal double. */
static double power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(exponent + 1023) << 52;
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* NaN, infinities and zeros; 0 for any other value. */
static size_t print_special(char *out, double v)
{
    const char *text;

    if (isnan(v))
        text = "\"NaN\"";
    else if (isinf(v))
        text = v < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    else if (v == 0)
        text = signbit(v) ? "-0.0" : "0"; /* "-0" would be read back as the integer 0 */
    else
        return 0;
    memcpy(out, text, strlen(text));
    return strlen(text);
}

/* A number without its sign, and as its format has it; `is_near` if its gap can be computed. */
static size_t print_binary(
    char *out, size_t used, const struct binary *v, int is_near, int as_float)
{
    struct decimal decimal;
    if (!is_near || binary_shorten(v, &decimal) < 0)
        return used + print_slowly(out + used, v->value, as_float);
    return used + print_decimal(out + used, &decimal);
}

size_t wi_print_float(char *out, float value)
{
    size_t used = print_special(out, value);
    float v = fabsf(value);
    uint32_t bits;

    if (used)
        return used;
    if (value < 0)
        out[used++] = '-';
    if (v < 1e6f && v == (float)(uint32_t)v)
        return used + wi_print_unsigned(out + used, (uint32_t)v);
    memcpy(&bits, &v, sizeof bits);
    int exponent = (int)(bits >> 23) - 127;
    struct binary binary = {.value = v,
        .exponent = exponent,
        .power = (bits & 0x7fffff) == 0,
        .gap = power_of_two(exponent - 23),
        .most = FLT_DECIMAL_DIG};
    return print_binary(out, used, &binary, exponent >= -126, 1);
}

size_t wi_print_double(char *out, double value)
{
    size_t used = print_special(out, value);
    double v = fabs(value);
    uint64_t bits;

    if (used)
        return used;
    if (value < 0)
        out[used++] = '-';
    if (v < 1e15 && v == (double)(uint64_t)v)
        return used + wi_print_unsigned(out + used, (uint64_t)v);
    memcpy(&bits, &v, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    int is_near = exponent >= -900; /* below it is subnormal, or its gap is */
    struct binary binary = {.value = v,
        .exponent = exponent,
        .power = (bits & 0xfffffffffffff) == 0,
        .gap = is_near ? power_of_two(exponent - 52) : 0,
        .most = DBL_DECIMAL_DIG};
    return print_binary(out, used, &binary, is_near, 0);
}

void wi_number_add(struct wi_buffer *out, double value)
{
    char text[WI_NUMBER_SIZE];
    wi_buffer_add(out, text, wi_print_double(text, value));
}
