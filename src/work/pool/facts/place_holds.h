/*
 * Places that get no work because answers from there were found to be wrong. Only those of relays
 * are held one by one: behind a relay are many browsers, and a fault of one adapter is not a fault
 * of the others. Pure: times are passed in, of wi_steady_ms. Holds do not outlive the service;
 * verdicts on models at the place do.
 */
#ifndef WI_WORK_POOL_FACTS_PLACE_HOLDS_H
#define WI_WORK_POOL_FACTS_PLACE_HOLDS_H

#include "work/pool/facts/place.h"
#include "work/pool/facts/standings.h"

/* The most places that are held; beyond it the one that was held first is dropped. */
#define WI_PLACE_HOLDS_MAX 256

struct wi_place_holds;
struct wi_place_holds *wi_place_holds_new(void);
void wi_place_holds_free(struct wi_place_holds *holds); /* NULL is fine */

/* Holds the place with that key (struct wi_place) until `limit->until`, or 0: until it is lifted.
 * Returns 1 if it was not held before. */
int wi_place_holds_add(
    struct wi_place_holds *holds, const char *key, const struct pool_node_limit *limit);
/* Why the place is held at `now`; NULL: it is not. Borrowed until the next change. */
const struct pool_node_limit *wi_place_holds_find(
    const struct wi_place_holds *holds, const char *key, int64_t now);
/* Lifts the holds of all places of that party. Returns their number. */
size_t wi_place_holds_lift(struct wi_place_holds *holds, const char *party);

/* Calls `each` for the places of that party that are held at `now`. */
typedef void wi_place_hold_fn(
    void *context, const struct wi_place *place, const struct pool_node_limit *limit);
void wi_place_holds_each(const struct wi_place_holds *holds, const char *party, int64_t now,
    wi_place_hold_fn *each, void *context);

#endif
