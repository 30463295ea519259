/*
 * Which of our kernels have run at which place, so that a fresh page there compiles them before the
 * first request. A place names its versions, that of the kernels among them: what was used of
 * another is of no use. Kept in the database, and bounded: what was noted longest ago goes.
 */
#ifndef WI_WORK_POOL_FACTS_KERNELS_USED_H
#define WI_WORK_POOL_FACTS_KERNELS_USED_H

#include "work/pool/facts/place.h"

#include "base/memory.h"
#include "terms/kernel/kernel.h"

/* More than so many, of all places, are not known at a time. */
#define WI_KERNELS_USED_MAX 4096

struct wi_db;
struct wi_kernels_used;
/* What `db` (NULL: nothing) has; it must outlive them. */
struct wi_kernels_used *wi_kernels_used_new(struct wi_db *db);
void wi_kernels_used_free(struct wi_kernels_used *used); /* NULL is fine */

/* The kernel has run there, at a place of ours: pages that joined are told of none; `halves`: over
 * inputs of FP16, for which it is compiled apart. */
void wi_kernels_used_note(struct wi_kernels_used *used, const struct wi_place *place,
    const struct wi_kernel *kernel, int halves);
/* Adds the names of all that have, in the order of the table of kernels, as a page is told of them:
 * over halves a kernel is "NAME FP16". */
void wi_kernels_used_list(
    const struct wi_kernels_used *used, const struct wi_place *place, struct wi_strings *names);

#endif
