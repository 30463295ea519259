/*
 * Whether the sessions are well: looks at each in turn, and carries out what ladder.c says about a
 * fault. A dead process, a silent link and a lost GPU are told by others (browser/session.c, the
 * bridge); found here are hung engines, frozen pages, silent drivers and full memory.
 */
#include "pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include <stdio.h>
#include <string.h>

#define LOOK_MS 1000
/* Answers that the document or its driver may owe in a row; a loaded machine owes one. */
#define CHECKS_FAILED 2
/* It has as long as the link worker may be silent, and at the least this. */
#define CHECK_MIN_MS 2000.0
/* A page that was just opened is not blamed for its size. */
#define MEMORY_AGE_MS 10000

/* --- remedies -------------------------------------------------------------------------------- */

static void reload(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_node *node = wi_pool_node_of(pool, session->id);

    session->checks_failed = 0;
    if (node) {
        wi_pool_node_set(pool, node, node->away, 1);
        wi_bridge_drop(pool->bridge, node->id, "its page is opened afresh");
    }
    wi_session_reload(session->session, pool->config->pool.connection_timeout);
    wi_pool_plan_soon(pool);
}

static void retire(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    const struct pool_node *node = wi_pool_node_of(pool, session->id);
    double now = wi_now_ms();
    double left = node && node->place.busy_until > now ? node->place.busy_until - now : 0;

    session->retire_by = now + wi_ladder_patience(left);
    wi_pool_session_retire(pool, session, why);
}

void wi_pool_fault(
    struct wi_pool *pool, struct pool_session *session, enum wi_fault fault, const char *why)
{
    struct wi_error error;
    enum wi_remedy remedy;

    if (wi_pool_session_ends(session))
        return;
    remedy = wi_ladder_climb(&session->ladder, fault, wi_now_ms());
    pool->counters.faults[fault]++;
    pool->counters.remedies[remedy]++;
    wi_warn("pool", session->id, "%s: %s: %s", wi_fault_name(fault), wi_remedy_name(remedy), why);
    switch (remedy) {
    case WI_REMEDY_RELOAD:
        reload(pool, session);
        break;
    case WI_REMEDY_RETIRE:
        retire(pool, session, why);
        break;
    default:
        wi_error_set(&error, WI_UNAVAILABLE, "", "%.300s", why);
        wi_session_kill(session->session, &error);
        break;
    }
}

/* --- what is found --------------------------------------------------------------------------- */

static double check_timeout(const struct wi_pool *pool)
{
    const struct wi_config_bridge *bridge = &pool->config->bridge;
    double timeout = (double)(bridge->heartbeat_interval * bridge->heartbeat_misses);

    return timeout > CHECK_MIN_MS ? timeout : CHECK_MIN_MS;
}

static void check(struct wi_pool *pool, struct pool_session *session)
{
    session->checked_at = wi_now_ms();
    wi_session_check(session->session, (uint64_t)check_timeout(pool));
}

void wi_pool_checked(
    struct wi_pool *pool, struct pool_session *session, const struct wi_error *error)
{
    const struct pool_node *node = wi_pool_node_of(pool, session->id);

    if (!error) {
        session->checks_failed = 0;
        return;
    }
    session->checks_failed++;
    wi_info("pool", session->id, "the page was not found well: %s", error->detail);
    if (!node || node->away)
        wi_pool_fault(pool, session, WI_FAULT_PAGE_CRASHED, error->detail);
    else if (session->checks_failed >= CHECKS_FAILED)
        wi_pool_fault(pool, session, WI_FAULT_PAGE_FROZEN, error->detail);
    else
        check(pool, session);
}

static int is_loading(const struct wi_node_state *state)
{
    const json_t *row;
    size_t i;

    json_array_foreach(state->models, i, row)
    {
        const char *model = json_string_value(json_object_get(row, "state"));
        if (model && strcmp(model, "loading") == 0)
            return 1;
    }
    return 0;
}

/* An engine that computes although nothing of ours has been on the node for as long as the page
 * may take to end what was cancelled. */
static int engine_is_hung(const struct wi_pool *pool, const struct pool_session *session,
    const struct pool_node *node, double now)
{
    double limit = check_timeout(pool) * 2;
    struct wi_node_state state;

    return node->count == 0 && !node->away && now - session->idle_since > limit &&
           wi_bridge_node_state(pool->bridge, node->id, &state) == 0 &&
           state.busy_since_ms > limit && !is_loading(&state);
}

static void weigh(struct wi_pool *pool, struct pool_session *session, double now)
{
    uint64_t limit = pool->config->pool.memory_limit, rss;
    char why[64];

    if (limit == 0 || *session->worn)
        return;
    rss = wi_session_rss(session->session);
    /* One that grew without having done anything would only grow again. */
    if (rss <= limit || session->jobs == 0 || now - session->welcomed_at < MEMORY_AGE_MS)
        return;
    snprintf(why, sizeof(why), "it holds %llu MiB, over memory_limit",
        (unsigned long long)(rss / (1024 * 1024)));
    wi_pool_session_wear(pool, session, why);
}

/* --- looking --------------------------------------------------------------------------------- */

static void look_at(struct wi_pool *pool, struct pool_session *session, double now)
{
    const struct pool_node *node = wi_pool_node_of(pool, session->id);

    if (session->state == WI_SESSION_DRAINING && session->retire_by > 0 &&
        now >= session->retire_by) {
        wi_pool_session_close(pool, session);
        return;
    }
    if (!node || (session->state != WI_SESSION_READY && session->state != WI_SESSION_BUSY))
        return;
    if (engine_is_hung(pool, session, node, now))
        wi_pool_fault(pool, session, WI_FAULT_ENGINE_HUNG,
            "an engine of its page is busy with nothing of ours");
    else if (!node->away && now - session->checked_at >= check_timeout(pool) * 2)
        check(pool, session);
}

void wi_pool_look(void *context)
{
    struct wi_pool *pool = context;
    struct pool_session *session, *next;
    double now = wi_now_ms();

    wi_children_weigh(pool->deps.children);
    wi_pool_unchoke(pool);
    for (session = pool->sessions; session; session = next) {
        next = session->next;
        if (!wi_pool_session_ends(session) && session->welcomed_at > 0)
            weigh(pool, session, now);
        look_at(pool, session, now);
    }
}

void wi_pool_start_looking(struct wi_pool *pool)
{
    wi_timer_start(pool->look, LOOK_MS, LOOK_MS);
}

/* --- threads --------------------------------------------------------------------------------- */

/* The machine's cores are shared out among its sessions; other machines' are their own. */
int wi_pool_threads(void *context, const struct wi_node_info *node)
{
    const struct wi_pool *pool = context;
    const struct pool_session *session =
        *node->session ? wi_pool_find_session(pool, node->session) : NULL;
    const struct pool_kind *kind = session ? wi_pool_find_kind(pool, session->kind) : NULL;
    unsigned cores = uv_available_parallelism(), sharing = 0;

    if (!kind || (kind->browser->driver_url && *kind->browser->driver_url))
        return node->cores > 1 ? node->cores : 1;
    for (session = pool->sessions; session; session = session->next) {
        kind = wi_pool_find_kind(pool, session->kind);
        sharing += !wi_pool_session_ends(session) && kind &&
                   !(kind->browser->driver_url && *kind->browser->driver_url);
    }
    return sharing > 0 && cores / sharing > 1 ? (int)(cores / sharing) : 1;
}
