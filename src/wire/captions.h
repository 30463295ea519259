/* Subtitles: spoken text with its times, as players read it. */
#ifndef WI_WIRE_CAPTIONS_H
#define WI_WIRE_CAPTIONS_H

#include "base/buffer.h"
#include <jansson.h>

enum wi_captions {
    WI_CAPTIONS_SRT, /* SubRip */
    WI_CAPTIONS_VTT  /* WebVTT (W3C) */
};

/* Appends a whole file with `segments`: a list of {"start", "end", "text"}, in seconds, borrowed.
 * They come from a node: entries without that form are left out, and invalid times are 0. */
void wi_captions_write(struct wi_buffer *out, const json_t *segments, enum wi_captions form);

#endif
