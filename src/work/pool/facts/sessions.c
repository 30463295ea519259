/* The sessions that there are, and what happened to each. */
#include "work/pool/facts/sessions.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "browser/gpu_choice.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

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
    wi_change_tell(session->sessions->events.listener, WI_CHANGE_SESSION, session->id, NULL);
}

/* --- one among all --------------------------------------------------------------------------- */

struct pool_session *wi_pool_sessions_find(const struct pool_sessions *sessions, const char *id)
{
    struct pool_session *session = sessions->first;

    if (!*id)
        return NULL; /* a joined node has none */
    while (session && strcmp(session->id, id) != 0)
        session = session->next;
    return session;
}

size_t wi_pool_sessions_count(
    const struct pool_sessions *sessions, const char *kind, enum wi_session_state state)
{
    size_t count = 0;

    for (const struct pool_session *session = sessions->first; session; session = session->next)
        if ((!kind || strcmp(session->kind, kind) == 0) &&
            (state == WI_SESSION_STATE_COUNT || wi_pool_session_state(session) == state))
            count++;
    return count;
}

size_t wi_pool_sessions_asking(
    const struct pool_sessions *sessions, const char *url, const char *but)
{
    struct wi_session_info info;
    size_t count = 0;

    for (const struct pool_session *session = sessions->first; session; session = session->next) {
        wi_session_info(session->browser, &info);
        count += info.service && strcmp(info.service, url) == 0 && strcmp(session->id, but) != 0;
    }
    return count;
}

enum wi_session_state wi_pool_session_state(const struct pool_session *session)
{
    return wi_session_state(session->browser);
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

/* --- the GPU of the next --------------------------------------------------------------------- */

struct load {
    size_t of_kind, of_all;
};

static struct load load_of(
    const struct pool_sessions *sessions, const char *kind, const struct wi_gpu_device *gpu)
{
    struct load load = {0};
    struct wi_session_info info;

    for (const struct pool_session *session = sessions->first; session; session = session->next) {
        wi_session_info(session->browser, &info);
        if (wi_pool_session_ends(session) || *session->worn || strcmp(info.gpu, gpu->path) != 0)
            continue;
        load.of_kind += strcmp(session->kind, kind) == 0;
        load.of_all++;
    }
    return load;
}

static int is_less(const struct load *one, const struct load *other)
{
    return one->of_kind < other->of_kind ||
           (one->of_kind == other->of_kind && one->of_all < other->of_all);
}

const struct wi_gpu_device *wi_pool_sessions_spread(const struct pool_sessions *sessions,
    const struct wi_config_browser *browser, const struct wi_gpu_device *gpus, size_t count)
{
    const struct wi_gpu_device *best = NULL;
    struct load least = {0};

    for (size_t i = 0; i < count; i++) {
        if (!wi_gpu_serves(&gpus[i], browser->gpu))
            continue;
        struct load load = load_of(sessions, browser->kind, &gpus[i]);
        if (best && !is_less(&load, &least))
            continue;
        best = &gpus[i];
        least = load;
    }
    return best;
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
        if (strcmp(session->successor, gone->id) != 0)
            continue;
        session->successor[0] = '\0';
        session_tell(session);
    }
}

static void remove_session(struct pool_sessions *sessions, struct pool_session *session)
{
    LL_DELETE(sessions->first, session);
    wi_session_free(session->browser);
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

static size_t count_asking(void *context, const char *session_id, const char *url)
{
    const struct pool_session *session = context;

    return wi_pool_sessions_asking(session->sessions, url, session_id);
}

struct pool_session *wi_pool_sessions_start(struct pool_sessions *sessions,
    const struct wi_session_deps *deps, const struct wi_config_browser *browser, int64_t timeout_ms,
    const char *stamp)
{
    struct pool_session *session = wi_alloc(sizeof *session);
    const struct wi_session_events events = {
        session, on_page_url, on_state, on_checked, count_asking};
    struct wi_session_info info;

    session->sessions = sessions;
    session->browser = wi_session_new(deps, browser, timeout_ms, &events);
    wi_session_info(session->browser, &info);
    memcpy(session->id, info.id, sizeof session->id);
    snprintf(session->kind, sizeof session->kind, "%s", browser->kind);
    wi_text_copy(session->stamp, sizeof session->stamp, stamp);
    session->started_at = wi_wall_ms();
    session->started = wi_awake_ms();
    LL_PREPEND(sessions->first, session);
    sessions->counters.started++;
    session_tell(session);
    return session;
}

/* --- what happens to one --------------------------------------------------------------------- */

void wi_pool_session_used(struct pool_session *session, unsigned client, double now)
{
    wi_use_note(&session->use, client, now);
}

void wi_pool_session_set_node(struct pool_session *session, const char *node)
{
    snprintf(session->node, sizeof session->node, "%s", node);
    session_tell(session);
}

void wi_pool_session_welcomed(struct pool_session *session, double now)
{
    if (session->welcomed_at == 0) {
        session->welcomed_at = now;
        session->sessions->counters.start_ms_count++;
        session->sessions->counters.start_ms_sum += now - session->started;
    }
    session->idle_since = session->checked_at = now;
    wi_session_welcomed(session->browser);
}

void wi_pool_session_idle(struct pool_session *session, double now)
{
    session->idle_since = now;
    wi_session_set_busy(session->browser, 0);
}

void wi_pool_session_answered(struct pool_session *session)
{
    session->jobs++;
    session_tell(session);
}

int wi_pool_session_wear(struct pool_session *session, const char *why)
{
    if (*session->worn || wi_pool_session_ends(session))
        return 0;
    wi_text_copy(session->worn, sizeof session->worn, why);
    session->sessions->counters.worn++;
    session_tell(session);
    return 1;
}

void wi_pool_session_succeed(struct pool_session *session, const struct pool_session *successor)
{
    memcpy(session->successor, successor->id, sizeof session->successor);
    session_tell(session);
}

void wi_pool_session_check(struct pool_session *session, uint64_t timeout_ms, double now)
{
    session->checked_at = now;
    wi_session_check(session->browser, timeout_ms);
}

void wi_pool_session_checked(struct pool_session *session, int is_well)
{
    session->checks_failed = is_well ? 0 : session->checks_failed + 1;
}

int wi_pool_session_unwatch(struct pool_session *session, int unwatched)
{
    int is_news = session->unwatched != unwatched;

    session->unwatched = unwatched;
    return is_news;
}

void wi_pool_session_gpu_lost(
    struct pool_session *session, enum wi_platform platform, double now, double back_by)
{
    session->gpu_lost = platform;
    session->gpu_lost_at = now;
    session->gpu_by = back_by;
}

void wi_pool_session_gpu_settled(struct pool_session *session)
{
    session->gpu_by = 0;
}

void wi_pool_session_retire_by(struct pool_session *session, double when)
{
    session->retire_by = when;
}

enum wi_remedy wi_pool_session_climb(struct pool_session *session, enum wi_fault fault, double now)
{
    return wi_ladder_climb(&session->ladder, fault, now);
}
