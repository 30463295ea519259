/* The one form of WAV file that nodes give: 16-bit PCM of one channel, behind a header of 44 bytes.
 */
#ifndef WI_WIRE_WAV_H
#define WI_WIRE_WAV_H

#include <stddef.h>

#define WI_WAV_HEADER 44

/* Whether the bytes are such a file as a whole: its samples are what follows the header. */
int wi_wav_is_plain(const unsigned char *bytes, size_t size);

#endif
