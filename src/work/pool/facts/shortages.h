/*
 * Which models could not be loaded at which places for lack of memory, so that a smaller variant
 * goes there at once. A model is identified by its hash: if its files change, it is another model.
 * Bounded: the entry noted longest ago is dropped.
 *
 * The shortages of our own places are kept in the database. After a restart, only those found twice
 * count: the first time the machine may have been short of memory for another reason. A day after a
 * shortage was last found, the model is tried again.
 */
#ifndef WI_WORK_POOL_FACTS_SHORTAGES_H
#define WI_WORK_POOL_FACTS_SHORTAGES_H

#include "work/pool/facts/place.h"
#include <stddef.h>

/* The most entries for our own places, and also for all joined nodes; a quarter of it for those
 * with one token (work/pool/facts/owners.h). */
#define WI_SHORTAGES_MAX 1024
/* Milliseconds for which a shortage holds. */
#define WI_SHORTAGE_MS (24 * 60 * 60 * 1000LL)

struct wi_db;
struct wi_shortages;
/* Reads the entries in `db` (NULL: keep nothing); it must outlive them. `max` is at least 1. */
struct wi_shortages *wi_shortages_new(struct wi_db *db, size_t max);
void wi_shortages_free(struct wi_shortages *shortages); /* NULL is fine */

/* Loading the model failed there for lack of memory. `now` is Unix milliseconds. */
void wi_shortages_note(
    struct wi_shortages *shortages, const char *hash, const struct wi_place *place, int64_t now);
/* Whether it failed so, within WI_SHORTAGE_MS. */
int wi_shortages_has(const struct wi_shortages *shortages, const char *hash,
    const struct wi_place *place, int64_t now);

#endif
