/*
 * Memory of outside size that goes back to the system without making the loop wait: unmapping
 * 400 MB takes some 50 ms, in which nobody else would be served.
 */
#ifndef WI_BASE_RELEASE_H
#define WI_BASE_RELEASE_H

#include <stddef.h>

/* Frees what malloc gave, `size` bytes of it; nothing may use them any more. What is large is freed
 * by a thread, the one that there is for all of it, some time later. NULL is fine. */
void wi_release(void *memory, size_t size);

#endif
