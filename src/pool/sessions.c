/* The sessions that there are: what they and their nodes tell is booked here, and their end. */
#include "pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_page_url(void *context, const char *session_id, char *url, size_t size)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_find_session(pool, session_id);
    struct wi_session_info info = {0};
    char token[WI_TOKEN_SIZE];

    if (session)
        wi_session_info(session->session, &info);
    wi_bridge_expect(pool->bridge, session_id, session ? session->kind : "", info.browser_version,
        pool->config->pool.connection_timeout, token);
    snprintf(url, size, "%s/#token=%s", wi_bridge_url(pool->bridge), token);
    explicit_bzero(token, sizeof(token));
}

struct pool_session *wi_pool_find_session(const struct wi_pool *pool, const char *id)
{
    struct pool_session *session = pool->sessions;

    if (!*id)
        return NULL; /* a joined node has none */
    while (session && strcmp(session->id, id) != 0)
        session = session->next;
    return session;
}

int wi_pool_session_ends(const struct pool_session *session)
{
    return session->state >= WI_SESSION_DRAINING;
}

size_t wi_pool_count_sessions(
    const struct wi_pool *pool, const char *kind, enum wi_session_state state)
{
    size_t count = 0;

    for (const struct pool_session *session = pool->sessions; session; session = session->next)
        if ((!kind || strcmp(session->kind, kind) == 0) &&
            (state == WI_SESSION_STATE_COUNT || session->state == state))
            count++;
    return count;
}

/* --- the end of a session -------------------------------------------------------------------- */

/* Its page is going: what runs there is lost now, not when the grace is over. */
static void drop_node(struct wi_pool *pool, const struct pool_session *session, const char *why)
{
    struct pool_node *node = wi_pool_node_of(pool, session->id);

    wi_bridge_revoke(pool->bridge, session->id);
    if (node) {
        wi_pool_node_set(pool, node, node->away, 1);
        wi_bridge_drop(pool->bridge, node->id, why);
    }
}

/* Those whose place it was to take need another successor. */
static void forget_successor(struct wi_pool *pool, const struct pool_session *gone)
{
    for (struct pool_session *session = pool->sessions; session; session = session->next)
        if (strcmp(session->successor, gone->id) == 0)
            session->successor[0] = '\0';
}

static void on_draining(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_node *node = wi_pool_node_of(pool, session->id);

    wi_bridge_revoke(pool->bridge, session->id);
    forget_successor(pool, session);
    if (node)
        wi_pool_node_set(pool, node, node->away, 1);
}

static void on_broken(struct wi_pool *pool, struct pool_session *session,
    enum wi_session_state from, const struct wi_error *error)
{
    struct pool_kind *kind = wi_pool_find_kind(pool, session->kind);
    double now = wi_now_ms();

    pool->counters.sessions_broken++;
    forget_successor(pool, session);
    /* A session that we were closing anyway says nothing about its kind. */
    if (kind && from != WI_SESSION_DRAINING) {
        wi_backoff_broken(&kind->backoff, now, session->welcomed_at > 0,
            session->welcomed_at > 0 ? now - session->welcomed_at : 0);
        kind->problem = *error;
        if (kind->backoff.open)
            wi_error_log("pool", kind->name,
                "breaker open after %u failures to start; next try in "
                "%.1f s",
                kind->backoff.failures, (kind->backoff.next_start - now) / 1000);
    }
    drop_node(pool, session, error->detail);
    wi_pool_tell_capacity(pool); /* what waits for this kind may have to be refused now */
}

static void on_closed(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_session **link = &pool->sessions;

    while (*link != session)
        link = &(*link)->next;
    *link = session->next;
    pool->counters.sessions_closed++;
    forget_successor(pool, session);
    wi_bridge_revoke(pool->bridge, session->id);
    wi_session_free(session->session);
    free(session);
}

static void on_state(void *context, const char *session_id, enum wi_session_state state,
    const struct wi_error *error)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_find_session(pool, session_id);
    enum wi_session_state from;
    struct pool_kind *kind;

    assert(session);
    from = session->state;
    session->state = state;
    kind = wi_pool_find_kind(pool, session->kind);
    if (kind)
        kind->transitions[from][state]++;
    switch (state) {
    case WI_SESSION_STARTING:
    case WI_SESSION_READY:
    case WI_SESSION_BUSY:
        return; /* they come from us, who plan where it matters */
    case WI_SESSION_DRAINING:
        on_draining(pool, session);
        break;
    case WI_SESSION_BROKEN:
        on_broken(pool, session, from, error);
        break;
    case WI_SESSION_CLOSED:
        on_closed(pool, session);
        break;
    case WI_SESSION_STATE_COUNT:
        break;
    }
    wi_pool_plan_soon(pool);
}

void wi_pool_session_close(struct wi_pool *pool, struct pool_session *session)
{
    struct wi_error error;

    drop_node(pool, session, "the session is being closed");
    if (session->retire_by == 0) {
        wi_session_close(session->session);
        return;
    }
    /* A driver would wait for the part that is stuck. */
    wi_error_set(&error, WI_UNAVAILABLE, "", "ended at once, for it is unwell");
    wi_session_kill(session->session, &error);
}

static void on_checked(void *context, const char *session_id, const struct wi_error *error)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_find_session(pool, session_id);

    assert(session);
    wi_pool_checked(pool, session, error);
}

void wi_pool_session_retire(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    const struct pool_node *node = wi_pool_node_of(pool, session->id);

    wi_info("pool", session->id, "is to end: %s", why);
    wi_session_drain(session->session);
    if (!node || node->count == 0)
        wi_pool_session_close(pool, session);
}

void wi_pool_session_wear(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    if (*session->worn || wi_pool_session_ends(session))
        return;
    snprintf(session->worn, sizeof(session->worn), "%s", why);
    wi_info("pool", session->id, "is to be replaced: %s", why);
    pool->counters.sessions_worn++;
    wi_pool_plan_soon(pool);
}

/* --- what nodes tell ------------------------------------------------------------------------- */

/* Whom it replaces may go now. */
static void relieve(struct wi_pool *pool, const struct pool_session *successor)
{
    struct pool_session *session, *next;

    for (session = pool->sessions; session; session = next) {
        next = session->next;
        if (strcmp(session->successor, successor->id) == 0 && !wi_pool_session_ends(session))
            wi_pool_session_retire(pool, session, "its successor serves");
    }
}

void wi_pool_session_up(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_kind *kind = wi_pool_find_kind(pool, session->kind);
    double now = wi_now_ms();

    if (session->welcomed_at == 0) {
        session->welcomed_at = now;
        pool->counters.start_ms_count++;
        pool->counters.start_ms_sum += now - session->started;
    }
    session->idle_since = session->checked_at = now;
    pool->scaled_at = now; /* what has waited for this session is about to be served */
    if (kind) {
        kind->wish_since = 0;
        wi_backoff_ready(&kind->backoff);
        kind->problem.code = WI_OK;
    }
    wi_session_welcomed(session->session);
    relieve(pool, session);
    wi_pool_plan_soon(pool);
}

void wi_pool_session_lost_node(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    if (wi_pool_session_ends(session))
        wi_pool_session_close(pool, session);
    else if (session->state != WI_SESSION_STARTING) /* else we took the page away ourselves */
        wi_pool_fault(pool, session, WI_FAULT_PAGE_SILENT, why);
}

void wi_pool_session_busy(struct pool_session *session)
{
    wi_session_set_busy(session->session, 1);
}

static int something_is_wished(const struct wi_pool *pool)
{
    for (size_t i = 0; i < pool->kind_count; i++)
        if (pool->kinds[i].wish_since > 0)
            return 1;
    return 0;
}

void wi_pool_session_idle(struct wi_pool *pool, struct pool_session *session)
{
    session->idle_since = wi_now_ms();
    wi_session_set_busy(session->session, 0);
    if (wi_pool_session_ends(session))
        wi_pool_session_close(pool, session);
    else if (something_is_wished(pool) || (pool->plan && !wi_timer_running(pool->plan)))
        wi_pool_plan_soon(pool); /* it may make room, or close one day */
}

void wi_pool_session_answered(struct wi_pool *pool, struct pool_session *session)
{
    int64_t limit = pool->config->pool.recycle_after;

    session->jobs++;
    if (limit > 0 && session->jobs >= (uint64_t)limit && !*session->worn)
        wi_pool_session_wear(pool, session, "it has done as many jobs as recycle_after says");
}

/* --- the beginning --------------------------------------------------------------------------- */

void wi_pool_start_session(struct wi_pool *pool, struct pool_kind *kind, const char *why)
{
    const struct wi_session_deps deps = {.loop = pool->deps.loop,
        .http = pool->deps.http,
        .lws = pool->deps.lws,
        .instance = pool->deps.instance,
        .children = pool->deps.children,
        .page_url = wi_bridge_url(pool->bridge),
        .certificate = wi_bridge_certificate(pool->bridge)};
    const struct wi_session_events events = {pool, on_page_url, on_state, on_checked};
    struct pool_session *session = wi_alloc(sizeof(*session));
    struct wi_session_info info;

    session->session =
        wi_session_new(&deps, kind->browser, pool->config->pool.connection_timeout, &events);
    wi_session_info(session->session, &info);
    memcpy(session->id, info.id, sizeof(session->id));
    snprintf(session->kind, sizeof(session->kind), "%s", kind->name);
    session->state = WI_SESSION_STARTING;
    session->started = wi_now_ms();
    session->next = pool->sessions;
    pool->sessions = session;
    pool->counters.sessions_started++;
    wi_info("pool", session->id, "a %s: %s", kind->name, why);
}
