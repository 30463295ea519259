/*
 * Browsers that are not there yet: whether one could bring what a demand lacks, and which one it
 * would rather have.
 */
#ifndef WI_WORK_POOL_PENDING_H
#define WI_WORK_POOL_PENDING_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* Whether a browser that we could start may have what the demand needs. */
int wi_pool_could_bring(const struct wi_pool *pool, const struct wi_demand *demand);
/* Whether a kind that the demand allows is pending and has no node yet (but such as are about to
 * go), so that it could bring what the present nodes lack: not where it is known that it cannot
 * (facts/abilities.h). With `request` each such kind is requested. */
int wi_pool_is_pending(struct wi_pool *pool, const struct wi_demand *demand, int request);
/* Whether all kinds that the demand allows, and of which one may come, are known not to be able to
 * serve it; `error` (may be NULL) says why, as wi_route does. */
int wi_pool_no_kind_can(
    const struct wi_pool *pool, const struct wi_demand *demand, struct wi_error *error);
/* The same of one kind. */
int wi_pool_kind_cannot(const struct wi_pool *pool, const struct pool_kind *kind,
    const struct wi_demand *demand, struct wi_error *error);
/* Asks for a session of the kind that is preferred for such models, where none is running and
 * nothing says that it would be slower; `options` are the `count` that were judged. */
void wi_pool_request_preferred(struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_route_option *options, size_t count);

#endif
