/*
 * Cuts sound at pauses while it comes in. The result depends only on the bytes: however they are
 * divided into pieces, the segments are the same to the byte.
 *
 * Time advances in steps of a hundredth of a second, counted from the first byte. A step is loud if
 * its power is far enough above the noise level, which is tracked: it falls fast and rises slowly.
 * Three loud steps in a row are speech. A segment begins 200 ms before speech does. It ends once
 * there has been no speech for the length of the pause, and then extends 200 ms, or the pause if
 * that is shorter, beyond the speech. A longer segment is cut in two at its quietest place between
 * 23 and 28 s: speech models read 30 s at a time. Sound in no segment is not kept.
 */
#ifndef WI_TERMS_SOUND_CUTTER_H
#define WI_TERMS_SOUND_CUTTER_H

#include "terms/sound/pcm.h"

#define WI_CUTTER_PAUSE_MIN 100 /* milliseconds */
#define WI_CUTTER_PAUSE_MAX 5000
/* The longest segment, in seconds. */
#define WI_CUTTER_SECONDS_MAX 28

/* A segment of the sound. Moments are counted from the beginning of the stream; the bytes are
 * borrowed. */
struct wi_sound_segment {
    uint64_t start, end;
    uint64_t known_at; /* the moment at which its end became known */
    const unsigned char *bytes;
    size_t size;
};
typedef void wi_sound_segment_fn(void *context, const struct wi_sound_segment *segment);

struct wi_cutter;
/* `pcm` and `pause_ms` must be within their limits. */
struct wi_cutter *wi_cutter_new(const struct wi_pcm *pcm, unsigned pause_ms);
void wi_cutter_free(struct wi_cutter *cutter); /* NULL is fine */

/* Takes the next bytes, which may end in the middle of a moment. Calls on_segment from inside, in
 * order, for each segment that ends in them. */
void wi_cutter_add(struct wi_cutter *cutter, const void *bytes, size_t size,
    wi_sound_segment_fn *on_segment, void *context);
/* Ends the sound, and with it a segment that is open. An incomplete moment is dropped. */
void wi_cutter_end(struct wi_cutter *cutter, wi_sound_segment_fn *on_segment, void *context);

/* The open segment, up to its last whole moment: 1, or 0 if none is open. Its bytes are valid until
 * the next call. */
int wi_cutter_open(const struct wi_cutter *cutter, struct wi_sound_segment *segment);
uint64_t wi_cutter_heard(const struct wi_cutter *cutter); /* whole moments so far */
size_t wi_cutter_torn(const struct wi_cutter *cutter);    /* bytes of an incomplete moment */
size_t wi_cutter_held(const struct wi_cutter *cutter);    /* bytes of memory held for sound */

#endif
