/*
 * Who has brought how much, over several fetches one after another, each of which counts from
 * nothing; and how fast.
 */
#ifndef WI_MODELS_ARRIVE_HUB_BROUGHT_H
#define WI_MODELS_ARRIVE_HUB_BROUGHT_H

#include "models/arrive/hub/fetch.h"

/* Zero-initialise; free with wi_brought_clear. */
struct wi_brought {
    struct wi_fetch_source *sources; /* with names of their own */
    uint64_t *before;                /* of each, bytes of fetches that have ended */
    size_t count;
    double rate; /* bytes a second, lately; 0: not known yet */
    double rate_ms;
    uint64_t rate_from; /* bytes by then */
};

/* So much has come from `name` in the fetch that is under way; with `ends` that was all of it. */
void wi_brought_take(struct wi_brought *brought, const char *name, uint64_t bytes, int ends);
/* So much is here of all of them by now. */
void wi_brought_measure(struct wi_brought *brought, uint64_t bytes);
void wi_brought_clear(struct wi_brought *brought);

#endif
