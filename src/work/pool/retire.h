/* Ends sessions in good order, together with their nodes. */
#ifndef WI_WORK_POOL_RETIRE_H
#define WI_WORK_POOL_RETIRE_H

#include "work/pool/private.h"

/* Marks it to be replaced by a new one. */
void wi_pool_end_worn(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Gives it no new work, and closes it as soon as nothing runs on it. */
void wi_pool_end_retire(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Ends it in good order, but at once: its running work is lost. */
void wi_pool_end_close(struct wi_pool *pool, struct pool_session *session);
/* Ends its page: its running work is lost. */
void wi_pool_end_page(struct wi_pool *pool, const struct pool_session *session, const char *why);
/* The session that it replaces may end now. */
void wi_pool_end_replaced(struct wi_pool *pool, const struct pool_session *successor);

#endif
