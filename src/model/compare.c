/* Comparing answers; see compare.h. */
#include "model/compare_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of tensors as a graph has them: in 32 bits or more, and in fewer. */
static const struct wi_margin exact = {1e-3, 1e-4, 1e-6}, coarse = {1e-2, 1e-3, 1e-5};

/* --- elements ----------------------------------------------------------------------------------
 */

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half_value(uint16_t bits)
{
    int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    double value;

    if (exponent == 0x1f)
        value = fraction ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction | 0x400, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

/* The upper half of a binary32. */
static double brain_value(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;

    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

static int is_real(enum wi_datatype type)
{
    return type == WI_FP16 || type == WI_BF16 || type == WI_FP32 || type == WI_FP64;
}

/* A real element; offsets of outside make no alignment, so it is copied out. */
static double real_at(enum wi_datatype type, const unsigned char *bytes, size_t index)
{
    uint16_t bits;
    float single;
    double value;

    switch (type) {
    case WI_FP64:
        memcpy(&value, bytes + index * sizeof value, sizeof value);
        return value;
    case WI_FP32:
        memcpy(&single, bytes + index * sizeof single, sizeof single);
        return (double)single;
    default:
        memcpy(&bits, bytes + index * sizeof bits, sizeof bits);
        return type == WI_FP16 ? half_value(bits) : brain_value(bits);
    }
}

/* --- one tensor --------------------------------------------------------------------------------
 */

struct worst {
    double ratio; /* negative: none yet */
    const char *tensor;
    size_t index;
    double got, reference;
};

static double largest_of(enum wi_datatype type, const unsigned char *bytes, size_t count)
{
    double largest = 0;

    for (size_t i = 0; i < count; i++) {
        double value = fabs(real_at(type, bytes, i));
        if (value > largest && isfinite(value))
            largest = value;
    }
    return largest;
}

/* The error of one value in tolerances. */
static double error_of(double reference, double got, double largest, const struct wi_margin *margin)
{
    double tolerance;

    if (got == reference || (isnan(got) && isnan(reference)))
        return 0;
    if (!isfinite(got) || !isfinite(reference))
        return (double)INFINITY;
    tolerance =
        fmax(margin->relative * fabs(reference) + margin->of_largest * largest, margin->smallest);
    return fabs(got - reference) / tolerance;
}

static void compare_reals(const struct wi_tensor *reference, const struct wi_tensor *got,
    const struct wi_margin *margin, struct worst *worst)
{
    enum wi_datatype type = reference->datatype;
    const unsigned char *want = wi_tensor_bytes(reference), *have = wi_tensor_bytes(got);
    size_t count = reference->size / wi_datatype_size(type);
    double largest = largest_of(type, want, count);

    if (margin == &exact && (type == WI_FP16 || type == WI_BF16))
        margin = &coarse;
    for (size_t i = 0; i < count; i++) {
        double a = real_at(type, want, i), b = real_at(type, have, i);
        double ratio = error_of(a, b, largest, margin);
        if (ratio > worst->ratio)
            *worst = (struct worst){ratio, reference->name, i, b, a};
    }
}

/* Where two byte strings of one size first differ; `size` if they do not. */
static size_t first_difference(const unsigned char *a, const unsigned char *b, size_t size)
{
    size_t at = 0;

    if (memcmp(a, b, size) == 0)
        return size;
    while (a[at] == b[at])
        at++;
    return at;
}

/* --- the lists ---------------------------------------------------------------------------------
 */

static void differ(struct wi_comparison *out)
{
    out->same = 0;
    out->ratio = (double)INFINITY;
}

static int same_form(
    const struct wi_tensor *reference, const struct wi_tensor *got, struct wi_comparison *out)
{
    char have[80], want[80];

    if (reference->datatype != got->datatype) {
        snprintf(out->detail, sizeof out->detail, "%.80s is %s where WASM gives %s",
            reference->name, wi_datatype_name(got->datatype),
            wi_datatype_name(reference->datatype));
        return 0;
    }
    if (reference->rank != got->rank ||
        memcmp(reference->dims, got->dims, reference->rank * sizeof *got->dims) != 0) {
        wi_shape_format(got->dims, got->rank, have, sizeof have);
        wi_shape_format(reference->dims, reference->rank, want, sizeof want);
        snprintf(out->detail, sizeof out->detail, "%.48s has the shape %s where WASM gives %s",
            reference->name, have, want);
        return 0;
    }
    if (reference->size != got->size) { /* strings only: else the shape says it */
        snprintf(out->detail, sizeof out->detail, "%.80s differs in its text", reference->name);
        return 0;
    }
    return 1;
}

static int compare_tensor(const struct wi_tensor *reference, const struct wi_tensor *got,
    const struct wi_margin *margin, struct worst *worst, struct wi_comparison *out)
{
    size_t width = wi_datatype_size(reference->datatype), at;

    if (!same_form(reference, got, out))
        return 0;
    if (reference->size == 0)
        return 1;
    if (is_real(reference->datatype)) {
        compare_reals(reference, got, margin, worst);
        return 1;
    }
    at = first_difference(wi_tensor_bytes(reference), wi_tensor_bytes(got), reference->size);
    if (at == reference->size)
        return 1;
    snprintf(out->detail, sizeof out->detail, "%.80s differs at %zu, and %s must be equal",
        reference->name, width ? at / width : at, wi_datatype_name(reference->datatype));
    return 0;
}

const struct wi_tensor *wi_compare_find(
    const struct wi_tensors *list, const char *name, size_t guess)
{
    if (guess < list->count && strcmp(list->items[guess].name, name) == 0)
        return &list->items[guess];
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0)
            return &list->items[i];
    return NULL;
}

void wi_compare_within(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_margin *margin, struct wi_comparison *out)
{
    struct worst worst = {.ratio = 0};

    *out = (struct wi_comparison){.same = 1};
    if (reference->count != got->count) {
        snprintf(out->detail, sizeof out->detail, "%zu outputs where WASM gives %zu", got->count,
            reference->count);
        differ(out);
        return;
    }
    for (size_t i = 0; i < reference->count; i++) {
        const struct wi_tensor *want = &reference->items[i];
        const struct wi_tensor *have = wi_compare_find(got, want->name, i);
        if (!have)
            snprintf(out->detail, sizeof out->detail, "there is no output %.80s", want->name);
        if (!have || !compare_tensor(want, have, margin, &worst, out)) {
            differ(out);
            return;
        }
    }
    out->ratio = worst.ratio;
    out->same = worst.ratio <= 1;
    if (worst.ratio > 0)
        snprintf(out->detail, sizeof out->detail, "%.80s at %zu: %.9g where WASM gives %.9g",
            worst.tensor, worst.index, worst.got, worst.reference);
}

void wi_compare(const struct wi_tensors *reference, const struct wi_tensors *got,
    const struct wi_tolerance *tolerance, struct wi_comparison *out)
{
    wi_compare_within(reference, got, tolerance->loose ? &coarse : &exact, out);
}
