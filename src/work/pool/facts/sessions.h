/*
 * All sessions, the newest first, and the facts about each. Facts only: the owner, which is told of
 * every change of state, acts on them. A session's state is read from the browser's own session and
 * stored nowhere else. Others read the members; only the functions here change them. Times are
 * those of wi_awake_ms.
 */
#ifndef WI_WORK_POOL_FACTS_SESSIONS_H
#define WI_WORK_POOL_FACTS_SESSIONS_H

#include "base/change.h"
#include "browser/gpus.h"
#include "browser/kinds.h"
#include "browser/session.h"
#include "terms/model/engine.h"
#include "work/pool/facts/remedies.h"
#include "work/pool/facts/use.h"

struct pool_session {
    struct pool_session *next; /* a loop that ends sessions must read it first */
    struct pool_sessions *sessions;
    struct wi_session *browser; /* for the functions of browser/session.h; never free it */
    char id[WI_ID_SIZE];
    char kind[32];
    char node[WI_ID_SIZE];       /* of its page, "" before and after */
    int64_t started_at;          /* Unix milliseconds */
    double started, welcomed_at; /* 0: not yet */
    double idle_since;
    double checked_at;
    unsigned checks_failed;         /* in a row */
    int unwatched;                  /* its service does not answer, so only its node is watched */
    double gpu_lost_at;             /* when its GPU process was ended; 0: never */
    double gpu_by;                  /* when its GPU must be back; 0: it is, or was given up */
    enum wi_platform gpu_lost;      /* the platform that its page lost with it */
    double retire_by;               /* the latest end of an unhealthy session; 0: it is healthy */
    uint64_t jobs;                  /* attempts answered */
    char worn[64];                  /* why it is to be replaced by a new one; "": it is not */
    char successor[WI_ID_SIZE];     /* the session that replaces it; "" */
    struct wi_use use;              /* by clients */
    char stamp[WI_KIND_STAMP_SIZE]; /* of the programs it was started with; "": unknown */
    struct wi_ladder ladder;
};

struct pool_sessions_events {
    void *context;
    void (*on_page_url)(void *context, struct pool_session *session, char *url, size_t size);
    /* After CLOSED the session no longer exists. */
    void (*on_state)(void *context, struct pool_session *session, enum wi_session_state from,
        enum wi_session_state to, const struct wi_error *error);
    void (*on_checked)(void *context, struct pool_session *session, const struct wi_error *error);
    /* Is told which session has changed; borrowed, NULL: none. */
    const struct wi_change_listener *listener;
};

struct pool_sessions_counters {
    uint64_t started, broken, closed, worn;
    uint64_t start_ms_count;
    double start_ms_sum;
};

struct pool_sessions {
    struct pool_session *first;
    struct pool_sessions_events events;
    struct pool_sessions_counters counters;
};
struct pool_sessions *wi_pool_sessions_new(const struct pool_sessions_events *events);
/* Call it only when no session is left. */
void wi_pool_sessions_free(struct pool_sessions *sessions);
/* Begins one, see wi_session_new; `stamp` is that of its kind. Never NULL. */
struct pool_session *wi_pool_sessions_start(struct pool_sessions *sessions,
    const struct wi_session_deps *deps, const struct wi_config_browser *browser, int64_t timeout_ms,
    const char *stamp);

/* NULL if there is none, as for "". */
struct pool_session *wi_pool_sessions_find(const struct pool_sessions *sessions, const char *id);
/* The number of sessions of `kind` (NULL: any) in `state` (WI_SESSION_STATE_COUNT: any). */
size_t wi_pool_sessions_count(
    const struct pool_sessions *sessions, const char *kind, enum wi_session_state state);

/* The number of sessions, other than `but`, that are being asked for at the service at `url`. */
size_t wi_pool_sessions_asking(
    const struct pool_sessions *sessions, const char *url, const char *but);

/* The GPU for the next session of a kind with gpu_device = all: of those that serve it, the one
 * with the fewest sessions of that kind, then of all kinds, then the first. Sessions that end or
 * are to be replaced do not count, so that a successor gets the GPU of its predecessor. NULL: none
 * serves. */
const struct wi_gpu_device *wi_pool_sessions_spread(const struct pool_sessions *sessions,
    const struct wi_config_browser *browser, const struct wi_gpu_device *gpus, size_t count);

enum wi_session_state wi_pool_session_state(const struct pool_session *session);
/* It is ready or busy. */
int wi_pool_session_serves(const struct pool_session *session);
/* It takes no new work. */
int wi_pool_session_ends(const struct pool_session *session);

/* Sets the node of its page; "": none. */
void wi_pool_session_set_node(struct pool_session *session, const char *node);
/* Its node was welcomed. */
void wi_pool_session_welcomed(struct pool_session *session, double now);
/* A client has given it work, or got an answer from it. */
void wi_pool_session_used(struct pool_session *session, unsigned client, double now);
/* Its node has no attempt left; has answered an attempt. */
void wi_pool_session_idle(struct pool_session *session, double now);
void wi_pool_session_answered(struct pool_session *session);
/* Marks it to be replaced by a new one. Returns 0 if it is already marked, or is ending. */
int wi_pool_session_wear(struct pool_session *session, const char *why);
void wi_pool_session_succeed(struct pool_session *session, const struct pool_session *successor);
/* Checks its document, see wi_session_check. */
void wi_pool_session_check(struct pool_session *session, uint64_t timeout_ms, double now);
/* The result of the check. Reopening its page counts as `is_well`. */
void wi_pool_session_checked(struct pool_session *session, int is_well);
/* Its service does not answer, or does. Returns 1 if that is news. */
int wi_pool_session_unwatch(struct pool_session *session, int unwatched);
/* Its GPU process was ended, and its GPU, which is seen by that platform, must be back at
 * `back_by`; it is back, or was given up. */
void wi_pool_session_gpu_lost(
    struct pool_session *session, enum wi_platform platform, double now, double back_by);
void wi_pool_session_gpu_settled(struct pool_session *session);
void wi_pool_session_retire_by(struct pool_session *session, double when);
/* See wi_ladder_climb. */
enum wi_remedy wi_pool_session_climb(struct pool_session *session, enum wi_fault fault, double now);

#endif
