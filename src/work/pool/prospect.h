/* What is known of a demand's model at a place, whether a node of it is there or not. */
#ifndef WI_WORK_POOL_PROSPECT_H
#define WI_WORK_POOL_PROSPECT_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* The demanded model as the platform has it. */
const struct wi_model *wi_pool_model_on(const struct wi_demand *demand, enum wi_platform platform);

/* A prospect on nodes of that kind (`info`): their preference, and what was measured, checked and
 * found short at `place` (borrowed; NULL: they have none). Which of them are free is not in it. */
struct wi_prospect wi_pool_prospect(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *info, enum wi_platform platform, const struct wi_place *place);

#endif
