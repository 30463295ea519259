/* What the files of pool/ share; nobody else includes it. */
#ifndef WI_POOL_PRIVATE_H
#define WI_POOL_PRIVATE_H

#include "base/loop.h"
#include "pool/backoff.h"
#include "pool/estimates.h"
#include "pool/fleet.h"
#include "pool/ladder.h"
#include "pool/pool.h"
#include "pool/route.h"
#include "pool/scale.h"
#include "pool/verdicts.h"
#include <uthash.h>

/* One configured kind of browser. */
struct pool_kind {
    char *name;
    const struct wi_config_browser *browser; /* borrowed from the configuration */
    struct wi_backoff backoff;
    int given; /* the configuration names it; others are there by default, and may well be absent */
    int installed;
    struct wi_error problem; /* why not, or the last failure to become ready; code WI_OK: none */
    double check_at;         /* when to look for missing programs again */
    double wish_since;       /* since when a session of it is wished for; 0: not, or it came */
    double wished_at;        /* when that was last repeated */
    uint64_t transitions[WI_SESSION_STATE_COUNT][WI_SESSION_STATE_COUNT]; /* [from][to] */
};

struct pool_session {
    struct pool_session *next;
    struct wi_session *session;
    char id[WI_ID_SIZE];
    char kind[32];
    enum wi_session_state state; /* as it last told */
    char node[WI_ID_SIZE];       /* its page's, "" before and after; written by nodes.c */
    double started, welcomed_at; /* 0: not yet */
    double idle_since;
    uint64_t jobs;              /* attempts answered */
    char worn[64];              /* why it is to be replaced by a fresh one; "": it is not */
    char successor[WI_ID_SIZE]; /* the session that takes its place; "" */
    struct wi_ladder ladder;
    double checked_at;
    unsigned checks_failed; /* in a row */
    double retire_by;       /* an unwell one that is to end: when, at the latest; 0: well */
};

struct pool_attempt {
    struct pool_attempt *next;
    char id[WI_ID_SIZE + 12];
    int builtin;
    unsigned requests; /* that are joined in it, or 0 */
    char hash[65];
    enum wi_platform platform; /* the first that it tries */
    double sent_at, expected_ms;
    double not_run_ms; /* of that, what was expected for the queue and for loading */
};

struct pool_node {
    UT_hash_handle hh;
    char id[WI_ID_SIZE];
    char session[WI_ID_SIZE]; /* "" for a joined node */
    int away, draining;       /* written by wi_pool_node_set */
    int choked;               /* more waits to be sent to it than may; until health.c looks again */
    size_t count, builtins;
    struct pool_attempt *attempts; /* the oldest first */
    struct wi_fleet_node place;
};

struct wi_pool {
    struct wi_pool_deps deps;
    struct wi_pool_events events;
    const struct wi_config *config; /* borrowed */
    struct wi_bridge *bridge;
    struct wi_bridge_events bridge_events;
    struct pool_kind *kinds;
    size_t kind_count;
    struct pool_session *sessions;
    struct pool_node *nodes; /* by id */
    struct wi_fleet fleet;   /* the same nodes, as routing sees them */
    struct wi_estimates *estimates;
    struct wi_verdicts *verdicts;
    struct wi_candidate *candidates; /* pick.c: room for a choice among `capacity` classes */
    struct wi_option *options;
    size_t capacity;
    uint64_t random;       /* the state of the dice */
    struct wi_timer *plan; /* plan.c: the next time to look */
    struct wi_timer *tell; /* nodes.c: on_capacity, from the loop */
    struct wi_timer *look; /* health.c: every so often */
    struct wi_pool_counters counters;
    size_t backlog;
    double backlog_since;
    double scaled_at;       /* when the last session was added for it or came */
    double answer_interval; /* between answers while work waits, moving average; 0: unknown */
    double answered_at;
    int closing, at_once;
    void (*on_closed)(void *);
    void *closed_context;
};

/* kinds.c */
void wi_pool_set_kinds(struct wi_pool *pool, const struct wi_config *config);
void wi_pool_free_kinds(struct wi_pool *pool);
struct pool_kind *wi_pool_find_kind(const struct wi_pool *pool, const char *name);
/* Looks whether its programs are there. */
void wi_pool_check_kind(struct pool_kind *kind, double now);
/* Whether the configuration lets it run at all. */
int wi_pool_kind_is_on(const struct pool_kind *kind);
/* What is wrong with a kind that somebody wants or that is there, or NULL. */
const char *wi_pool_kind_problem(const struct pool_kind *kind);
/* One line of the log for the kinds that nobody asked for and that are not installed. */
void wi_pool_tell_absent(const struct wi_pool *pool);
/* Whether a browser of this kind is coming or can come: what needs one may wait. */
int wi_pool_kind_is_hopeful(const struct wi_pool *pool, const struct pool_kind *kind);
/* WI_UNAVAILABLE with why there is no node (of `browser`, NULL for any). */
enum wi_code wi_pool_explain(
    const struct wi_pool *pool, const char *browser, struct wi_error *error);

/* pick.c */
/* What wi_pool_pick says, without its consequences unless `really`: no dice, no wishes. The judged
 * options are pool->options, until the next call. */
enum wi_pick wi_pool_consider(struct wi_pool *pool, const struct wi_demand *demand, int really,
    struct wi_choice *choice, size_t *option_count, struct wi_error *error);

/* sessions.c */
void wi_pool_start_session(struct wi_pool *pool, struct pool_kind *kind, const char *why);
struct pool_session *wi_pool_find_session(const struct wi_pool *pool, const char *id);
/* Of `kind` (NULL: any) in `state` (WI_SESSION_STATE_COUNT: any). */
size_t wi_pool_count_sessions(
    const struct wi_pool *pool, const char *kind, enum wi_session_state state);
/* It takes no new work. */
int wi_pool_session_ends(const struct pool_session *session);
/* Its node was welcomed; its last node is gone for good. */
void wi_pool_session_up(struct wi_pool *pool, struct pool_session *session);
void wi_pool_session_lost_node(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Its node has an attempt; has none left; has answered one. */
void wi_pool_session_busy(struct pool_session *session);
void wi_pool_session_idle(struct wi_pool *pool, struct pool_session *session);
void wi_pool_session_answered(struct wi_pool *pool, struct pool_session *session);
/* To be replaced by a fresh one. */
void wi_pool_session_wear(struct wi_pool *pool, struct pool_session *session, const char *why);
/* Ends it in good order, but now: what runs on it is lost. */
void wi_pool_session_close(struct wi_pool *pool, struct pool_session *session);
/* No new work; closed as soon as nothing runs on it. */
void wi_pool_session_retire(struct wi_pool *pool, struct pool_session *session, const char *why);

/* plan.c */
/* Starts, closes and schedules what the numbers ask for; everything that happens ends in it. */
void wi_pool_plan(struct wi_pool *pool);
void wi_pool_plan_soon(struct wi_pool *pool);
/* Whether what other kinds must keep leaves no room for a session of this kind, ever. */
int wi_pool_shuts_out(const struct wi_pool *pool, const struct pool_kind *kind);
/* One answer more: what is waiting may be expected to wait accordingly. */
void wi_pool_note_answer(struct wi_pool *pool);

/* health.c */
/* How long the document may take to answer when its node has lost its connection. */
#define WI_CHECK_AWAY_MS 5000
void wi_pool_start_looking(struct wi_pool *pool);
void wi_pool_look(void *context); /* the timer's */
void wi_pool_fault(
    struct wi_pool *pool, struct pool_session *session, enum wi_fault fault, const char *why);
/* What wi_session_check found. */
void wi_pool_checked(
    struct wi_pool *pool, struct pool_session *session, const struct wi_error *error);
/* The bridge asks: how many threads WASM may use on this node. */
int wi_pool_threads(void *context, const struct wi_node_info *node);

/* nodes.c */
void wi_pool_make_bridge_events(struct wi_pool *pool);
struct pool_node *wi_pool_find_node(const struct wi_pool *pool, const char *id);
struct pool_node *wi_pool_node_of(const struct wi_pool *pool, const char *session_id);
void wi_pool_node_set(struct wi_pool *pool, struct pool_node *node, int away, int draining);
/* Nodes that could not be sent more are tried again. */
void wi_pool_unchoke(struct wi_pool *pool);
void wi_pool_tell_capacity(struct wi_pool *pool); /* from the loop, not at once */
void wi_pool_free_nodes(struct wi_pool *pool);

#endif
