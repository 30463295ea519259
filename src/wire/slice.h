/* Bytes that lie somewhere else, for as long as their owner says. */
#ifndef WI_WIRE_SLICE_H
#define WI_WIRE_SLICE_H

#include <stddef.h>

struct wi_slice {
    const void *bytes;
    size_t size;
};

#endif
