/*
 * Which of our kernels have run at which place, so that a new page there compiles them before the
 * first request. A place includes its versions, among them the version of the kernels: entries of
 * another version are useless. Kept in the database, and bounded: the entry noted longest ago is
 * dropped.
 */
#ifndef WI_WORK_POOL_FACTS_KERNELS_USED_H
#define WI_WORK_POOL_FACTS_KERNELS_USED_H

#include "work/pool/facts/place.h"

#include "base/memory.h"
#include "terms/kernel/kernel.h"

/* The most entries of all places together. */
#define WI_KERNELS_USED_MAX 4096

struct wi_db;
struct wi_kernels_used;
/* Reads the entries in `db` (NULL: keep nothing); it must outlive them. */
struct wi_kernels_used *wi_kernels_used_new(struct wi_db *db);
void wi_kernels_used_free(struct wi_kernels_used *used); /* NULL is fine */

/* The kernel has run at a place of ours; joined pages are told of none. `halves`: over inputs of
 * FP16, for which it is compiled separately. */
void wi_kernels_used_note(struct wi_kernels_used *used, const struct wi_place *place,
    const struct wi_kernel *kernel, int halves);
/* Adds the names of all that have run there, in the order of the table of kernels and in the form
 * for pages: over halves a kernel is "NAME FP16". */
void wi_kernels_used_list(
    const struct wi_kernels_used *used, const struct wi_place *place, struct wi_strings *names);

#endif
