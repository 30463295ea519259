/* The number of sessions: carries out the decisions of scale.h. */
#ifndef WI_WORK_POOL_PLAN_H
#define WI_WORK_POOL_PLAN_H

#include "work/pool/private.h"

/* Starts, closes and schedules sessions as the numbers require; every event leads to it. */
void wi_pool_plan(struct wi_pool *pool);
/* A session of this kind is wanted: a request is pinned to it, or its models are to run there.
 * Cheap and safe to repeat, also for kinds that are unknown, missing or running already. It opens
 * one as soon as there is room under the maxima. The request is forgotten if it is not repeated
 * within WI_KIND_REQUEST_MS. A session of another kind above its own minimum may have to make room:
 * for a client within the bounds of work/pool/facts/use.h; for no particular client (NULL) only an
 * unused one. */
#define WI_KIND_REQUEST_MS 30000
void wi_pool_request_kind(struct wi_pool *pool, const char *kind, const char *client);
/* The expected time of a start, in ms, from earlier ones. */
double wi_pool_start_ms(const struct wi_pool *pool);
/* The reason that no further browser is opened, if it is a lack of memory, to be freed; else
 * NULL. */
char *wi_pool_crowded(const struct wi_pool *pool);
/* Whether the minima of other kinds never leave room for a session of this kind. */
int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind);

#endif
