/* The pool's own life, the choice of a node from what there is, and the admin verbs. */
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
    pool->verdicts = wi_verdicts_new(deps->db);
    wi_pool_set_kinds(pool, config);
    wi_pool_make_bridge_events(pool);
    return pool;
}

const struct wi_bridge_events *wi_pool_bridge_events(struct wi_pool *pool)
{
    return &pool->bridge_events;
}

static void check_kinds(struct wi_pool *pool)
{
    for (size_t i = 0; i < pool->kind_count; i++)
        wi_pool_check_kind(&pool->kinds[i], wi_now_ms());
}

void wi_pool_start(struct wi_pool *pool, struct wi_bridge *bridge)
{
    pool->bridge = bridge;
    check_kinds(pool);
    wi_pool_plan(pool);
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
    wi_pool_free_nodes(pool);
    wi_pool_free_kinds(pool);
    wi_verdicts_free(pool->verdicts);
    free(pool);
}

/* --- choosing -------------------------------------------------------------------------------- */

static int has_model(const struct wi_pool *pool, const char *node_id, const struct wi_model *model)
{
    struct wi_node_state state;
    const json_t *row;
    size_t i;

    if (wi_bridge_node_state(pool->bridge, node_id, &state) != 0)
        return 0;
    json_array_foreach(state.models, i, row)
    {
        const char *hash = json_string_value(json_object_get(row, "hash"));
        const char *loaded = json_string_value(json_object_get(row, "state"));
        if (hash && loaded && strcmp(hash, model->hash) == 0 && strcmp(loaded, "loaded") == 0)
            return 1;
    }
    return 0;
}

/* Fills one candidate; 0 if the bridge does not know the node any more. */
static int make_candidate(const struct wi_pool *pool, const struct pool_node *node,
    const struct wi_demand *demand, int several, struct wi_candidate *candidate)
{
    const struct pool_session *session =
        *node->session ? wi_pool_find_session(pool, node->session) : NULL;
    const struct pool_kind *kind = session ? wi_pool_find_kind(pool, session->kind) : NULL;

    candidate->info = wi_bridge_node(pool->bridge, node->id);
    candidate->browser = kind ? kind->browser : NULL;
    candidate->builtins = node->builtins;
    candidate->models = node->count - node->builtins;
    candidate->open = !node->away && !node->draining;
    candidate->has_model =
        several && !demand->model->builtin && has_model(pool, node->id, demand->model);
    return candidate->info != NULL;
}

/* Whether a kind that the demand allows is coming and has no node yet (but such as are about to
 * go), so that it could bring what the present nodes lack. */
static int something_is_coming(const struct wi_pool *pool, const struct wi_demand *demand)
{
    for (size_t i = 0; i < pool->kind_count; i++) {
        const struct pool_kind *kind = &pool->kinds[i];
        const struct pool_node *node = pool->nodes;
        if ((demand->browser && strcmp(demand->browser, kind->name) != 0) ||
            !wi_pool_kind_is_hopeful(pool, kind))
            continue;
        for (; node; node = node->hh.next) {
            const struct pool_session *session = wi_pool_find_session(pool, node->session);
            if (session && !wi_pool_session_ends(session) && strcmp(session->kind, kind->name) == 0)
                break;
        }
        if (!node)
            return 1;
    }
    return 0;
}

enum wi_pick wi_pool_pick(struct wi_pool *pool, const struct wi_demand *demand,
    struct wi_choice *choice, struct wi_error *error)
{
    size_t most = HASH_COUNT(pool->nodes), count = 0;
    struct wi_candidate few[16] = {0}, *candidates = few;
    enum wi_pick pick;

    if (most > sizeof(few) / sizeof(*few))
        candidates = wi_alloc(most * sizeof(*candidates));
    for (const struct pool_node *node = pool->nodes; node; node = node->hh.next)
        count += (size_t)make_candidate(pool, node, demand, most > 1, &candidates[count]);
    pick = wi_route(candidates, count, demand, choice, error);
    if (candidates != few)
        free(candidates);
    /* A named node cannot come: ids are never used twice. */
    if (pick != WI_PICK_NEVER || demand->node)
        return pick;
    if (demand->has_platform && demand->platform == WI_SIMULATED)
        return pick; /* no browser that we could start simulates */
    if (something_is_coming(pool, demand)) {
        if (demand->browser)
            wi_pool_wish(pool, demand->browser);
        return WI_PICK_WAIT;
    }
    if (!error || error->code == WI_UNAVAILABLE)
        wi_pool_explain(pool, demand->browser, error);
    return WI_PICK_NEVER;
}

enum wi_code wi_pool_ready(const struct wi_pool *pool, struct wi_error *error)
{
    for (const struct pool_node *node = pool->nodes; node; node = node->hh.next)
        if (!node->away && !node->draining && !node->simulated)
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
    node->draining = draining;
    if (!draining)
        wi_pool_tell_capacity(pool);
    return WI_OK;
}
