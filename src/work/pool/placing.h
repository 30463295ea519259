/* Puts a node where it belongs, by what its page says and by what is known of it. */
#ifndef WI_WORK_POOL_PLACING_H
#define WI_WORK_POOL_PLACING_H

#include "work/pool/private.h"

/* Its page says this now. */
void wi_pool_place(struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info);
/* What is known of it has changed. */
void wi_pool_place_anew(struct wi_pool *pool, struct pool_node *node);

#endif
