/*
 * How many threads WASM may use in each session: the cores of this machine are shared out among the
 * sessions on it, so that with a queue more sessions of fewer threads come before fewer of more.
 * All of those that serve have no more threads together than there are cores, or one each. One that
 * has more gives them back when another begins to serve; it gets more only when sessions have gone
 * for good, not while others are on their way in their place.
 */
#ifndef WI_WORK_POOL_CORES_H
#define WI_WORK_POOL_CORES_H

#include "work/pool/private.h"

/* What a session may use that was told `said` (0: nothing yet), of `cores` that `serving` sessions
 * share and soon `staying`, which is no less; each counts this one. Public for tests. */
int wi_cores_share(unsigned cores, size_t serving, size_t staying, int said);

/* As the `threads` of struct wi_bridge_events. Other machines' cores are their own. */
int wi_pool_threads(const struct wi_pool *pool, const struct wi_node_info *node, int said);
/* Tells the sessions for which it has changed. */
void wi_pool_share_cores(const struct wi_pool *pool);

#endif
