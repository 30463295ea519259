/* Bytes in someone else's memory, for as long as the owner keeps them. */
#ifndef WI_WIRE_SLICE_H
#define WI_WIRE_SLICE_H

#include <stddef.h>

struct wi_slice {
    const void *bytes;
    size_t size;
};

#endif
