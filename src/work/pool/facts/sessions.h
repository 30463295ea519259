/*
 * The sessions that there are, the newest first, and what happened to each. Facts only: what
 * follows from them is the owner's, who hears of every change of state. A session's state is asked
 * of the browser's own session and kept nowhere else. Times are those of wi_now_ms.
 */
#ifndef WI_WORK_POOL_FACTS_SESSIONS_H
#define WI_WORK_POOL_FACTS_SESSIONS_H

#include "base/change.h"
#include "browser/kinds.h"
#include "browser/session.h"
#include "work/pool/facts/remedies.h"
#include "work/pool/facts/use.h"

struct pool_session;
/* What others may read of it. */
struct pool_session_info {
    struct wi_session *browser; /* for the verbs of browser/session.h; never to be freed */
    char id[WI_ID_SIZE];
    char kind[32];
    char node[WI_ID_SIZE];       /* its page's, "" before and after */
    int64_t started_at;          /* Unix milliseconds */
    double started, welcomed_at; /* 0: not yet */
    double idle_since;
    double checked_at;
    unsigned checks_failed;         /* in a row */
    double gpu_lost_at;             /* when it was decided to end its GPU process; 0: never */
    double gpu_ends_at;             /* when that is to happen; 0: it has, or need not */
    double gpu_by;                  /* when its GPU is to be back; 0: it is, or is given up */
    double retire_by;               /* an unwell one that is to end: when, at the latest; 0: well */
    uint64_t jobs;                  /* attempts answered */
    char worn[64];                  /* why it is to be replaced by a fresh one; "": it is not */
    char successor[WI_ID_SIZE];     /* the session that takes its place; "" */
    struct wi_use use;              /* by clients */
    char stamp[WI_KIND_STAMP_SIZE]; /* of what it was started with; "": that is not known */
};

struct pool_sessions_events {
    void *context;
    void (*on_page_url)(void *context, struct pool_session *session, char *url, size_t size);
    /* After CLOSED the session is gone. */
    void (*on_state)(void *context, struct pool_session *session, enum wi_session_state from,
        enum wi_session_state to, const struct wi_error *error);
    void (*on_checked)(void *context, struct pool_session *session, const struct wi_error *error);
    /* Is told which session has changed; borrowed, NULL: nobody. */
    const struct wi_change_listener *listener;
};

struct pool_sessions_counters {
    uint64_t started, broken, closed, worn;
    uint64_t start_ms_count;
    double start_ms_sum;
};

struct pool_sessions;
struct pool_sessions *wi_pool_sessions_new(const struct pool_sessions_events *events);
/* Only when none is left. */
void wi_pool_sessions_free(struct pool_sessions *sessions);
/* Begins one, see wi_session_new. Never NULL. */
struct pool_session *wi_pool_sessions_start(struct pool_sessions *sessions,
    const struct wi_session_deps *deps, const struct wi_config_browser *browser,
    int64_t timeout_ms);

/* for (s = first; s; s = next), NULL at the end. Whoever ends sessions on the way takes the next
 * first. */
struct pool_session *wi_pool_sessions_first(const struct pool_sessions *sessions);
struct pool_session *wi_pool_session_next(const struct pool_session *session);
/* NULL if there is none, as for "". */
struct pool_session *wi_pool_sessions_find(const struct pool_sessions *sessions, const char *id);
/* Of `kind` (NULL: any) in `state` (WI_SESSION_STATE_COUNT: any). */
size_t wi_pool_sessions_count(
    const struct pool_sessions *sessions, const char *kind, enum wi_session_state state);
const struct pool_sessions_counters *wi_pool_sessions_counters(
    const struct pool_sessions *sessions);

const struct pool_session_info *wi_pool_session_info(const struct pool_session *session);
enum wi_session_state wi_pool_session_state(const struct pool_session *session);
/* It is ready or busy. */
int wi_pool_session_serves(const struct pool_session *session);
/* It takes no new work. */
int wi_pool_session_ends(const struct pool_session *session);

/* Its page's node is this one now; "": none is. */
void wi_pool_session_set_node(struct pool_session *session, const char *node);
/* Its node was welcomed. */
void wi_pool_session_welcomed(
    struct pool_sessions *sessions, struct pool_session *session, double now);
/* Its kind had that stamp when it was started. */
void wi_pool_session_stamp(struct pool_session *session, const char *stamp);
/* A client has given it work, or had an answer of it. */
void wi_pool_session_used(struct pool_session *session, unsigned client, double now);
/* Its node has an attempt; has none left; has answered one. */
void wi_pool_session_busy(struct pool_session *session);
void wi_pool_session_idle(struct pool_session *session, double now);
void wi_pool_session_answered(struct pool_session *session);
/* It is to be replaced by a fresh one; 0 if it is already, or ends. */
int wi_pool_session_wear(
    struct pool_sessions *sessions, struct pool_session *session, const char *why);
void wi_pool_session_succeed(struct pool_session *session, const struct pool_session *successor);
/* Asks its document, see wi_session_check. */
void wi_pool_session_check(struct pool_session *session, uint64_t timeout_ms, double now);
/* What came of it; opening its page afresh starts the count afresh. */
void wi_pool_session_well(struct pool_session *session);
void wi_pool_session_unwell(struct pool_session *session);
/* Its GPU process is to be ended; was, so that its GPU is to be back by then; and need not be any
 * more, since the GPU is back or given up. */
void wi_pool_session_gpu_lost(struct pool_session *session, double now, double ends_at);
void wi_pool_session_gpu_ended(struct pool_session *session, double back_by);
void wi_pool_session_gpu_settled(struct pool_session *session);
void wi_pool_session_retire_by(struct pool_session *session, double when);
/* See wi_ladder_climb. */
enum wi_remedy wi_pool_session_climb(struct pool_session *session, enum wi_fault fault, double now);

#endif
