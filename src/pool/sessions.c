/*
 * How many sessions there are. One function, wi_pool_plan, compares what is with what should be,
 * starts or retires the difference and sets the timer for the next time that matters; everything
 * that happens ends in calling it.
 */
#include "pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A backlog that lasts this long, although no session is on its way, opens another one. */
#define SCALE_UP_MS 1000
/* A session above the minimum with nothing to do for this long is closed. */
#define SCALE_DOWN_MS 60000
/* A page that is lost again within this time costs its browser. */
#define RELOAD_AGAIN_MS 60000

static void on_page_url(void *context, const char *session_id, char *url, size_t size)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_find_session(pool, session_id);
    char token[WI_TOKEN_SIZE];

    wi_bridge_expect(pool->bridge, session_id, session ? session->kind : "",
        pool->config->pool.connection_timeout, token);
    snprintf(url, size, "%s/#token=%s", wi_bridge_url(pool->bridge), token);
    explicit_bzero(token, sizeof(token));
}

struct pool_session *wi_pool_find_session(const struct wi_pool *pool, const char *id)
{
    struct pool_session *session = pool->sessions;

    while (session && strcmp(session->id, id) != 0)
        session = session->next;
    return session;
}

static enum wi_session_state state_of(const struct pool_session *session)
{
    struct wi_session_info info;

    wi_session_info(session->session, &info);
    return info.state;
}

static int is_live(const struct pool_session *session)
{
    enum wi_session_state state = state_of(session);

    return !session->ending && (state == WI_SESSION_STARTING || state == WI_SESSION_READY);
}

size_t wi_pool_count_sessions(
    const struct wi_pool *pool, const char *kind, enum wi_session_state state)
{
    size_t count = 0;

    for (const struct pool_session *session = pool->sessions; session; session = session->next)
        if ((!kind || strcmp(session->kind, kind) == 0) &&
            (state == WI_SESSION_STATE_COUNT || state_of(session) == state))
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
        node->draining = 1;
        wi_bridge_drop(pool->bridge, node->id, why);
    }
}

static void on_broken(
    struct wi_pool *pool, struct pool_session *session, const struct wi_error *error)
{
    struct pool_kind *kind = wi_pool_find_kind(pool, session->kind);
    double now = wi_now_ms();

    pool->counters.sessions_broken++;
    /* A session that we were closing anyway says nothing about its kind. */
    if (kind && !session->ending) {
        wi_backoff_broken(&kind->backoff, now, session->welcomed_at > 0,
            session->welcomed_at > 0 ? now - session->welcomed_at : 0);
        kind->problem = *error;
        if (kind->backoff.open)
            wi_error_log("pool", kind->name,
                "breaker open after %u failures to start; next try in "
                "%.1f s",
                kind->backoff.failures, (kind->backoff.next_start - now) / 1000);
    }
    session->ending = 1;
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
    wi_bridge_revoke(pool->bridge, session->id);
    wi_session_free(session->session);
    free(session);
}

static void on_state(void *context, const char *session_id, enum wi_session_state state,
    const struct wi_error *error)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_find_session(pool, session_id);

    assert(session);
    switch (state) {
    case WI_SESSION_BROKEN:
        on_broken(pool, session, error);
        break;
    case WI_SESSION_DRAINING:
        session->ending = 1;
        drop_node(pool, session, "the session is being closed");
        break;
    case WI_SESSION_CLOSED:
        on_closed(pool, session);
        break;
    default:
        break;
    }
    wi_pool_plan_soon(pool);
}

void wi_pool_session_retire(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_node *node = wi_pool_node_of(pool, session->id);

    session->ending = 1;
    if (node)
        node->draining = 1;
    if (!node || node->count == 0)
        wi_session_close(session->session);
    wi_pool_plan_soon(pool);
}

/* --- what nodes tell ------------------------------------------------------------------------- */

void wi_pool_session_up(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_kind *kind = wi_pool_find_kind(pool, session->kind);
    double now = wi_now_ms();

    if (session->welcomed_at == 0) {
        session->welcomed_at = now;
        pool->counters.start_ms_count++;
        pool->counters.start_ms_sum += now - session->started;
    }
    session->idle_since = now;
    pool->scaled_at = now; /* what has waited for this session is about to be served */
    if (kind) {
        kind->wished_at = 0;
        wi_backoff_ready(&kind->backoff);
        kind->problem.code = WI_OK;
    }
    wi_session_welcomed(session->session);
    wi_pool_plan_soon(pool);
}

void wi_pool_session_lost_node(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    struct wi_error error;
    double now = wi_now_ms();

    if (session->ending) {
        wi_session_close(session->session);
        return;
    }
    if (state_of(session) == WI_SESSION_READY &&
        (session->reloaded_at == 0 || now - session->reloaded_at > RELOAD_AGAIN_MS)) {
        session->reloaded_at = now;
        wi_session_reload(session->session, pool->config->pool.connection_timeout);
        return;
    }
    wi_error_set(&error, WI_UNAVAILABLE, "", "its page was lost: %.300s", why);
    wi_session_kill(session->session, &error);
}

void wi_pool_session_idle(struct wi_pool *pool, struct pool_session *session)
{
    session->idle_since = wi_now_ms();
    if (session->ending)
        wi_session_close(session->session);
}

/* --- the plan -------------------------------------------------------------------------------- */

static void start_session(struct wi_pool *pool, struct pool_kind *kind)
{
    const struct wi_session_deps deps = {.loop = pool->deps.loop,
        .http = pool->deps.http,
        .lws = pool->deps.lws,
        .instance = pool->deps.instance,
        .children = pool->deps.children,
        .page_url = wi_bridge_url(pool->bridge)};
    const struct wi_session_events events = {pool, on_page_url, on_state};
    struct pool_session *session = wi_alloc(sizeof(*session));
    struct wi_session_info info;

    session->session =
        wi_session_new(&deps, kind->browser, pool->config->pool.connection_timeout, &events);
    wi_session_info(session->session, &info);
    memcpy(session->id, info.id, sizeof(session->id));
    snprintf(session->kind, sizeof(session->kind), "%s", kind->name);
    session->started = wi_now_ms();
    session->next = pool->sessions;
    pool->sessions = session;
    pool->counters.sessions_started++;
}

/* The kind to start next: of those that may, the one with the fewest sessions. `wake` becomes the
 * earliest time at which one that may not yet is worth another look. */
static struct pool_kind *choose_kind(struct wi_pool *pool, double now, double *wake)
{
    struct pool_kind *best = NULL;
    size_t best_count = 0;

    for (size_t i = 0; i < pool->kind_count; i++) {
        struct pool_kind *kind = &pool->kinds[i];
        size_t count = wi_pool_count_sessions(pool, kind->name, WI_SESSION_STATE_COUNT);
        size_t starting = wi_pool_count_sessions(pool, kind->name, WI_SESSION_STARTING);
        double next = kind->backoff.next_start;
        if ((int64_t)count >= kind->browser->max_connections)
            continue;
        if (kind->installed)
            wi_pool_check_kind(kind, now); /* it may have been removed */
        if (!kind->installed)
            continue;
        if (wi_backoff_may_start(&kind->backoff, now, starting)) {
            if (!best || count < best_count) {
                best = kind;
                best_count = count;
            }
            continue;
        }
        if (next > now && next < *wake)
            *wake = next;
    }
    return best;
}

/* The first session of each kind that was wished for. */
static void start_wished(struct wi_pool *pool, double now, size_t *live, size_t *total)
{
    for (size_t i = 0; i < pool->kind_count; i++) {
        struct pool_kind *kind = &pool->kinds[i];
        if (kind->wished_at == 0 || now - kind->wished_at > WI_WISH_MS || !kind->installed ||
            kind->browser->max_connections == 0 ||
            (int64_t)*total >= pool->config->pool.max_connections ||
            wi_pool_count_sessions(pool, kind->name, WI_SESSION_STATE_COUNT) > 0 ||
            !wi_backoff_may_start(&kind->backoff, now, 0))
            continue;
        start_session(pool, kind);
        ++*live;
        ++*total;
    }
}

static size_t wanted_sessions(
    struct wi_pool *pool, size_t live, size_t coming, double now, double *wake)
{
    size_t most = (size_t)pool->config->pool.max_connections;
    size_t wanted = (size_t)pool->config->pool.min_connections;

    if (wanted < live)
        wanted = live;
    if (pool->backlog > 0 && live == 0 && wanted == 0) {
        wanted = 1;
    } else if (pool->backlog > 0 && coming == 0 && live >= wanted && live < most) {
        double since =
            pool->backlog_since > pool->scaled_at ? pool->backlog_since : pool->scaled_at;
        if (now >= since + SCALE_UP_MS) {
            wanted = live + 1;
            pool->scaled_at = now;
        } else if (since + SCALE_UP_MS < *wake) {
            *wake = since + SCALE_UP_MS;
        }
    }
    return wanted < most ? wanted : most;
}

/* Retires at most one session that is above the minimum and has been idle for long. */
static void scale_down(struct wi_pool *pool, size_t live, double now, double *wake)
{
    if (pool->backlog > 0 || (int64_t)live <= pool->config->pool.min_connections)
        return;
    for (struct pool_session *session = pool->sessions; session; session = session->next) {
        const struct pool_node *node = wi_pool_node_of(pool, session->id);
        if (!is_live(session) || !node || node->count > 0)
            continue;
        if (now >= session->idle_since + SCALE_DOWN_MS) {
            wi_pool_session_retire(pool, session);
            return;
        }
        if (session->idle_since + SCALE_DOWN_MS < *wake)
            *wake = session->idle_since + SCALE_DOWN_MS;
    }
}

static void finish_closing(struct wi_pool *pool)
{
    void (*done)(void *) = pool->on_closed;

    if (pool->sessions || !done)
        return;
    pool->on_closed = NULL;
    wi_timer_free(pool->plan);
    wi_timer_free(pool->tell);
    pool->plan = pool->tell = NULL;
    done(pool->closed_context);
}

/* Looks for what was not installed, whether a session is wanted or not: requests are refused until
 * it is there. */
static void check_missing(struct wi_pool *pool, double now, double *wake)
{
    for (size_t i = 0; i < pool->kind_count; i++) {
        struct pool_kind *kind = &pool->kinds[i];
        if (!kind->installed && now >= kind->check_at)
            wi_pool_check_kind(kind, now);
        if (!kind->installed && kind->check_at < *wake)
            *wake = kind->check_at;
    }
}

void wi_pool_plan(struct wi_pool *pool)
{
    const double never = 1e300;
    double now = wi_now_ms(), wake = never;
    size_t live = 0, coming = 0, total = 0, wanted;
    struct pool_kind *kind;

    if (pool->closing) {
        finish_closing(pool);
        return;
    }
    check_missing(pool, now, &wake);
    for (const struct pool_session *session = pool->sessions; session; session = session->next) {
        live += (size_t)is_live(session);
        coming += is_live(session) && !wi_pool_node_of(pool, session->id);
        total++;
    }
    start_wished(pool, now, &live, &total);
    wanted = wanted_sessions(pool, live, coming, now, &wake);
    for (; live < wanted && (int64_t)total < pool->config->pool.max_connections; live++, total++) {
        kind = choose_kind(pool, now, &wake);
        if (!kind)
            break;
        start_session(pool, kind);
    }
    scale_down(pool, live, now, &wake);
    if (wake < never)
        wi_timer_start(pool->plan, wake > now ? (uint64_t)(wake - now) + 1 : 1, 0);
    else
        wi_timer_stop(pool->plan);
}

void wi_pool_plan_soon(struct wi_pool *pool)
{
    if (pool->plan)
        wi_timer_start(pool->plan, 0, 0);
}
