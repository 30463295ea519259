/* Numbers as text: the shortest that reads back, checked against printf and strtod. */
#include "../../test.h"

#include "terms/tensor/number.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *float_text(float value)
{
    static char text[WI_NUMBER_SIZE + 1];
    size_t size = wi_print_float(text, value);
    assert_true(size <= WI_NUMBER_SIZE);
    text[size] = '\0';
    return text;
}

static const char *double_text(double value)
{
    static char text[WI_NUMBER_SIZE + 1];
    size_t size = wi_print_double(text, value);
    assert_true(size <= WI_NUMBER_SIZE);
    text[size] = '\0';
    return text;
}

TEST(prints_integers)
{
    char text[WI_NUMBER_SIZE + 1];
    text[wi_print_unsigned(text, UINT64_MAX)] = '\0';
    assert_string_equal(text, "18446744073709551615");
    text[wi_print_unsigned(text, 0)] = '\0';
    assert_string_equal(text, "0");
    text[wi_print_signed(text, INT64_MIN)] = '\0';
    assert_string_equal(text, "-9223372036854775808");
    text[wi_print_signed(text, -7)] = '\0';
    assert_string_equal(text, "-7");
}

TEST(prints_well_known_values)
{
    assert_string_equal(float_text(0.1f), "0.1");
    assert_string_equal(float_text(1), "1");
    assert_string_equal(float_text(-2.5f), "-2.5");
    assert_string_equal(float_text(16777216), "16777216");
    assert_string_equal(float_text(1.0f / 3), "0.33333334");
    assert_string_equal(float_text(100000), "100000");
    assert_string_equal(float_text(1e10f), "10000000000");
    assert_string_equal(float_text(123456.79f), "123456.79");
    assert_string_equal(float_text(0.00001f), "0.00001");
    assert_string_equal(float_text(1e-6f), "1e-6");
    assert_string_equal(float_text(1.5e-7f), "1.5e-7");
    assert_string_equal(float_text(FLT_MAX), "3.4028235e+38");
    assert_string_equal(float_text(FLT_TRUE_MIN), "1e-45");
    assert_string_equal(float_text(0), "0");
    assert_string_equal(float_text(-0.0f), "-0.0");
    assert_string_equal(float_text(NAN), "\"NaN\"");
    assert_string_equal(float_text(INFINITY), "\"Infinity\"");
    assert_string_equal(float_text(-INFINITY), "\"-Infinity\"");
    assert_string_equal(double_text(0.1), "0.1");
    assert_string_equal(double_text(0.1f), "0.10000000149011612");
    assert_string_equal(double_text(5e-324), "5e-324");
    assert_string_equal(double_text(DBL_MAX), "1.7976931348623157e+308");
    assert_string_equal(double_text((double)9007199254740993), "9007199254740992");
    assert_string_equal(double_text(1e15), "1000000000000000");
    assert_string_equal(double_text(1e22), "1e+22");
    assert_string_equal(double_text(0.3), "0.3");
    assert_string_equal(double_text(2.0 / 3), "0.6666666666666666");
    assert_string_equal(double_text(0.99999999999999989), "0.9999999999999999");
}

/* xorshift64*: the same values in every run. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1d;
}

/* Significant digits in a number's text. */
static int count_digits(const char *text)
{
    int count = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        if (*text == '0') {
            zeros += count > 0;
            continue;
        }
        count += 1 + zeros;
        zeros = 0;
    }
    return count;
}

static void check_float(float value)
{
    char reference[64];
    const char *text = float_text(value);
    int precision = 1;
    if (strtof(text, NULL) != value)
        fail_msg("%.9g printed as %s", (double)value, text);
    for (; precision < 9; precision++) {
        snprintf(reference, sizeof reference, "%.*g", precision, (double)value);
        if (strtof(reference, NULL) == value)
            break;
    }
    if (count_digits(text) > precision)
        fail_msg("%s is longer than %d digits", text, precision);
}

static void check_double(double value)
{
    char reference[64];
    const char *text = double_text(value);
    int precision = 1;
    if (strtod(text, NULL) != value)
        fail_msg("%.17g printed as %s", value, text);
    for (; precision < 17; precision++) {
        snprintf(reference, sizeof reference, "%.*g", precision, value);
        if (strtod(reference, NULL) == value)
            break;
    }
    if (count_digits(text) > precision)
        fail_msg("%s is longer than %d digits", text, precision);
}

TEST(floats_are_shortest_and_read_back)
{
    uint64_t seed = 42;
    for (int i = 0; i < 60000; i++) {
        uint32_t bits = (uint32_t)(next_random(&seed) >> 32);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            check_float(value);
        check_float((float)((double)next_random(&seed) / 1.8e19 * 2 - 1));
        check_float((float)(next_random(&seed) >> 54) / 100);
    }
    for (int e = -149; e < 128; e++) { /* powers of two: the gap below is the smaller one */
        check_float(ldexpf(1, e));
        check_float(nextafterf(ldexpf(1, e), 0));
        check_float(nextafterf(ldexpf(1, e), INFINITY));
    }
}

TEST(doubles_are_shortest_and_read_back)
{
    uint64_t seed = 4711;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            check_double(value);
        check_double((double)next_random(&seed) / 1.8e19 * 2 - 1);
        check_double((double)(next_random(&seed) >> 44) / 1000);
        check_double((double)(next_random(&seed)) / 3.7e12);
    }
    for (int e = -1000; e < 1000; e++) {
        check_double(ldexp(1, e));
        check_double(nextafter(ldexp(1, e), 0));
        check_double(nextafter(ldexp(1, e), INFINITY));
    }
}
