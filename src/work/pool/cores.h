/*
 * How many threads WASM may use in each session: the cores of this machine are divided among its
 * sessions, because with a queue more sessions with fewer threads are better than fewer with more.
 * All serving sessions together have no more threads than there are cores, or one each. A session
 * that has more gives them back when another begins to serve. It gets more only when sessions have
 * gone for good, not while replacements are starting.
 */
#ifndef WI_WORK_POOL_CORES_H
#define WI_WORK_POOL_CORES_H

#include "work/pool/private.h"

/* The threads for a session that was told `said` (0: nothing yet), of `cores` that `serving`
 * sessions share now and `staying`, which is no less, will share soon; each number includes this
 * session. Public for tests. */
int wi_cores_share(unsigned cores, size_t serving, size_t staying, int said);

/* As `threads` of struct wi_bridge_events, with the pool as `context`. A node on another machine
 * may use all cores there. */
int wi_pool_threads(void *context, const struct wi_node_info *node, int said);
/* Tells the sessions whose number has changed. */
void wi_pool_share_cores(const struct wi_pool *pool);

#endif
