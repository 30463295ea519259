/*
 * The pool as its own policy sees it; nobody else includes this. The parts are opaque and changed
 * by their own verbs only; which parts there are, and the rest of this, pool.c alone writes.
 */
#ifndef WI_WORK_POOL_PRIVATE_H
#define WI_WORK_POOL_PRIVATE_H

#include "work/pool/backlog.h"
#include "work/pool/evidence.h"
#include "work/pool/facts/abilities.h"
#include "work/pool/facts/kernels_used.h"
#include "work/pool/facts/kinds.h"
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
    struct wi_timer *look;    /* at sessions and attempts in turn; NULL once all is closed */
    struct wi_timer *overdue; /* rings when a client's own kernel is; likewise */
    uint64_t faults[WI_FAULT_COUNT], remedies[WI_REMEDY_COUNT]; /* health.c counts them */
    uint64_t found[WI_EVIDENCE_COUNT];                          /* evidence.c counts it */
    struct pool_chooser *chooser;
    struct wi_backlog backlog;
    struct wi_estimates *estimates;
    struct wi_verdicts *verdicts;
    struct wi_standings *standings; /* of joined nodes that have left; evidence.c writes it */
    struct wi_prefixes *prefixes;
    struct wi_shortages *shortages;
    struct wi_kernels_used *kernels_used;
    struct wi_tunings *tunings;
    struct wi_abilities *abilities;
    struct wi_evictions evictions; /* plan.c notes them */
    double quiet_since; /* nothing waits, and all browsers rest; 0: not now. tune.c writes it */
    int crowded;        /* memory has no room for one more browser; plan.c writes it */
    int closing;
    void (*on_closed)(void *);
    void *closed_context;
};

/* The kind of a session; NULL where it is not configured any more. */
static inline struct pool_kind *wi_pool_kind_of(
    const struct wi_pool *pool, const struct pool_session *session)
{
    return wi_pool_kinds_find(pool->kinds, wi_pool_session_info(session)->kind);
}

/* The node of a session's page; NULL where none is there. */
static inline struct pool_node *wi_pool_node_of(
    const struct wi_pool *pool, const struct pool_session *session)
{
    return wi_pool_nodes_find(pool->nodes, wi_pool_session_info(session)->node);
}

#endif
