/* Selenium Grids that have no room for one more browser of a kind. */
#ifndef WI_WORK_POOL_GRIDS_H
#define WI_WORK_POOL_GRIDS_H

#include "work/pool/private.h"

/* The Grid of this kind has no room, as `error` says: no session of it is started until it has. */
void wi_pool_grid_full(struct wi_pool *pool, struct pool_kind *kind, const struct wi_error *error);
/* Watches none any more, because the kinds have changed or the pool closes. */
void wi_pool_grids_forget(struct wi_pool *pool);

#endif
