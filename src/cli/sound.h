/* Sound as it comes from a file or a pipe: a WAV file, whose head gives the form of its samples, or
 * raw samples. This module reads no file. */
#ifndef WI_CLI_SOUND_H
#define WI_CLI_SOUND_H

#include "base/buffer.h"
#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

/* The form of samples, with interleaved channels. 0 or NULL: not given. */
struct wi_sound_form {
    const char *encoding; /* "s16le" or "f32le" */
    int64_t rate;         /* samples per channel and second */
    int64_t channels;
};

/* Set `form` to what the user gave for raw samples, and the rest to 0; free with
 * wi_sound_input_clear. Members that begin with _ are internal. */
struct wi_sound_input {
    struct wi_sound_form form; /* once `known`: that of the samples, complete */
    int known;
    struct wi_buffer samples; /* received and not moved away yet */
    struct wi_buffer _head;   /* received before the form was known */
    int _is_wav;
    uint64_t _skip; /* bytes of a WAV chunk still to ignore */
    uint64_t _left; /* most bytes of samples still to come */
};

/* Takes the next bytes. WI_OK, or WI_BAD_REQUEST with advice if the sound cannot be sent as it
 * comes. */
enum wi_code wi_sound_input_take(
    struct wi_sound_input *input, const void *bytes, size_t size, struct wi_error *error);
/* Ends the input. Bytes that were too few to recognise a file are raw samples. WI_OK, or
 * WI_BAD_REQUEST for a WAV file that ends before its sound. */
enum wi_code wi_sound_input_end(struct wi_sound_input *input, struct wi_error *error);
/* Moves the first samples, at most `most` bytes, to the end of `to`; a sample that lacks some
 * channels stays. */
void wi_sound_input_move(struct wi_sound_input *input, struct wi_buffer *to, size_t most);
void wi_sound_input_clear(struct wi_sound_input *input);

#endif
