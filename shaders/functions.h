/*
 * Elementary functions of 32-bit floats, without branches, so that loops over them become SIMD.
 * NaN gives NaN.
 */
#ifndef KERNEL_FUNCTIONS_H
#define KERNEL_FUNCTIONS_H

#include "kernel.h"

static inline float float_of_bits(uint32_t bits)
{
    float value;
    __builtin_memcpy(&value, &bits, sizeof value);
    return value;
}

static inline float larger(float a, float b)
{
    return a > b ? a : b;
}

static inline float smaller(float a, float b)
{
    return a < b ? a : b;
}

/* e^x: 2^n · e^r with |r| ≤ ln 2 / 2, whose series ends at r^7/7!. Its error is below 3e-7 of the
 * value. Below -87 it is 0, above 88.7 infinity. */
static inline float exp_of(float x)
{
    float kept = larger(smaller(x, 89.0f), -88.0f);
    float n = kept * 1.44269504f;
    n = (float)(int32_t)(n + (n < 0 ? -0.5f : 0.5f));
    float r = kept - n * 0.693359375f;
    r = r + n * 2.12194440e-4f; /* ln 2 is the first less the second */
    float sum = 1.0f / 5040;
    sum = sum * r + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    /* In two steps, for 2^128 is no float. */
    int32_t power = (int32_t)n, half = power / 2;
    float value = sum * float_of_bits((uint32_t)(half + 127) << 23) *
                  float_of_bits((uint32_t)(power - half + 127) << 23);
    value = x < -87.0f ? 0.0f : value;
    return x != x ? x : value;
}

/* e^x of four x that are not above 0, as exp_of, with a series that ends at r^6/6!: its error is
 * below 4e-7 of the value. What is added rounds to a whole number, whose low bits are then n. */
static inline float4 exp_below(float4 x)
{
    const float4 shift = {12582912, 12582912, 12582912, 12582912}; /* 1.5 * 2^23 */
    float4 shifted = x * 1.44269504f + shift, n = shifted - shift;
    float4 r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float4 sum = r * (1.0f / 720) + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    float4 value = sum * (float4)(((bits4)shifted << 23) + (127u << 23));
    return (float4)((bits4)value & ~(bits4)(x < -87.0f));
}

/* The error function by Abramowitz and Stegun, 7.1.26: within 1.5e-7. */
static inline float erf_of(float x)
{
    float size = x < 0 ? -x : x;
    float t = 1.0f / (1.0f + 0.3275911f * size);
    float sum = 1.061405429f;
    sum = sum * t - 1.453152027f;
    sum = sum * t + 1.421413741f;
    sum = sum * t - 0.284496736f;
    sum = sum * t + 0.254829592f;
    float value = 1.0f - sum * t * exp_of(-size * size);
    return x < 0 ? -value : value;
}

static inline float root_of(float x)
{
    return __builtin_sqrtf(x);
}

#endif
