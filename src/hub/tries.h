/*
 * How often, and with which pauses, what may pass by itself is tried again: a connection that
 * breaks, descriptors or memory that are short.
 */
#ifndef WI_HUB_TRIES_H
#define WI_HUB_TRIES_H

#include <stdint.h>

#define WI_TRIES_MOST 8 /* in a row that brought nothing */

/* Before the next try, in ms, after so many (at least one) that failed in a row: `first_ms`, then
 * doubled each time, at most 30 s. */
uint64_t wi_tries_pause(unsigned first_ms, unsigned failed);

#endif
