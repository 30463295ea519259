/* What the bridge reports: booked, passed to whom it concerns below, and passed up. */
#ifndef WI_WORK_POOL_REPORTS_H
#define WI_WORK_POOL_REPORTS_H

#include "work/pool/private.h"

/* The events for the bridge; `pool` must outlive it. */
struct wi_bridge_events wi_pool_reports(struct wi_pool *pool);
/* Stops the attempt, which its node has said nothing of: it is lost, by nobody's fault, and may go
 * elsewhere. */
void wi_pool_lose(
    struct wi_pool *pool, struct pool_node *node, const char *attempt_id, const char *why);
/* Stops a client's own kernel, whose time is over, by ending what computes it. The node may be gone
 * afterwards. */
void wi_pool_overrun(struct wi_pool *pool, struct pool_node *node, const char *attempt_id);

#endif
