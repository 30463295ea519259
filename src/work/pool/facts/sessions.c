/* The sessions that there are, and what happened to each. */
#include "work/pool/facts/sessions.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct pool_session {
    struct pool_session *next;
    struct pool_sessions *sessions;
    struct pool_session_info info;
    struct wi_ladder ladder;
};

struct pool_sessions {
    struct pool_session *first;
    struct pool_sessions_events events;
    struct pool_sessions_counters counters;
};

struct pool_sessions *wi_pool_sessions_new(const struct pool_sessions_events *events)
{
    struct pool_sessions *sessions = wi_alloc(sizeof *sessions);

    sessions->events = *events;
    return sessions;
}

void wi_pool_sessions_free(struct pool_sessions *sessions)
{
    assert(!sessions || !sessions->first);
    free(sessions);
}

static void session_tell(const struct pool_session *session)
{
    wi_change_tell(session->sessions->events.listener, WI_CHANGE_SESSION, session->info.id, NULL);
}

/* --- one among all --------------------------------------------------------------------------- */

struct pool_session *wi_pool_sessions_first(const struct pool_sessions *sessions)
{
    return sessions->first;
}

struct pool_session *wi_pool_session_next(const struct pool_session *session)
{
    return session->next;
}

struct pool_session *wi_pool_sessions_find(const struct pool_sessions *sessions, const char *id)
{
    struct pool_session *session = sessions->first;

    if (!*id)
        return NULL; /* a joined node has none */
    while (session && strcmp(session->info.id, id) != 0)
        session = session->next;
    return session;
}

size_t wi_pool_sessions_count(
    const struct pool_sessions *sessions, const char *kind, enum wi_session_state state)
{
    size_t count = 0;

    for (const struct pool_session *session = sessions->first; session; session = session->next)
        if ((!kind || strcmp(session->info.kind, kind) == 0) &&
            (state == WI_SESSION_STATE_COUNT || wi_pool_session_state(session) == state))
            count++;
    return count;
}

const struct pool_sessions_counters *wi_pool_sessions_counters(const struct pool_sessions *sessions)
{
    return &sessions->counters;
}

const struct pool_session_info *wi_pool_session_info(const struct pool_session *session)
{
    return &session->info;
}

enum wi_session_state wi_pool_session_state(const struct pool_session *session)
{
    return wi_session_state(session->info.browser);
}

int wi_pool_session_serves(const struct pool_session *session)
{
    enum wi_session_state state = wi_pool_session_state(session);

    return state == WI_SESSION_READY || state == WI_SESSION_BUSY;
}

int wi_pool_session_ends(const struct pool_session *session)
{
    return wi_pool_session_state(session) >= WI_SESSION_DRAINING;
}

/* --- what the browser tells ------------------------------------------------------------------ */

static void on_page_url(void *context, const char *session_id, char *url, size_t size)
{
    struct pool_session *session = context;
    struct pool_sessions *sessions = session->sessions;

    sessions->events.on_page_url(sessions->events.context, session, url, size);
}

/* Those whose place it was to take need another successor. */
static void forget_successor(struct pool_sessions *sessions, const struct pool_session *gone)
{
    for (struct pool_session *session = sessions->first; session; session = session->next) {
        if (strcmp(session->info.successor, gone->info.id) != 0)
            continue;
        session->info.successor[0] = '\0';
        session_tell(session);
    }
}

static void remove_session(struct pool_sessions *sessions, struct pool_session *session)
{
    LL_DELETE(sessions->first, session);
    wi_session_free(session->info.browser);
    free(session);
}

static void on_state(void *context, const char *session_id, enum wi_session_state from,
    enum wi_session_state to, const struct wi_error *error)
{
    struct pool_session *session = context;
    struct pool_sessions *sessions = session->sessions;

    if (wi_pool_session_ends(session))
        forget_successor(sessions, session);
    sessions->counters.broken += to == WI_SESSION_BROKEN;
    sessions->counters.closed += to == WI_SESSION_CLOSED;
    session_tell(session);
    sessions->events.on_state(sessions->events.context, session, from, to, error);
    if (to == WI_SESSION_CLOSED)
        remove_session(sessions, session);
}

static void on_checked(void *context, const char *session_id, const struct wi_error *error)
{
    struct pool_session *session = context;
    struct pool_sessions *sessions = session->sessions;

    sessions->events.on_checked(sessions->events.context, session, error);
}

struct pool_session *wi_pool_sessions_start(struct pool_sessions *sessions,
    const struct wi_session_deps *deps, const struct wi_config_browser *browser, int64_t timeout_ms)
{
    struct pool_session *session = wi_alloc(sizeof *session);
    const struct wi_session_events events = {session, on_page_url, on_state, on_checked};
    struct wi_session_info info;

    session->sessions = sessions;
    session->info.browser = wi_session_new(deps, browser, timeout_ms, &events);
    wi_session_info(session->info.browser, &info);
    memcpy(session->info.id, info.id, sizeof session->info.id);
    snprintf(session->info.kind, sizeof session->info.kind, "%s", browser->kind);
    session->info.started_at = wi_wall_ms();
    session->info.started = wi_now_ms();
    LL_PREPEND(sessions->first, session);
    sessions->counters.started++;
    session_tell(session);
    return session;
}

/* --- what happens to one --------------------------------------------------------------------- */

void wi_pool_session_stamp(struct pool_session *session, const char *stamp)
{
    wi_text_copy(session->info.stamp, sizeof session->info.stamp, stamp);
}

void wi_pool_session_used(struct pool_session *session, unsigned client, double now)
{
    wi_use_note(&session->info.use, client, now);
}

void wi_pool_session_set_node(struct pool_session *session, const char *node)
{
    snprintf(session->info.node, sizeof session->info.node, "%s", node);
    session_tell(session);
}

void wi_pool_session_welcomed(
    struct pool_sessions *sessions, struct pool_session *session, double now)
{
    if (session->info.welcomed_at == 0) {
        session->info.welcomed_at = now;
        sessions->counters.start_ms_count++;
        sessions->counters.start_ms_sum += now - session->info.started;
    }
    session->info.idle_since = session->info.checked_at = now;
    wi_session_welcomed(session->info.browser);
}

void wi_pool_session_busy(struct pool_session *session)
{
    wi_session_set_busy(session->info.browser, 1);
}

void wi_pool_session_idle(struct pool_session *session, double now)
{
    session->info.idle_since = now;
    wi_session_set_busy(session->info.browser, 0);
}

void wi_pool_session_answered(struct pool_session *session)
{
    session->info.jobs++;
    session_tell(session);
}

int wi_pool_session_wear(
    struct pool_sessions *sessions, struct pool_session *session, const char *why)
{
    if (*session->info.worn || wi_pool_session_ends(session))
        return 0;
    snprintf(session->info.worn, sizeof session->info.worn, "%s", why);
    sessions->counters.worn++;
    session_tell(session);
    return 1;
}

void wi_pool_session_succeed(struct pool_session *session, const struct pool_session *successor)
{
    memcpy(session->info.successor, successor->info.id, sizeof session->info.successor);
    session_tell(session);
}

void wi_pool_session_check(struct pool_session *session, uint64_t timeout_ms, double now)
{
    session->info.checked_at = now;
    wi_session_check(session->info.browser, timeout_ms);
}

void wi_pool_session_well(struct pool_session *session)
{
    session->info.checks_failed = 0;
}

void wi_pool_session_unwell(struct pool_session *session)
{
    session->info.checks_failed++;
}

void wi_pool_session_gpu_lost(struct pool_session *session, double now, double ends_at)
{
    session->info.gpu_lost_at = now;
    session->info.gpu_ends_at = session->info.gpu_by = ends_at;
}

void wi_pool_session_gpu_ended(struct pool_session *session, double back_by)
{
    session->info.gpu_ends_at = 0;
    session->info.gpu_by = back_by;
}

void wi_pool_session_retire_by(struct pool_session *session, double when)
{
    session->info.retire_by = when;
}

enum wi_remedy wi_pool_session_climb(struct pool_session *session, enum wi_fault fault, double now)
{
    return wi_ladder_climb(&session->ladder, fault, now);
}
