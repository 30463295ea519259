/*
 * Which model had not the memory to be loaded at which place, so that a smaller variant of it goes
 * there at once. A model is named by its hash: one whose files change is another. Bounded: what was
 * noted longest ago goes.
 *
 * Those of places of ours are kept in the database. After a restart one counts that was found
 * twice: the first time the machine may have been short of memory for another reason. A day after
 * it was found last it is tried again.
 */
#ifndef WI_WORK_POOL_FACTS_SHORTAGES_H
#define WI_WORK_POOL_FACTS_SHORTAGES_H

#include "work/pool/facts/place.h"
#include <stddef.h>

/* More than so many are not known at a time of places of ours, nor of all joined nodes; of those
 * with one token a quarter (work/pool/facts/owners.h). */
#define WI_SHORTAGES_MAX 1024
/* Of Unix milliseconds: for so long one holds. */
#define WI_SHORTAGE_MS (24 * 60 * 60 * 1000LL)

struct wi_db;
struct wi_shortages;
/* What `db` (NULL: nothing) has; it must outlive them. `max` is at least 1. */
struct wi_shortages *wi_shortages_new(struct wi_db *db, size_t max);
void wi_shortages_free(struct wi_shortages *shortages); /* NULL is fine */

/* Loading the model failed there for want of memory. */
void wi_shortages_note(
    struct wi_shortages *shortages, const char *hash, const struct wi_place *place, int64_t now);
/* Whether it did. */
int wi_shortages_has(const struct wi_shortages *shortages, const char *hash,
    const struct wi_place *place, int64_t now);

#endif
