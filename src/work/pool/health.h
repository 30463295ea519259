/*
 * Checks the health of the sessions, and acts when one is unhealthy. A dead process, a silent link
 * and a lost GPU are reported by other modules; all other faults are found here.
 */
#ifndef WI_WORK_POOL_HEALTH_H
#define WI_WORK_POOL_HEALTH_H

#include "work/pool/private.h"

/* Checks each session in turn; `now` is wi_now_ms(). */
void wi_pool_look(struct wi_pool *pool, double now);

/* The node of this session has lost its connection: checks whether its document is alive. */
void wi_pool_ask_after(struct pool_session *session);
/* The result of wi_session_check, for the pool as `context`; NULL: the session is healthy. */
void wi_pool_checked(void *context, struct pool_session *session, const struct wi_error *error);
/* How long a page may be silent, about itself or about an attempt: heartbeat_interval times
 * heartbeat_misses, and at least 2 s. */
double wi_pool_patience_ms(const struct wi_pool *pool);
/* A kernel, named in `why`, has exceeded its time: ends at once the process in which its browser
 * accesses the GPU, or the session if the browser has no separate process for that. */
void wi_pool_end_kernel(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Applies the remedy that wi_ladder_climb chooses. */
void wi_pool_fault(
    struct wi_pool *pool, struct pool_session *session, enum wi_fault fault, const char *why);

#endif
