/* The pool's own life and the admin verbs. */
#include "pool/private.h"

#include "base/clock.h"
#include "base/memory.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void on_plan(void *context)
{
    wi_pool_plan(context);
}

static void on_tell(void *context)
{
    struct wi_pool *pool = context;

    pool->events.on_capacity(pool->events.context);
}

struct wi_pool *wi_pool_new(const struct wi_pool_deps *deps, const struct wi_config *config,
    const struct wi_pool_events *events)
{
    struct wi_pool *pool = wi_alloc(sizeof(*pool));

    pool->deps = *deps;
    pool->events = *events;
    pool->plan = wi_timer_new(deps->loop, on_plan, pool);
    pool->tell = wi_timer_new(deps->loop, on_tell, pool);
    pool->look = wi_timer_new(deps->loop, wi_pool_look, pool);
    pool->verdicts = wi_verdicts_new(deps->db);
    pool->estimates = wi_estimates_new(deps->db);
    if (uv_random(NULL, NULL, &pool->random, sizeof(pool->random), 0, NULL) != 0)
        pool->random = (uint64_t)wi_wall_ms();
    pool->random |= 1; /* never 0, which the dice could not leave */
    wi_pool_set_kinds(pool, config);
    wi_pool_make_bridge_events(pool);
    return pool;
}

const struct wi_bridge_events *wi_pool_bridge_events(struct wi_pool *pool)
{
    return &pool->bridge_events;
}

static void tell_warnings(const struct wi_pool *pool)
{
    json_t *warnings = json_array(), *warning;
    size_t i;

    wi_pool_add_warnings(pool, warnings);
    json_array_foreach(warnings, i, warning)
        wi_warn("pool", NULL, "%s", json_string_value(warning));
    json_decref(warnings);
}

static void check_kinds(struct wi_pool *pool)
{
    for (size_t i = 0; i < pool->kind_count; i++)
        wi_pool_check_kind(&pool->kinds[i], wi_now_ms());
    wi_pool_tell_absent(pool);
    tell_warnings(pool);
}

void wi_pool_start(struct wi_pool *pool, struct wi_bridge *bridge)
{
    pool->bridge = bridge;
    check_kinds(pool);
    wi_pool_plan(pool);
    wi_pool_start_looking(pool);
}

void wi_pool_reload(struct wi_pool *pool, const struct wi_config *config)
{
    wi_pool_set_kinds(pool, config);
    check_kinds(pool);
    wi_pool_plan_soon(pool);
}

void wi_pool_close(struct wi_pool *pool, int at_once, void (*on_closed)(void *), void *context)
{
    struct pool_session *session, *next;
    int closed = pool->closing && !pool->plan;

    if (closed)
        return; /* it was reported already */
    if (!pool->closing)
        wi_estimates_save(pool->estimates);
    pool->closing = 1;
    pool->on_closed = on_closed;
    pool->closed_context = context;
    for (session = pool->sessions; session; session = next) {
        next = session->next; /* a kill without processes may free it at once */
        if (at_once)
            wi_session_kill(session->session, NULL);
        else
            wi_pool_session_close(pool, session);
    }
    wi_pool_plan_soon(pool);
}

void wi_pool_free(struct wi_pool *pool)
{
    if (!pool)
        return;
    assert(!pool->sessions);
    wi_timer_free(pool->plan);
    wi_timer_free(pool->tell);
    wi_timer_free(pool->look);
    wi_pool_free_nodes(pool);
    wi_pool_free_kinds(pool);
    wi_verdicts_free(pool->verdicts);
    wi_estimates_free(pool->estimates);
    free(pool->candidates);
    free(pool->options);
    free(pool);
}

enum wi_code wi_pool_ready(const struct wi_pool *pool, struct wi_error *error)
{
    const struct wi_fleet_class *class = pool->fleet.classes;

    /* A simulated node computes nothing. */
    while (class && (class->open == 0 || class->info.platforms[WI_SIMULATED].available))
        class = class->hh.next;
    if (class)
        return WI_OK;
    if (pool->nodes)
        return wi_error_set(
            error, WI_UNAVAILABLE, "", "every node is draining or has lost its connection");
    return wi_pool_explain(pool, NULL, error);
}

struct wi_verdicts *wi_pool_verdicts(const struct wi_pool *pool)
{
    return pool->verdicts;
}

const struct wi_node_info *wi_pool_node_info(const struct wi_pool *pool, const char *node_id)
{
    return wi_bridge_node(pool->bridge, node_id);
}

/* --- admin verbs ----------------------------------------------------------------------------- */

enum wi_code wi_pool_recycle(struct wi_pool *pool, const char *session_id, struct wi_error *error)
{
    struct pool_session *session = wi_pool_find_session(pool, session_id);
    struct pool_kind *kind = session ? wi_pool_find_kind(pool, session->kind) : NULL;

    if (!session)
        return wi_error_set(
            error, WI_SESSION_NOT_FOUND, "session", "there is no session %.80s", session_id);
    /* Whoever orders a fresh browser does not want to wait for an old backoff. */
    if (kind)
        kind->backoff = (struct wi_backoff){0};
    if (session->state == WI_SESSION_READY || session->state == WI_SESSION_BUSY)
        wi_pool_session_wear(pool, session, "by order");
    else
        wi_pool_session_retire(pool, session, "by order");
    return WI_OK;
}

enum wi_code wi_pool_drain(
    struct wi_pool *pool, const char *node_id, int draining, struct wi_error *error)
{
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    const struct pool_session *session = node ? wi_pool_find_session(pool, node->session) : NULL;

    if (!node)
        return wi_error_set(error, WI_NODE_NOT_FOUND, "node", "there is no node %.80s", node_id);
    if (session && wi_pool_session_ends(session) && !draining)
        return wi_error_set(error, WI_CONFLICT, "node", "its session is being closed");
    wi_pool_node_set(pool, node, node->away, draining);
    if (!draining)
        wi_pool_tell_capacity(pool);
    return WI_OK;
}
