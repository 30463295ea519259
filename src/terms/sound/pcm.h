/*
 * Raw samples of sound as they come over the wire, and their loudness. All arithmetic is on
 * integers, so that the same bytes give the same numbers everywhere.
 */
#ifndef WI_TERMS_SOUND_PCM_H
#define WI_TERMS_SOUND_PCM_H

#include <stddef.h>
#include <stdint.h>

#define WI_PCM_RATE_MIN 8000 /* samples a second, of each channel */
#define WI_PCM_RATE_MAX 48000
#define WI_PCM_CHANNELS_MAX 2

enum wi_pcm_format { WI_PCM_S16LE, WI_PCM_F32LE };
/* "s16le", "f32le", by enum wi_pcm_format; ended by NULL. */
extern const char *const wi_pcm_format_names[];

/* A moment is `channels` consecutive samples, the smallest unit of a sound. */
struct wi_pcm {
    enum wi_pcm_format format;
    unsigned rate, channels;
};

size_t wi_pcm_moment(const struct wi_pcm *pcm); /* bytes */
/* The duration of `moments` in milliseconds, rounded down. */
uint64_t wi_pcm_ms(const struct wi_pcm *pcm, uint64_t moments);

/* The power of `count` moments: the variance of their means over the channels, with a full scale of
 * 32768, so that silence and a constant offset give 0. NaN counts as silence, and samples beyond
 * full scale are clipped. `count` is at least 1 and at most a hundredth of WI_PCM_RATE_MAX. */
uint64_t wi_pcm_power(const struct wi_pcm *pcm, const unsigned char *bytes, size_t count);

#endif
