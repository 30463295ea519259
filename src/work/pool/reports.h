/* Handles the bridge's events: records them, passes them to the modules concerned, and passes them
 * up. */
#ifndef WI_WORK_POOL_REPORTS_H
#define WI_WORK_POOL_REPORTS_H

#include "work/pool/private.h"

/* The events for the bridge; `pool` must outlive it. */
struct wi_bridge_events wi_pool_reports(struct wi_pool *pool);
/* Stops the attempt, about which its node has been silent: it is lost without blame, and may go
 * elsewhere. */
void wi_pool_lose(
    struct wi_pool *pool, struct pool_node *node, const char *attempt_id, const char *why);
/* Stops a client's own kernel that has exceeded its time, by ending the process that computes it.
 * The node may be gone afterwards. */
void wi_pool_overrun(struct wi_pool *pool, struct pool_node *node, const char *attempt_id);

#endif
