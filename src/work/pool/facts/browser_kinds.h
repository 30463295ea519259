/*
 * The configured kinds of browser, the preferred ones first: which are installed, which keep
 * failing, and which are requested. Facts only: nothing here starts a session or calls code that
 * does. Others read the members; only the functions here change them. Times are those of
 * wi_awake_ms.
 */
#ifndef WI_WORK_POOL_FACTS_BROWSER_KINDS_H
#define WI_WORK_POOL_FACTS_BROWSER_KINDS_H

#include "base/error.h"
#include "browser/kinds.h"
#include "browser/session.h"
#include "settings/config/config.h"
#include "work/pool/facts/remedies.h"
#include <stdint.h>

struct pool_kind {
    char *name;
    const struct wi_config_browser *browser; /* borrowed from the configuration */
    int given; /* the configuration names it; others are defaults, and may be missing */
    int installed;
    /* Why not, the last failure to become ready, or why its Grid has no room; WI_OK: none. */
    struct wi_error problem;
    struct wi_backoff backoff;
    int full;               /* its Grid has no room */
    int is_away;            /* the last session that broke could not reach its service */
    double requested_since; /* when a session of it was requested; 0: it was not, or has come */
    unsigned requested_by;  /* the client (facts/use.h); 0: no particular one */
    char stamp[WI_KIND_STAMP_SIZE]; /* of the installed programs: wi_kind_stamp; "": none */
    uint64_t transitions[WI_SESSION_STATE_COUNT][WI_SESSION_STATE_COUNT]; /* [from][to] */
    double check_at;     /* when to check for missing programs again; 0: not checked yet */
    double requested_at; /* when the request was last repeated */
    double preferred_ms, preferred_at; /* see wi_pool_kind_prefer */
};

struct pool_kinds {
    struct pool_kind *all; /* the preferred ones first */
    size_t count;
};
struct pool_kinds *wi_pool_kinds_new(void);
void wi_pool_kinds_free(struct pool_kinds *kinds);
/* Sets the kinds of `config`, which must live until the next call; the facts about kinds that
 * existed before are kept. Pointers to kinds become invalid. */
void wi_pool_kinds_set(struct pool_kinds *kinds, const struct wi_config *config);
/* NULL if there is none. */
struct pool_kind *wi_pool_kinds_find(const struct pool_kinds *kinds, const char *name);

/* Whether the configuration allows it to run. */
int wi_pool_kind_is_on(const struct pool_kind *kind);
/* Whether its driver is started by others, perhaps on another machine. */
int wi_pool_kind_is_remote(const struct pool_kind *kind);
/* The problem of a kind that is wanted or installed, or NULL. */
const char *wi_pool_kind_problem(const struct pool_kind *kind);

/* Checks whether its programs are installed, and which ones. `gpus` as for wi_session_installed. */
void wi_pool_kind_check(struct pool_kind *kind, const struct wi_gpus *gpus, double now);
/* The same if the last check was a while ago. */
void wi_pool_kind_check_again(struct pool_kind *kind, double now);
/* Checks missing programs again that are due; returns when the next check is due (WI_NEVER: none).
 * This is needed even if no session is wanted: requests are refused until the programs are
 * there. */
double wi_pool_kinds_check_missing(struct pool_kinds *kinds, double now);
/* Logs one line about the default kinds that are not installed. */
void wi_pool_kinds_tell_absent(const struct pool_kinds *kinds);

/* The client would use a session of it. Returns 1 if the request is new. The client then counts as
 * the one that waits for it, until wi_pool_kind_request_for names another. */
int wi_pool_kind_request(struct pool_kind *kind, unsigned client, double now);
void wi_pool_kind_request_for(struct pool_kind *kind, unsigned client);
/* The kind is preferred to the place that does the work, which takes `took_ms` there. Returns 1
 * once all such work, without a pause longer than `keep_ms`, has taken longer than a start of the
 * kind: before that, none would be ready in time. */
int wi_pool_kind_prefer(
    struct pool_kind *kind, double took_ms, double start_ms, double keep_ms, double now);
/* Forgets requests that were not repeated within `keep_ms`. */
void wi_pool_kinds_forget_requests(struct pool_kinds *kinds, double now, double keep_ms);
int wi_pool_kinds_requested(const struct pool_kinds *kinds);

/* Events of its sessions: a change of state; becoming ready; breaking, `served_ms` after the first
 * welcome (negative: before it). */
void wi_pool_kind_changed(
    struct pool_kind *kind, enum wi_session_state from, enum wi_session_state to);
void wi_pool_kind_ready(struct pool_kind *kind);
void wi_pool_kind_broken(
    struct pool_kind *kind, double now, double served_ms, const struct wi_error *error);
/* Its Grid has no room, which is no failure; it has room again, or was not asked yet. */
void wi_pool_kind_full(struct pool_kind *kind, const struct wi_error *error);
void wi_pool_kind_has_room(struct pool_kind *kind);
/* Its service answers: what failed because it did not is cleared. */
void wi_pool_kind_answers(struct pool_kind *kind);
/* Clears its failures. */
void wi_pool_kind_forgive(struct pool_kind *kind);

#endif
