/* Events of the pool itself: answers, and the passing of time; see evidence.h. */
#ifndef WI_WORK_POOL_EVIDENCE_PRIVATE_H
#define WI_WORK_POOL_EVIDENCE_PRIVATE_H

#include "work/pool/private.h"

/* An answer that speaks for a joined node was recorded: it may get its share of work again. */
void wi_pool_reconsider(struct wi_pool *pool, struct pool_node *node);
/* A joined node has come, and is in its class: the evidence kept for its party now applies to
 * it. */
void wi_pool_recall(struct wi_pool *pool, struct pool_node *node);
/* The node leaves. */
void wi_pool_remember(struct wi_pool *pool, const struct pool_node *node);
/* Releases the holds that end by `now`, of wi_steady_ms. */
void wi_pool_found_look(struct wi_pool *pool, int64_t now);

#endif
