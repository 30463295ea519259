/*
 * Which model had not the memory to be loaded at which place, so that a smaller variant of it goes
 * there at once. A model is named by its hash: one whose files change is another. Pure and bounded:
 * what was noted longest ago goes.
 */
#ifndef WI_POOL_FACTS_SHORTAGES_H
#define WI_POOL_FACTS_SHORTAGES_H

#include "pool/facts/place.h"
#include <stddef.h>

/* More than so many are not known at a time. */
#define WI_SHORTAGES_MAX 1024

struct wi_shortages;
struct wi_shortages *wi_shortages_new(size_t max);      /* `max` is at least 1 */
void wi_shortages_free(struct wi_shortages *shortages); /* NULL is fine */

/* Loading the model failed there for want of memory. */
void wi_shortages_note(
    struct wi_shortages *shortages, const char *hash, const struct wi_place *place);
/* Whether it did. */
int wi_shortages_has(
    const struct wi_shortages *shortages, const char *hash, const struct wi_place *place);

#endif
