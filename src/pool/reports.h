/* What the bridge reports: booked, passed to whom it concerns below, and passed up. */
#ifndef WI_POOL_REPORTS_H
#define WI_POOL_REPORTS_H

#include "pool/private.h"

/* The events for the bridge; `pool` must outlive it. */
struct wi_bridge_events wi_pool_reports(struct wi_pool *pool);

#endif
