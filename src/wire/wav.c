/* The header of a WAV file (Multimedia Programming Interface 1.0, Microsoft and IBM 1991). */
#include "wire/wav.h"

#include <stdint.h>
#include <string.h>

static uint32_t little32(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t little16(const unsigned char *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

int wi_wav_is_plain(const unsigned char *bytes, size_t size)
{
    return size >= WI_WAV_HEADER && memcmp(bytes, "RIFF", 4) == 0 &&
           memcmp(bytes + 8, "WAVEfmt ", 8) == 0 && little32(bytes + 16) == 16 &&
           little16(bytes + 20) == 1 && little16(bytes + 22) == 1 && little16(bytes + 34) == 16 &&
           memcmp(bytes + 36, "data", 4) == 0 && little32(bytes + 40) == size - WI_WAV_HEADER;
}
