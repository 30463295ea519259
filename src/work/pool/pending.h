/*
 * Browsers that are not running yet: whether one could serve a demand that the present nodes
 * cannot, or why none will come.
 */
#ifndef WI_WORK_POOL_PENDING_H
#define WI_WORK_POOL_PENDING_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* None of the present nodes can ever take the demand. WI_PICK_WAIT: a browser that may serve it is
 * pending; with `request` it is requested. WI_PICK_NEVER: none is. `error` (may be NULL) has the
 * reason of wi_route, which is replaced if it is WI_UNAVAILABLE because the pins allow no node
 * (`has_candidates` 0). */
enum wi_pick wi_pool_await(struct wi_pool *pool, const struct wi_demand *demand, int request,
    int has_candidates, struct wi_error *error);

/* Whether a browser that we could start may serve the demand. Public for tests. */
int wi_pool_could_bring(const struct wi_pool *pool, const struct wi_demand *demand);
/* Whether a kind that the demand allows is pending and has no node yet (except those that are about
 * to end), so that it may serve the demand. Kinds that are known to be unable to are excluded
 * (facts/abilities.h). With `request` each such kind is requested. Public for tests. */
int wi_pool_is_pending(struct wi_pool *pool, const struct wi_demand *demand, int request);
/* Whether a browser of this kind is pending or can come, so that a job that needs one may wait. */
int wi_pool_kind_is_hopeful(const struct wi_pool *pool, const struct pool_kind *kind);
/* Whether routing would give the demand to none of the pages that the kind has shown, so that no
 * other of it need be waited for; `error` (may be NULL) gives the reason, as wi_route does. `due`
 * (may be NULL) receives whether that is to be tested again. */
int wi_pool_kind_cannot(const struct wi_pool *pool, const struct pool_kind *kind,
    const struct wi_demand *demand, int *due, struct wi_error *error);
/* WI_UNAVAILABLE with the reason that there is no node (of `browser`, NULL for any). */
enum wi_code wi_pool_explain(
    const struct wi_pool *pool, const char *browser, struct wi_error *error);

#endif
