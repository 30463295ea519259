/* Sound as it comes out of a file or a pipe: a WAV file, whose head says what it is, or raw
 * samples. Nothing is read here. */
#ifndef WI_CLI_SOUND_H
#define WI_CLI_SOUND_H

#include "base/buffer.h"
#include "base/error.h"
#include <stddef.h>
#include <stdint.h>

/* Of samples; channels stand one after another. What is 0 or NULL was not said. */
struct wi_sound_form {
    const char *encoding; /* "s16le" or "f32le" */
    int64_t rate;         /* samples of a channel in a second */
    int64_t channels;
};

/* Set `form` to what a person said of raw samples, and the rest to 0; free with
 * wi_sound_input_clear. Those with a _ are its own. */
struct wi_sound_input {
    struct wi_sound_form form; /* once `known`: that of the samples, with nothing left unsaid */
    int known;
    struct wi_buffer samples; /* what came of them and was not moved away */
    struct wi_buffer _head;   /* what came before it was known what follows */
    int _is_wav;
    uint64_t _skip; /* bytes of the WAV file's chunk that come to nothing */
    uint64_t _left; /* bytes of samples that are still to come, at most */
};

/* Takes what comes next. WI_OK; or WI_BAD_REQUEST where it is no sound that can be sent as it
 * comes, and what helps. */
enum wi_code wi_sound_input_take(
    struct wi_sound_input *input, const void *bytes, size_t size, struct wi_error *error);
/* Nothing more comes: what was too short to tell is raw samples. WI_OK, or WI_BAD_REQUEST for a WAV
 * file that ends before its sound. */
enum wi_code wi_sound_input_end(struct wi_sound_input *input, struct wi_error *error);
/* Moves the first of the samples, at most `most` bytes, to the end of `to`; what is not whole in
 * all channels stays. */
void wi_sound_input_move(struct wi_sound_input *input, struct wi_buffer *to, size_t most);
void wi_sound_input_clear(struct wi_sound_input *input);

#endif
