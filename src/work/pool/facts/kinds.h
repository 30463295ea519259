/*
 * The configured kinds of browser, the preferred ones first: what is installed, what keeps failing,
 * what is requested. Facts only: nothing here starts a session or calls one who does. Times are
 * those of wi_now_ms.
 */
#ifndef WI_WORK_POOL_FACTS_KINDS_H
#define WI_WORK_POOL_FACTS_KINDS_H

#include "base/error.h"
#include "browser/kinds.h"
#include "browser/session.h"
#include "settings/config/config.h"
#include "work/pool/facts/remedies.h"
#include <stdint.h>

struct pool_kind;
/* What others may read of it. */
struct pool_kind_info {
    const char *name;
    const struct wi_config_browser *browser; /* borrowed from the configuration */
    int given; /* the configuration names it; others are there by default, and may well be absent */
    int installed;
    struct wi_error problem; /* why not, or the last failure to become ready; code WI_OK: none */
    struct wi_backoff backoff;
    double requested_since; /* since when a session of it is requested; 0: not, or it came */
    unsigned requested_by;  /* the client (facts/use.h); 0: nobody in particular */
    char stamp[WI_KIND_STAMP_SIZE]; /* of what is installed: wi_kind_stamp; "": nothing is */
    uint64_t transitions[WI_SESSION_STATE_COUNT][WI_SESSION_STATE_COUNT]; /* [from][to] */
};

struct pool_kinds;
struct pool_kinds *wi_pool_kinds_new(void);
void wi_pool_kinds_free(struct pool_kinds *kinds);
/* Those of `config`, which must live until the next call; what was learnt about a kind that was
 * there before is kept. Pointers to kinds end here. */
void wi_pool_kinds_set(struct pool_kinds *kinds, const struct wi_config *config);
size_t wi_pool_kinds_count(const struct pool_kinds *kinds);
struct pool_kind *wi_pool_kinds_at(const struct pool_kinds *kinds, size_t index);
size_t wi_pool_kinds_index(const struct pool_kinds *kinds, const struct pool_kind *kind);
/* NULL if there is none. */
struct pool_kind *wi_pool_kinds_find(const struct pool_kinds *kinds, const char *name);
const struct pool_kind_info *wi_pool_kind_info(const struct pool_kind *kind);

/* Whether the configuration lets it run at all. */
int wi_pool_kind_is_on(const struct pool_kind *kind);
/* Whether somebody else starts its driver, perhaps on another machine. */
int wi_pool_kind_is_remote(const struct pool_kind *kind);
/* What is wrong with a kind that somebody wants or that is there, or NULL. */
const char *wi_pool_kind_problem(const struct pool_kind *kind);

/* Looks whether its programs are there, and which. */
void wi_pool_kind_check(struct pool_kind *kind, double now);
/* The same if it was not looked for a while. */
void wi_pool_kind_check_again(struct pool_kind *kind, double now);
/* Looks again for what was missing and is due; returns when the next look is due (WI_NEVER: none).
 * Needed whether a session is wanted or not: requests are refused until it is there. */
double wi_pool_kinds_check_missing(struct pool_kinds *kinds, double now);
/* One line of the log for the kinds that nobody asked for and that are not installed. */
void wi_pool_kinds_tell_absent(const struct pool_kinds *kinds);

/* A session of it would be used by the client; 1 if that is new. Then the client is the one who
 * waits for it, as long as nobody else is said to be. */
int wi_pool_kind_request(struct pool_kind *kind, unsigned client, double now);
void wi_pool_kind_request_for(struct pool_kind *kind, unsigned client);
/* It is preferred to what has the work, which takes `took_ms` there. 1 once all of that, without a
 * longer pause than `keep_ms`, takes as long as a start of it: before, none would be ready in time.
 */
int wi_pool_kind_prefer(
    struct pool_kind *kind, double took_ms, double start_ms, double keep_ms, double now);
/* Forgets what was requested and not repeated within `keep_ms`. */
void wi_pool_kinds_forget_requests(struct pool_kinds *kinds, double now, double keep_ms);
int wi_pool_kinds_requested(const struct pool_kinds *kinds);

/* What its sessions did: changed their state; became ready; broke, `served_ms` after the first
 * welcome (negative: before it). */
void wi_pool_kind_changed(
    struct pool_kind *kind, enum wi_session_state from, enum wi_session_state to);
void wi_pool_kind_ready(struct pool_kind *kind);
void wi_pool_kind_broken(
    struct pool_kind *kind, double now, double served_ms, const struct wi_error *error);
/* Its failures are not held against it any more. */
void wi_pool_kind_forgive(struct pool_kind *kind);

#endif
