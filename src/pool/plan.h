/* How many sessions there are: scale.h decides, and what it says is carried out here. */
#ifndef WI_POOL_PLAN_H
#define WI_POOL_PLAN_H

#include "pool/private.h"

/* Starts, closes and schedules what the numbers ask for; everything that happens ends in it. */
void wi_pool_plan(struct wi_pool *pool);
/* Whether what other kinds must keep leaves no room for a session of this kind, ever. */
int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind);

#endif
