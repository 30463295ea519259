/* The facts about a demand's model at a place, whether or not it has a node now. */
#ifndef WI_WORK_POOL_PROSPECT_H
#define WI_WORK_POOL_PROSPECT_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* The demanded model in the form for that platform. */
const struct wi_model *wi_pool_model_on(const struct wi_demand *demand, enum wi_platform platform);

/* The prospect of nodes of that kind (`info`): their preference, and the measurements, verdicts and
 * shortages at `place` (borrowed; NULL: they have none). It does not say which of them are free. */
struct wi_prospect wi_pool_prospect(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *info, enum wi_platform platform, const struct wi_place *place);

#endif
