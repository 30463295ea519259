/* What the pool itself tells of answers, and of time that passes; see evidence.h. */
#ifndef WI_WORK_POOL_EVIDENCE_PRIVATE_H
#define WI_WORK_POOL_EVIDENCE_PRIVATE_H

#include "work/pool/private.h"

/* An answer of a joined node was noted that speaks for it: it may get its share of work again. */
void wi_pool_reconsider(struct wi_pool *pool, struct pool_node *node);
/* A joined node has come, and is placed: what is kept of its party is found of it. */
void wi_pool_recall(struct wi_pool *pool, struct pool_node *node);
/* It leaves. */
void wi_pool_remember(struct wi_pool *pool, const struct pool_node *node);
/* Lets go what is held for no longer than until `now`, of wi_steady_ms. */
void wi_pool_found_look(struct wi_pool *pool, int64_t now);

#endif
