/*
 * Browsers that are not running yet: whether one could serve a demand that the present nodes
 * cannot, and which one would be preferred for it.
 */
#ifndef WI_WORK_POOL_PENDING_H
#define WI_WORK_POOL_PENDING_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* Whether a browser that we could start may serve the demand. */
int wi_pool_could_bring(const struct wi_pool *pool, const struct wi_demand *demand);
/* Whether a kind that the demand allows is pending and has no node yet (except those that are about
 * to end), so that it may serve the demand. Kinds that are known to be unable to are excluded
 * (facts/abilities.h). With `request` each such kind is requested. */
int wi_pool_is_pending(struct wi_pool *pool, const struct wi_demand *demand, int request);
/* Whether all kinds that the demand allows, and of which a session may come, are known to be unable
 * to serve it; `error` (may be NULL) gives the reason, as wi_route does. */
int wi_pool_no_kind_can(
    const struct wi_pool *pool, const struct wi_demand *demand, struct wi_error *error);
/* The same for one kind. */
int wi_pool_kind_cannot(const struct wi_pool *pool, const struct pool_kind *kind,
    const struct wi_demand *demand, struct wi_error *error);
/* Requests a session of the kind that is preferred for such models, if none is running and no
 * measurement says that it would be slower; `options` are the `count` that were judged. */
void wi_pool_request_preferred(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count);

#endif
