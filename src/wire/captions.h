/* Subtitles: what was said when, as players read it. */
#ifndef WI_WIRE_CAPTIONS_H
#define WI_WIRE_CAPTIONS_H

#include "base/buffer.h"
#include <jansson.h>

enum wi_captions {
    WI_CAPTIONS_SRT, /* SubRip */
    WI_CAPTIONS_VTT  /* WebVTT (W3C) */
};

/* Appends a whole file with `segments`: a list of {"start", "end", "text"}, in seconds, borrowed.
 * They are a node's words: what has not that form is left out, times that are none are 0. */
void wi_captions_write(struct wi_buffer *out, const json_t *segments, enum wi_captions form);

#endif
