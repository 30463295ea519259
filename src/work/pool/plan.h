/* How many sessions there are: scale.h decides, and what it says is carried out here. */
#ifndef WI_WORK_POOL_PLAN_H
#define WI_WORK_POOL_PLAN_H

#include "work/pool/private.h"

/* Starts, closes and schedules what the numbers ask for; everything that happens ends in it. */
void wi_pool_plan(struct wi_pool *pool);
/* A session of this kind is wanted: a request is pinned to it, or its models are to run there.
 * Cheap and safe to repeat, also for kinds that are unknown, missing or running already. It opens
 * one as soon as there is room under the maxima, and is forgotten when it was not repeated for
 * WI_KIND_REQUEST_MS. A session of another kind above its own minimum may have to make room: for a
 * client as work/pool/facts/use.h bounds it, for nobody in particular (NULL) one that nobody uses.
 */
#define WI_KIND_REQUEST_MS 30000
void wi_pool_request_kind(struct wi_pool *pool, const char *kind, const char *client);
/* What a start takes, in ms: as those before it did. */
double wi_pool_start_ms(const struct wi_pool *pool);
/* Why no browser is opened beside others, where that is for want of memory, to be freed; else NULL.
 */
char *wi_pool_crowded(const struct wi_pool *pool);
/* Whether what other kinds must keep leaves no room for a session of this kind, ever. */
int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind);

#endif
