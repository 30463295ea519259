/*
 * The pool as its own policy files see it; no other file includes this header. The parts are opaque
 * and are changed only by their own functions. Only pool.c sets the pointers to the parts, and the
 * other members.
 */
#ifndef WI_WORK_POOL_PRIVATE_H
#define WI_WORK_POOL_PRIVATE_H

#include "work/pool/backlog.h"
#include "work/pool/evidence.h"
#include "work/pool/facts/abilities.h"
#include "work/pool/facts/browser_kinds.h"
#include "work/pool/facts/kernels_used.h"
#include "work/pool/facts/nodes.h"
#include "work/pool/facts/sessions.h"
#include "work/pool/facts/shortages.h"
#include "work/pool/facts/tunings.h"
#include "work/pool/facts/use.h"
#include "work/pool/pool.h"
#include "work/pool/wake.h"

struct wi_pool {
    struct wi_pool_deps deps;
    struct wi_pool_events events;
    struct wi_pool_watch watch;
    const struct wi_config *config; /* borrowed */
    struct wi_bridge *bridge;       /* from wi_pool_start on */
    struct wi_bridge_events bridge_events;
    struct pool_kinds *kinds;
    struct pool_sessions *sessions;
    struct pool_nodes *nodes;
    struct pool_wake *wake;
    struct wi_timer *look;    /* checks sessions and attempts in turn; NULL once all is closed */
    struct wi_timer *overdue; /* fires when a client's own kernel is overdue; likewise */
    uint64_t faults[WI_FAULT_COUNT], remedies[WI_REMEDY_COUNT]; /* health.c counts them */
    uint64_t found[WI_EVIDENCE_COUNT];                          /* evidence.c counts it */
    struct pool_chooser *chooser;
    struct wi_backlog backlog;
    struct wi_estimates *estimates;
    struct wi_verdicts *verdicts;
    struct wi_standings *standings; /* of joined nodes that have left; written by evidence.c */
    struct wi_prefixes *prefixes;
    struct wi_shortages *shortages;
    struct wi_kernels_used *kernels_used;
    struct wi_tunings *tunings;
    struct wi_abilities *abilities;
    struct wi_evictions evictions; /* recorded by plan.c */
    double quiet_since; /* since when no work waits and all browsers rest; 0: not now; tune.c */
    int crowded;        /* memory has no room for one more browser; set by plan.c */
    int closing;
    void (*on_closed)(void *);
    void *closed_context;
};

/* The kind of a session; NULL if it is no longer configured. */
static inline struct pool_kind *wi_pool_kind_of(
    const struct wi_pool *pool, const struct pool_session *session)
{
    return wi_pool_kinds_find(pool->kinds, wi_pool_session_info(session)->kind);
}

/* The node of a session's page; NULL if there is none. */
static inline struct pool_node *wi_pool_node_of(
    const struct wi_pool *pool, const struct pool_session *session)
{
    return wi_pool_nodes_find(pool->nodes, wi_pool_session_info(session)->node);
}

/* --- retire.c: ends sessions in good order, together with their nodes ------------------------- */

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

/* --- placing.c: puts a node into its class, by its page's report and the facts about it ------- */

/* Its page has sent this report. */
void wi_pool_place(struct wi_pool *pool, struct pool_node *node, const struct wi_node_info *info);
/* The facts about it have changed. */
void wi_pool_place_anew(struct wi_pool *pool, struct pool_node *node);

#endif
