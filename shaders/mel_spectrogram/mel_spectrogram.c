/*
 * The spectrogram of samples[*, t] at mel frequencies: y[*, mels, frames], as table.c says it, of
 * four frames at a time. Of a window of n samples those that are as far from its beginning as
 * others from its end have the same cosine, and the opposite sine: their sums and differences are
 * made first.
 */
#include "functions.h"
#include "kernel.h"

#define WINDOW_MAX 2048 /* as table.c says it */
#define HALF (WINDOW_MAX / 2 + 1)
#define TURN 6.283185307179586

struct spectrum {
    float cosine[WINDOW_MAX], sine[WINDOW_MAX]; /* of a turn's parts */
    float4 even[HALF], odd[HALF];               /* of each of four frames */
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

static void fill_turn(struct spectrum *spectrum, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        double part = (double)i / n;
        spectrum->cosine[i] = (float)cosine_of(part);
        spectrum->sine[i] = (float)cosine_of(part < 0.25 ? part + 0.75 : part - 0.25);
    }
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

static float4 four(
    const struct kernel_call *call, const float *samples, uint32_t frame, uint32_t at)
{
    const uint32_t n = call->size[2], last = call->size[5] - 1;
    float4 made;
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t its = frame + i < last ? frame + i : last;
        int64_t begin = (int64_t)its * (int64_t)call->option[0] - n / 2;
        made[i] = sample(samples, call->size[1], begin + at) * call->in[1][at];
    }
    return made;
}

static void fold(
    struct spectrum *spectrum, const struct kernel_call *call, const float *samples, uint32_t frame)
{
    const uint32_t n = call->size[2];
    for (uint32_t at = 0; at <= n / 2 && at < n; at++) {
        float4 one = four(call, samples, frame, at), none = {0};
        float4 other = at == 0 || 2 * at == n ? none : four(call, samples, frame, n - at);
        spectrum->even[at] = one + other;
        spectrum->odd[at] = one - other;
    }
}

static float4 power(const struct spectrum *spectrum, uint32_t n, uint32_t bin)
{
    float4 real = {0}, imaginary = {0};
    uint32_t step = n ? bin % n : 0, angle = 0;
    for (uint32_t at = 0; at <= n / 2 && at < n; at++) {
        real += spectrum->even[at] * spectrum->cosine[angle];
        imaginary += spectrum->odd[at] * spectrum->sine[angle];
        angle += step;
        angle -= angle >= n ? n : 0;
    }
    return real * real + imaginary * imaginary;
}

/* Adds a bin's power to all mels, in the output. */
static void add(
    const struct kernel_call *call, float *y, uint32_t frame, uint32_t bin, float4 power)
{
    const uint32_t mels = call->size[3], bins = call->size[4], frames = call->size[5];
    const uint32_t count = frames - frame < 4 ? frames - frame : 4;
    for (uint32_t mel = 0; mel < mels; mel++) {
        float share = call->in[2][(uint64_t)mel * bins + bin];
        if (share == 0) /* as most are */
            continue;
        for (uint32_t i = 0; i < count; i++)
            y[(uint64_t)mel * frames + frame + i] += share * power[i];
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
    const uint32_t t = call->size[1], n = call->size[2], bins = call->size[4],
                   frames = call->size[5];
    const uint64_t count = (uint64_t)call->size[3] * frames;
    struct spectrum spectrum;
    fill_turn(&spectrum, n);
    for (uint32_t one = 0; one < call->size[0]; one++) {
        const float *samples = call->in[0] + (uint64_t)one * t;
        float *y = call->out + one * count;
        for (uint64_t i = 0; i < count; i++)
            y[i] = 0;
        for (uint32_t frame = 0; frame < frames; frame += 4) {
            fold(&spectrum, call, samples, frame);
            for (uint32_t bin = 0; bin < bins; bin++)
                add(call, y, frame, bin, power(&spectrum, n, bin));
        }
        normalise(y, count);
    }
}
