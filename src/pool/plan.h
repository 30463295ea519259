/* How many sessions there are: scale.h decides, and what it says is carried out here. */
#ifndef WI_POOL_PLAN_H
#define WI_POOL_PLAN_H

#include "pool/private.h"

/* Starts, closes and schedules what the numbers ask for; everything that happens ends in it. */
void wi_pool_plan(struct wi_pool *pool);
/* What a start takes, in ms: as those before it did. */
double wi_pool_start_ms(const struct wi_pool *pool);
/* Why no browser is opened beside others, where that is for want of memory, to be freed; else NULL.
 */
char *wi_pool_crowded(const struct wi_pool *pool);
/* Whether what other kinds must keep leaves no room for a session of this kind, ever. */
int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind);

#endif
