/* A picture and a sound to try models on. They are the same each time. */
#ifndef WI_CHECK_PROBE_MEDIA_H
#define WI_CHECK_PROBE_MEDIA_H

#include "tensor/tensor.h"

/* Each appends a tensor of bytes: a PNG file, named "image"; samples of 16 bits, little-endian, in
 * one channel at WI_PROBE_SOUND_RATE, named "audio". */
#define WI_PROBE_SOUND_RATE 16000
void wi_probe_add_picture(struct wi_tensors *list);
void wi_probe_add_sound(struct wi_tensors *list);

#endif
