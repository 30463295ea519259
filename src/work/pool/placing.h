/* Puts a node into its class, by its page's report and by the recorded facts about it. */
#ifndef WI_WORK_POOL_PLACING_H
#define WI_WORK_POOL_PLACING_H

#include "work/pool/private.h"

/* Its page has sent this report. */
void wi_pool_place(struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info);
/* The facts about it have changed. */
void wi_pool_place_anew(struct wi_pool *pool, struct pool_node *node);

#endif
