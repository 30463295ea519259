/* FP32 to FP16, for every FP16 number and what lies between two of them. */
#include "../../test.h"

#include "models/quantize/halves.h"
#include <math.h>

/* IEEE 754 read plainly: what a finite half stands for. */
static float value_of(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    double value = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return (float)(half & 0x8000 ? -value : value);
}

static uint16_t half_of(float value)
{
    uint16_t half;
    assert_int_equal(wi_halves_from(&value, 1, &half), 0);
    return half;
}

TEST(every_half_is_itself)
{
    for (unsigned half = 0; half < 0x10000; half++)
        if ((half & 0x7c00) != 0x7c00)
            assert_int_equal(half_of(value_of((uint16_t)half)), half);
}

TEST(what_lies_between_goes_to_the_nearest_and_ties_to_even)
{
    for (unsigned half = 1; half < 0x7bff; half++) {
        float low = value_of((uint16_t)half), high = value_of((uint16_t)(half + 1));
        float middle = low + (high - low) / 2;
        unsigned even = half % 2 ? half + 1 : half;
        assert_int_equal(half_of(middle), even);
        assert_int_equal(half_of(-middle), even | 0x8000);
        assert_int_equal(half_of(nextafterf(middle, low)), half);
        assert_int_equal(half_of(nextafterf(middle, high)), half + 1);
    }
}

TEST(what_is_beyond_stays_finite_and_what_is_tiny_does_not_vanish)
{
    assert_int_equal(half_of(65504), 0x7bff);
    assert_int_equal(half_of(65520), 0x7bff);
    assert_int_equal(half_of(3.4e38f), 0x7bff);
    assert_int_equal(half_of(-3.4e38f), 0xfbff);
    assert_int_equal(half_of(INFINITY), 0x7c00);
    assert_int_equal(half_of(-INFINITY), 0xfc00);
    assert_int_equal(half_of(0), 0);
    assert_int_equal(half_of(-0.0f), 0x8000);
    assert_int_equal(half_of(1e-12f), 1);
    assert_int_equal(half_of(-1e-45f), 0x8001);
}

static float lost(size_t count, const float *values)
{
    struct wi_halves_range range = {0};
    for (size_t i = 0; i < count; i++) /* in pieces */
        wi_halves_look(&range, values + i, 1);
    return wi_halves_lost(&range);
}
#define LOST(...) lost(sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__})

/* float16(65519.996) is 65504 in numpy 1.24.2, and float16(65520) is infinite. */
TEST(a_weight_beyond_is_lost)
{
    assert_true(LOST(0.5f, 65504, -65504, 65519.996f, -65519.996f) == 0);
    assert_true(LOST(0.5f, 65520) == 65520);
    assert_true(LOST(0.5f, -65520) == -65520);
    assert_true(LOST(0.5f, 2, 70000, 1e9f) == 70000);
    assert_true(LOST(100000) == 100000);
    assert_true(LOST(0, 1, 1e29f) == 1e29f);
}

TEST(what_stands_for_an_infinity_is_not)
{
    assert_true(LOST(0, -1e9f, 1, -1e9f) == 0);
    assert_true(LOST(-1e9f) == 0);
    assert_true(LOST(0.5f, -3.4028235e38f, 3.4028235e38f) == 0);
    assert_true(LOST(0.5f, INFINITY, -INFINITY) == 0);
}

TEST(what_is_no_number_is_refused)
{
    float values[] = {1, NAN, 2};
    uint16_t halves[3];
    assert_int_equal(wi_halves_from(values, 3, halves), -1);
}
