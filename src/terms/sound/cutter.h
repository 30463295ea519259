/*
 * Cuts sound at pauses while it comes. What it does depends on the bytes alone: the same bytes in
 * whatever pieces give the same segments, to the byte.
 *
 * Time goes in steps of a hundredth of a second, counted from the first byte. A step is loud where
 * its power is far enough above the noise, whose level is followed: it falls fast and rises slowly.
 * Three loud steps in a row are speech. A segment begins 200 ms before speech does, and ends where
 * there was no speech for the pause: 200 ms after it, or the pause where that is shorter. One that
 * goes on is cut in two at its quietest place between 23 and 28 s: models of speech read 30 s at a
 * time. What is in no segment is not kept.
 */
#ifndef WI_TERMS_SOUND_CUTTER_H
#define WI_TERMS_SOUND_CUTTER_H

#include "terms/sound/pcm.h"

#define WI_CUTTER_PAUSE_MIN 100 /* milliseconds */
#define WI_CUTTER_PAUSE_MAX 5000
/* The longest segment: seconds. */
#define WI_CUTTER_SECONDS_MAX 28

/* A piece of the sound. Moments count from the beginning of the stream; the bytes are borrowed. */
struct wi_sound_segment {
    uint64_t start, end;
    uint64_t known_at; /* the moment at which its end was known */
    const unsigned char *bytes;
    size_t size;
};
typedef void wi_sound_segment_fn(void *context, const struct wi_sound_segment *segment);

struct wi_cutter;
/* `pcm` and `pause_ms` within their limits. */
struct wi_cutter *wi_cutter_new(const struct wi_pcm *pcm, unsigned pause_ms);
void wi_cutter_free(struct wi_cutter *cutter); /* NULL is fine */

/* Takes the next bytes, of which a piece of a moment may be the last. Each segment that ends in
 * them is told in order, from inside. */
void wi_cutter_add(struct wi_cutter *cutter, const void *bytes, size_t size,
    wi_sound_segment_fn *on_segment, void *context);
/* The sound is over: likewise for a segment that is open. A piece of a moment is dropped. */
void wi_cutter_end(struct wi_cutter *cutter, wi_sound_segment_fn *on_segment, void *context);

/* The segment that is open, as far as there are whole moments of it: 1, or 0 if none is. Its bytes
 * are valid until the next call. */
int wi_cutter_open(const struct wi_cutter *cutter, struct wi_sound_segment *segment);
uint64_t wi_cutter_heard(const struct wi_cutter *cutter); /* whole moments that came */
size_t wi_cutter_torn(const struct wi_cutter *cutter);    /* bytes of a moment that is not whole */
size_t wi_cutter_held(const struct wi_cutter *cutter); /* bytes of memory that it has for sound */

#endif
