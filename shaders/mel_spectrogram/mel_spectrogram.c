/*
 * The spectrogram of samples[*, t] at mel frequencies: y[*, mels, frames], as table.c says it, of
 * four frames at a time, each in a lane of its own. A window is transformed by decimation in time
 * (Cooley and Tukey, An algorithm for the machine calculation of complex Fourier series, 1965),
 * whatever the factors of its length are; the numbers of an even window are the two parts of half
 * as many complex ones.
 */
#include "functions.h"
#include "kernel.h"

#define WINDOW_MAX 2048 /* as table.c says it; so many bins as well */
#define FACTORS_MAX 12
#define TURN 6.283185307179586

struct complex4 {
    float4 re, im;
};

struct spectrum {
    const struct kernel_call *call;
    const float *samples;
    uint32_t frame;                /* the first of the four */
    uint32_t n, count, each;       /* `each` of the n numbers of a window are one of `count` */
    uint32_t factors[FACTORS_MAX]; /* whose product is the count */
    float cosine[WINDOW_MAX], sine[WINDOW_MAX]; /* of a turn's n parts */
    struct complex4 made[WINDOW_MAX];
    struct complex4 few[WINDOW_MAX]; /* what becomes as many numbers of the whole */
    float4 power[WINDOW_MAX];        /* of each bin */
};

/* cos(2π · part) by its series, with a part from 0 to 1; it is symmetric about a half and, but for
 * its sign, about a quarter. */
static double cosine_of(double part)
{
    double fold = part > 0.5 ? 1 - part : part;
    double sign = fold > 0.25 ? -1 : 1, angle = TURN * (fold > 0.25 ? 0.5 - fold : fold);
    double sum = 1, term = 1;
    for (int i = 1; i < 22; i += 2) {
        term *= -angle * angle / (i * (i + 1));
        sum += term;
    }
    return sign * sum;
}

static void factorise(struct spectrum *spectrum)
{
    uint32_t rest = spectrum->count, used = 0;
    for (; rest % 4 == 0; rest /= 4)
        spectrum->factors[used++] = 4;
    for (uint32_t factor = 2; rest > 1; factor += factor > 2 ? 2 : 1) {
        if (factor * factor > rest)
            factor = rest; /* which is a prime */
        for (; rest % factor == 0; rest /= factor)
            spectrum->factors[used++] = factor;
    }
    if (used == 0) /* of one number */
        spectrum->factors[0] = 1;
}

static void begin(struct spectrum *spectrum, const struct kernel_call *call)
{
    const uint32_t n = call->size[2];
    spectrum->call = call;
    spectrum->n = n;
    spectrum->each = n % 2 ? 1 : 2;
    spectrum->count = n / spectrum->each;
    for (uint32_t i = 0; i < n; i++) {
        double part = (double)i / n;
        spectrum->cosine[i] = (float)cosine_of(part);
        spectrum->sine[i] = (float)cosine_of(part < 0.25 ? part + 0.75 : part - 0.25);
    }
    if (n > 0)
        factorise(spectrum);
}

/* The sample there, reflected at the first and the last of t. */
static float sample(const float *samples, uint32_t t, int64_t at)
{
    int64_t back = 2 * ((int64_t)t - 1);
    if (at >= 0 && at < t)
        return samples[at];
    if (back == 0)
        return samples[0];
    at = (at < 0 ? -at : at) % back;
    return samples[at < t ? at : back - at];
}

/* A number of the windows of the four frames. */
static float4 windowed(const struct spectrum *spectrum, uint32_t at)
{
    const struct kernel_call *call = spectrum->call;
    const uint32_t last = call->size[5] - 1;
    float4 made;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t its = spectrum->frame + i < last ? spectrum->frame + i : last;
        int64_t begin = (int64_t)its * (int64_t)call->option[0] - spectrum->n / 2;
        made[i] = sample(spectrum->samples, call->size[1], begin + at) * call->in[1][at];
    }
    return made;
}

static void take(struct spectrum *spectrum, uint32_t from, uint32_t step, uint32_t factor)
{
    for (uint32_t q = 0; q < factor; q++) {
        uint32_t at = (from + q * step) * spectrum->each;
        spectrum->few[q].re = windowed(spectrum, at);
        spectrum->few[q].im = spectrum->each == 2 ? windowed(spectrum, at + 1) : (float4){0};
    }
}

/* What was made before, each turned by its share of the angle. */
static void take_turned(
    struct spectrum *spectrum, uint32_t at, uint32_t count, uint32_t factor, uint32_t angle)
{
    spectrum->few[0] = spectrum->made[at];
    for (uint32_t q = 1; q < factor; q++) {
        struct complex4 one = spectrum->made[at + q * count];
        float cosine = spectrum->cosine[q * angle], sine = spectrum->sine[q * angle];
        spectrum->few[q].re = one.re * cosine + one.im * sine;
        spectrum->few[q].im = one.im * cosine - one.re * sine;
    }
}

static void combine_two(const struct complex4 *few, struct complex4 *to, uint32_t step)
{
    to[0] = (struct complex4){few[0].re + few[1].re, few[0].im + few[1].im};
    to[step] = (struct complex4){few[0].re - few[1].re, few[0].im - few[1].im};
}

static void combine_four(const struct complex4 *few, struct complex4 *to, uint32_t step)
{
    struct complex4 even = {few[0].re + few[2].re, few[0].im + few[2].im},
                    apart = {few[0].re - few[2].re, few[0].im - few[2].im},
                    odd = {few[1].re + few[3].re, few[1].im + few[3].im},
                    other = {few[1].re - few[3].re, few[1].im - few[3].im};
    to[0] = (struct complex4){even.re + odd.re, even.im + odd.im};
    to[step] = (struct complex4){apart.re + other.im, apart.im - other.re};
    to[2 * step] = (struct complex4){even.re - odd.re, even.im - odd.im};
    to[3 * step] = (struct complex4){apart.re - other.im, apart.im + other.re};
}

/* An odd number of them: those that are as far from the first as others from the last have the same
 * cosine, and the opposite sine. */
static void combine_odd(
    struct spectrum *spectrum, struct complex4 *to, uint32_t step, uint32_t factor)
{
    struct complex4 *few = spectrum->few;
    const uint32_t part = spectrum->n / factor;
    struct complex4 sum = few[0];
    for (uint32_t q = 1; q <= factor / 2; q++) {
        struct complex4 one = few[q], other = few[factor - q];
        few[q] = (struct complex4){one.re + other.re, one.im + other.im};
        few[factor - q] = (struct complex4){one.re - other.re, one.im - other.im};
        sum.re += few[q].re;
        sum.im += few[q].im;
    }
    to[0] = sum;
    for (uint32_t r = 1; r <= factor / 2; r++) {
        struct complex4 same = few[0], opposite = {0};
        for (uint32_t q = 1, angle = r; q <= factor / 2; q++) {
            float cosine = spectrum->cosine[angle * part], sine = spectrum->sine[angle * part];
            same.re += few[q].re * cosine;
            same.im += few[q].im * cosine;
            opposite.re += few[factor - q].re * sine;
            opposite.im += few[factor - q].im * sine;
            angle += r;
            angle -= angle >= factor ? factor : 0;
        }
        to[r * step] = (struct complex4){same.re + opposite.im, same.im - opposite.re};
        to[(factor - r) * step] = (struct complex4){same.re - opposite.im, same.im + opposite.re};
    }
}

static void combine(struct spectrum *spectrum, uint32_t to, uint32_t step, uint32_t factor)
{
    if (factor == 2)
        combine_two(spectrum->few, spectrum->made + to, step);
    else if (factor == 4)
        combine_four(spectrum->few, spectrum->made + to, step);
    else
        combine_odd(spectrum, spectrum->made + to, step, factor);
}

/* Transforms every `step`th number of the windows from `from` on, to `to` on. */
static void transform(
    struct spectrum *spectrum, uint32_t from, uint32_t step, uint32_t to, uint32_t level)
{
    const uint32_t factor = spectrum->factors[level], count = spectrum->count / step / factor;
    if (count == 1) {
        take(spectrum, from, step, factor);
        combine(spectrum, to, 1, factor);
        return;
    }
    for (uint32_t q = 0; q < factor; q++)
        transform(spectrum, from + q * step, step * factor, to + q * count, level + 1);
    for (uint32_t k = 0; k < count; k++) {
        take_turned(spectrum, to + k, count, factor, k * step * spectrum->each);
        combine(spectrum, to + k, count, factor);
    }
}

/* Of a bin up to the middle of the spectrum: the numbers at even places of the windows, and those
 * at odd ones, are told apart by their symmetries. */
static float4 power_of(const struct spectrum *spectrum, uint32_t bin)
{
    const uint32_t half = spectrum->count;
    struct complex4 one = spectrum->made[bin % half], sum = one;
    if (spectrum->each == 2) {
        struct complex4 other = spectrum->made[(half - bin) % half];
        struct complex4 even = {one.re + other.re, one.im - other.im},
                        odd = {one.im + other.im, other.re - one.re};
        float cosine = spectrum->cosine[bin], sine = spectrum->sine[bin];
        sum.re = 0.5f * (even.re + odd.re * cosine + odd.im * sine);
        sum.im = 0.5f * (even.im + odd.im * cosine - odd.re * sine);
    }
    return sum.re * sum.re + sum.im * sum.im;
}

static void measure(struct spectrum *spectrum)
{
    const uint32_t n = spectrum->n, bins = spectrum->call->size[4];
    if (n > 0)
        transform(spectrum, 0, 1, 0, 0);
    for (uint32_t bin = 0; bin < bins; bin++) {
        uint32_t at = n ? bin % n : 0;
        spectrum->power[bin] = n ? power_of(spectrum, at > n / 2 ? n - at : at) : (float4){0};
    }
}

/* Whether all four shares are 0, as most are. */
static int are_none(const float *shares)
{
    uint64_t bits[2];
    __builtin_memcpy(bits, shares, sizeof bits);
    return (bits[0] | bits[1]) == 0;
}

static float4 filtered(const struct spectrum *spectrum, const float *shares, uint32_t bins)
{
    float4 sum = {0};
    for (uint32_t bin = 0; bin < bins;) {
        const uint32_t end = bins - bin < 4 ? bins : bin + 4;
        if (end - bin == 4 && are_none(shares + bin))
            bin = end;
        for (; bin < end; bin++)
            if (shares[bin] != 0)
                sum += shares[bin] * spectrum->power[bin];
    }
    return sum;
}

/* The four frames, or what is left. */
static void put(const struct spectrum *spectrum, float *y)
{
    const uint32_t mels = spectrum->call->size[3], bins = spectrum->call->size[4],
                   frames = spectrum->call->size[5], frame = spectrum->frame;
    const uint32_t count = frames - frame < 4 ? frames - frame : 4;
    for (uint32_t mel = 0; mel < mels; mel++) {
        float4 sum = filtered(spectrum, spectrum->call->in[2] + (uint64_t)mel * bins, bins);
        for (uint32_t i = 0; i < count; i++)
            y[(uint64_t)mel * frames + frame + i] = sum[i];
    }
}

static void normalise(float *y, uint64_t count)
{
    float most = -__builtin_inff();
    for (uint64_t i = 0; i < count; i++) {
        y[i] = log_of(larger(y[i], 1e-10f)) * 0.434294482f;
        most = larger(y[i], most);
    }
    for (uint64_t i = 0; i < count; i++)
        y[i] = larger(y[i], most - 8) * 0.25f + 1;
}

KERNEL(mel_spectrogram)
{
    const uint32_t t = call->size[1], frames = call->size[5];
    const uint64_t count = (uint64_t)call->size[3] * frames;
    struct spectrum spectrum;
    begin(&spectrum, call);
    for (uint32_t one = 0; one < call->size[0]; one++) {
        float *y = call->out + one * count;
        spectrum.samples = call->in[0] + (uint64_t)one * t;
        for (spectrum.frame = 0; spectrum.frame < frames; spectrum.frame += 4) {
            measure(&spectrum);
            put(&spectrum, y);
        }
        normalise(y, count);
    }
}
