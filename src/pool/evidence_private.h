/* What the pool itself tells of answers, and of time that passes; see evidence.h. */
#ifndef WI_POOL_EVIDENCE_PRIVATE_H
#define WI_POOL_EVIDENCE_PRIVATE_H

#include "pool/private.h"

/* An answer of a joined node was noted that speaks for it: it may get its share of work again. */
void wi_pool_reconsider(struct wi_pool *pool, struct pool_node *node);
/* Lets go what is held for no longer than until `now`, of wi_steady_ms. */
void wi_pool_found_look(struct wi_pool *pool, int64_t now);

#endif
