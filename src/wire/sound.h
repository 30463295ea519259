/*
 * Sound in requests: base64, the format by the first bytes, and the length of WAV files and raw
 * samples. Nothing is decoded here; the page does that.
 */
#ifndef WI_WIRE_SOUND_H
#define WI_WIRE_SOUND_H

#include "base/blob.h"
#include "base/error.h"
#include "terms/task/limits.h"
#include <stdint.h>

/* The description of raw samples, and the findings about files. */
struct wi_sound {
    const char *format;     /* "f32le" or "s16le": raw samples; NULL: a file */
    const char *media_type; /* found: "audio/wav", …, "audio/pcm;format=f32le" */
    int64_t sampling_rate;  /* of raw samples */
    int64_t channels;       /* of raw samples, interleaved; 0: one */
};

/* Errors name the members of `inputs`. */

/* Checks `sound` and the bytes, and fills the media type. WI_OK, WI_AUDIO_INVALID,
 * WI_AUDIO_TOO_LARGE or WI_INVALID_FIELD. */
enum wi_code wi_sound_sniff(
    const unsigned char *bytes, size_t size, struct wi_sound *sound, struct wi_error *error);
/* The text of an "audio" field, like wi_picture_decode. WI_OK, WI_AUDIO_INVALID or
 * WI_MEMORY_BUDGET. */
enum wi_code wi_sound_decode(const char *text, size_t length, struct wi_budget *budget,
    struct wi_blob **blob, struct wi_error *error);

#endif
