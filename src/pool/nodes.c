/*
 * The nodes that there are and the attempts on each; what the bridge reports is booked here and
 * passed up.
 */
#include "pool/private.h"

#include "base/log.h"
#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pool_node *wi_pool_find_node(const struct wi_pool *pool, const char *id)
{
    struct pool_node *node;

    HASH_FIND_STR(pool->nodes, id, node);
    return node;
}

struct pool_node *wi_pool_node_of(const struct wi_pool *pool, const char *session_id)
{
    for (struct pool_node *node = pool->nodes; node; node = node->hh.next)
        if (strcmp(node->session, session_id) == 0)
            return node;
    return NULL;
}

void wi_pool_tell_capacity(struct wi_pool *pool)
{
    if (pool->tell && !pool->closing)
        wi_timer_start(pool->tell, 0, 0);
}

/* --- attempts -------------------------------------------------------------------------------- */

static void book(struct wi_pool *pool, struct pool_node *node, const struct wi_task *task)
{
    struct pool_attempt *attempt = &node->attempts[node->count++];
    struct pool_session *session =
        node->count == 1 ? wi_pool_find_session(pool, node->session) : NULL;

    snprintf(attempt->id, sizeof(attempt->id), "%s", task->attempt_id);
    attempt->builtin = task->model->builtin;
    node->builtins += attempt->builtin != 0;
    if (session)
        wi_pool_session_busy(session);
}

static void unbook(struct wi_pool *pool, struct pool_node *node, const char *attempt_id)
{
    struct pool_session *session;
    size_t i = 0;

    while (i < node->count && strcmp(node->attempts[i].id, attempt_id) != 0)
        i++;
    if (i == node->count)
        return;
    node->builtins -= node->attempts[i].builtin != 0;
    node->attempts[i] = node->attempts[--node->count];
    session = node->count == 0 ? wi_pool_find_session(pool, node->session) : NULL;
    if (session)
        wi_pool_session_idle(pool, session);
}

enum wi_code wi_pool_dispatch(struct wi_pool *pool, const char *node_id, const struct wi_task *task)
{
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    enum wi_code code;

    if (!node || node->count == sizeof(node->attempts) / sizeof(*node->attempts))
        return WI_NODE_NOT_FOUND;
    code = wi_bridge_send_task(pool->bridge, node_id, task);
    if (code == WI_OK)
        book(pool, node, task);
    return code;
}

void wi_pool_cancel(
    struct wi_pool *pool, const char *node_id, const char *attempt_id, const char *reason)
{
    struct pool_node *node = wi_pool_find_node(pool, node_id);

    if (!node)
        return;
    wi_bridge_cancel(pool->bridge, node_id, attempt_id, reason);
    unbook(pool, node, attempt_id);
    wi_pool_tell_capacity(pool);
}

/* --- what the bridge reports ----------------------------------------------------------------- */

static void on_node_up(void *context, const struct wi_node_info *info, int resumed)
{
    struct wi_pool *pool = context;
    struct pool_session *session = wi_pool_find_session(pool, info->session);
    struct pool_node *node = wi_pool_find_node(pool, info->id);
    struct pool_node *older = *info->session ? wi_pool_node_of(pool, info->session) : NULL;

    if (!node) {
        node = wi_alloc(sizeof(*node));
        memcpy(node->id, info->id, sizeof(node->id));
        memcpy(node->session, info->session, sizeof(node->session));
        HASH_ADD_STR(pool->nodes, id, node);
    }
    node->away = 0;
    node->simulated = info->platforms[WI_SIMULATED].available;
    wi_info("pool", node->id, "%s: %s %s%s%s", resumed ? "is back" : "is there", info->kind,
        info->browser_version, *info->session ? " of " : " (joined)", info->session);
    /* A page that was opened afresh takes the place of the one before. */
    if (older && older != node)
        wi_bridge_drop(pool->bridge, older->id, "its session opened another page");
    if (session && wi_pool_session_ends(session))
        node->draining = 1;
    else if (session && !resumed)
        wi_pool_session_up(pool, session);
    pool->events.on_capacity(pool->events.context);
}

static void on_node_away(void *context, const char *node_id)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session = node ? wi_pool_find_session(pool, node->session) : NULL;

    if (node)
        node->away = 1;
    if (session)
        wi_session_check(session->session);
}

static void on_node_down(void *context, const char *node_id, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session;

    if (!node)
        return;
    wi_info("pool", node_id, "is gone: %s", why);
    session = *node->session ? wi_pool_find_session(pool, node->session) : NULL;
    HASH_DEL(pool->nodes, node);
    if (session && !wi_pool_node_of(pool, node->session))
        wi_pool_session_lost_node(pool, session, why);
    free(node);
    wi_pool_tell_capacity(pool);
}

static void on_accepted(void *context, const char *node_id, const char *attempt_id)
{
    struct wi_pool *pool = context;

    pool->events.on_accepted(pool->events.context, attempt_id);
}

static void on_answer(
    void *context, const char *node_id, const char *attempt_id, struct wi_answer *answer)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session =
        node && *node->session ? wi_pool_find_session(pool, node->session) : NULL;

    if (node)
        unbook(pool, node, attempt_id);
    if (session)
        wi_pool_session_answered(pool, session);
    wi_pool_note_answer(pool);
    pool->events.on_answer(pool->events.context, node_id, attempt_id, answer);
    pool->events.on_capacity(pool->events.context);
}

static void on_lost(
    void *context, const char *node_id, const char *attempt_id, int alone, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);

    if (node)
        unbook(pool, node, attempt_id);
    pool->events.on_lost(pool->events.context, node_id, attempt_id, alone, why);
    wi_pool_tell_capacity(pool);
}

/* Its page tried to help itself in vain: a fresh browser brings the platform back. A joined page is
 * somebody else's. */
static void on_platform_lost(
    void *context, const char *node_id, enum wi_platform platform, const char *why)
{
    struct wi_pool *pool = context;
    struct pool_node *node = wi_pool_find_node(pool, node_id);
    struct pool_session *session = node ? wi_pool_find_session(pool, node->session) : NULL;

    wi_warn("pool", node_id, "has lost %s: %s", wi_platform_names[platform], why);
    if (session && !wi_pool_session_ends(session))
        wi_pool_session_retire(pool, session, "it lost a platform");
}

void wi_pool_make_bridge_events(struct wi_pool *pool)
{
    pool->bridge_events = (struct wi_bridge_events){
        .context = pool,
        .on_node_up = on_node_up,
        .on_node_away = on_node_away,
        .on_node_down = on_node_down,
        .on_accepted = on_accepted,
        .on_platform_lost = on_platform_lost,
        .on_answer = on_answer,
        .on_lost = on_lost,
    };
}

void wi_pool_free_nodes(struct wi_pool *pool)
{
    struct pool_node *node, *next;

    HASH_ITER(hh, pool->nodes, node, next)
    {
        HASH_DEL(pool->nodes, node);
        free(node);
    }
}
