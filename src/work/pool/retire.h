/* How sessions end, in good order with their nodes. */
#ifndef WI_WORK_POOL_RETIRE_H
#define WI_WORK_POOL_RETIRE_H

#include "work/pool/private.h"

/* To be replaced by a fresh one. */
void wi_pool_end_worn(struct wi_pool *pool, struct pool_session *session, const char *why);
/* No new work; closed as soon as nothing runs on it. */
void wi_pool_end_retire(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Ends it in good order, but now: what runs on it is lost. */
void wi_pool_end_close(struct wi_pool *pool, struct pool_session *session);
/* Its page goes, and what runs there is lost. */
void wi_pool_end_page(struct wi_pool *pool, const struct pool_session *session, const char *why);
/* Whom it replaces may go now. */
void wi_pool_end_replaced(struct wi_pool *pool, const struct pool_session *successor);

#endif
