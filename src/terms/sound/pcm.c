/* Raw samples; see pcm.h. */
#include "terms/sound/pcm.h"

#include <assert.h>
#include <string.h>

#define FULL_SCALE 32768

const char *const wi_pcm_format_names[] = {"s16le", "f32le", NULL};

static size_t sample_size(const struct wi_pcm *pcm)
{
    return pcm->format == WI_PCM_F32LE ? 4 : 2;
}

size_t wi_pcm_moment(const struct wi_pcm *pcm)
{
    return sample_size(pcm) * pcm->channels;
}

uint64_t wi_pcm_ms(const struct wi_pcm *pcm, uint64_t moments)
{
    return moments / pcm->rate * 1000 + moments % pcm->rate * 1000 / pcm->rate;
}

static int32_t read_s16(const unsigned char *p)
{
    return (int16_t)(uint16_t)(p[0] | p[1] << 8);
}

static int32_t read_f32(const unsigned char *p)
{
    uint32_t bits = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float value;
    memcpy(&value, &bits, sizeof value);
    if (value >= 1)
        return FULL_SCALE - 1;
    if (value <= -1)
        return -FULL_SCALE;
    return value == value ? (int32_t)(value * FULL_SCALE) : 0; /* by a power of two: exact */
}

static int32_t read_moment(const struct wi_pcm *pcm, const unsigned char *p)
{
    size_t size = sample_size(pcm);
    int32_t sum = 0;
    for (unsigned i = 0; i < pcm->channels; i++)
        sum += pcm->format == WI_PCM_F32LE ? read_f32(p + i * size) : read_s16(p + i * size);
    return sum / (int32_t)pcm->channels;
}

uint64_t wi_pcm_power(const struct wi_pcm *pcm, const unsigned char *bytes, size_t count)
{
    size_t moment = wi_pcm_moment(pcm);
    int64_t sum = 0;
    uint64_t squares = 0;
    assert(count > 0 && count <= WI_PCM_RATE_MAX / 100);
    for (size_t i = 0; i < count; i++) {
        int64_t value = read_moment(pcm, bytes + i * moment);
        sum += value;
        squares += (uint64_t)(value * value);
    }
    /* At most 480 * 480 * 2^30, which is below 2^48. */
    return (squares * count - (uint64_t)(sum * sum)) / ((uint64_t)count * count);
}
