/* What is known of the places that a demand may go to, before anything is judged. */
#ifndef WI_WORK_POOL_COLLECT_H
#define WI_WORK_POOL_COLLECT_H

#include "work/pool/private.h"
#include "work/pool/route.h"

/* Fills `candidates`, which has room for each class of nodes, and sets the `count` of those that
 * the pins allow. Returns WI_OK, or WI_NODE_NOT_FOUND for the node that the demand names. */
enum wi_code wi_pool_collect(const struct wi_pool *pool, const struct wi_demand *demand, double now,
    struct wi_candidate *candidates, size_t *count, struct wi_error *error);
/* A page as it was, as if it were there and had nothing to do; `places` has room for each
 * platform. */
void wi_pool_imagine(const struct wi_pool *pool, const struct wi_demand *demand,
    const struct wi_node_info *page, const struct wi_config_browser *browser,
    struct wi_place *places, struct wi_candidate *candidate);

#endif
