/*
 * Counts how many bytes each source has brought, over several consecutive fetches that each count
 * from zero, and measures the rate.
 */
#ifndef WI_MODELS_ARRIVE_HUB_BROUGHT_H
#define WI_MODELS_ARRIVE_HUB_BROUGHT_H

#include "models/arrive/hub/fetch.h"

/* Zero-initialise; free with wi_brought_clear. */
struct wi_brought {
    struct wi_fetch_source *sources; /* with names of their own */
    uint64_t *before;                /* for each source, bytes of fetches that have ended */
    size_t count;
    double rate; /* bytes per second, recently; 0: not known yet */
    double rate_ms;
    uint64_t rate_from; /* bytes at `rate_ms` */
};

/* `name` has brought `bytes` in the current fetch so far. With `ends` the fetch has ended. */
void wi_brought_take(struct wi_brought *brought, const char *name, uint64_t bytes, int ends);
/* All sources together have brought `bytes` so far. */
void wi_brought_measure(struct wi_brought *brought, uint64_t bytes);
void wi_brought_clear(struct wi_brought *brought);

#endif
