/*
 * Whether the sessions are well, and what is done about one that is not. A dead process, a silent
 * link and a lost GPU are told by others; the rest is found here.
 */
#ifndef WI_WORK_POOL_HEALTH_H
#define WI_WORK_POOL_HEALTH_H

#include "work/pool/private.h"

/* Looks at each session in turn; `now` is wi_now_ms(). */
void wi_pool_look(struct wi_pool *pool, double now);

/* The node of this session has lost its connection: asks its document whether it lives. */
void wi_pool_ask_after(struct pool_session *session);
/* What wi_session_check found; NULL: it is well. */
void wi_pool_checked(
    struct wi_pool *pool, struct pool_session *session, const struct wi_error *error);
/* How long a page may say nothing, of itself or of an attempt: heartbeat_interval for each of
 * heartbeat_misses, and at the least 2 s. */
double wi_pool_patience_ms(const struct wi_pool *pool);
/* A kernel has not ended in its time, `why` says which: ends at once the process in which its
 * browser speaks to the GPU, or where that is none of its own the session. */
void wi_pool_end_kernel(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Does what wi_ladder_climb says. */
void wi_pool_fault(
    struct wi_pool *pool, struct pool_session *session, enum wi_fault fault, const char *why);

#endif
