/*
 * Whether the sessions are well: looks at each in turn, and carries out what facts/remedies.c says
 * about a fault. A dead process, a silent link and a lost GPU are told by others
 * (browser/session.c, the bridge); found here are hung engines, frozen pages, silent drivers,
 * stopped processes and full memory.
 */
#include "work/pool/private.h"

#include "base/clock.h"
#include "base/log.h"
#include <stdio.h>
#include <string.h>

/* Answers that the document or its driver may owe in a row; a loaded machine owes one. */
#define CHECKS_FAILED 2
/* Looks in a row that find a process stopped; one may fall into the moment before it goes on. */
#define LOOKS_STOPPED 2
/* It has as long as the link worker may be silent, and at the least this. */
#define CHECK_MIN_MS 2000.0
/* A page that was just opened is not blamed for its size. */
#define MEMORY_AGE_MS 10000

/* --- remedies --------------------------------------------------------------------------------- */

static void session_reload(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_node *node = wi_pool_node_of(pool, session);

    /* What hung may hang there, and would keep the GPU from the new page. */
    (void)wi_session_end_gpu(session->browser);
    wi_pool_session_checked(session, 1);
    if (node) {
        wi_pool_node_drain(pool->nodes, node, 1);
        wi_bridge_drop(pool->bridge, node->id, "its page is reopened");
    }
    wi_session_reload(session->browser, pool->config->pool.connection_timeout);
    wi_pool_plan_soon(pool->wake);
}

/* Its page, which may not notice the end, must have that platform again soon. 0, or -1 if the
 * browser has no process for the GPU. */
static int session_end_gpu(
    struct wi_pool *pool, struct pool_session *session, enum wi_platform platform, double now)
{
    const struct pool_node *node = wi_pool_node_of(pool, session);

    wi_pool_session_gpu_lost(session, platform, now, now + WI_LADDER_GPU_MS);
    if (wi_session_end_gpu(session->browser) != 0)
        return -1;
    if (node)
        wi_bridge_revive(pool->bridge, node->id);
    return 0;
}

static void session_retire(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    const struct pool_node *node = wi_pool_node_of(pool, session);
    double now = wi_awake_ms(), busy_until = node ? wi_pool_node_done_at(node) : 0;

    wi_pool_session_retire_by(
        session, now + wi_ladder_patience(busy_until > now ? busy_until - now : 0));
    wi_pool_end_retire(pool, session, why);
}

static void kill_session(struct pool_session *session, const char *why)
{
    struct wi_error error;

    wi_error_set(&error, WI_UNAVAILABLE, "", "%.300s", why);
    wi_session_kill(session->browser, &error);
}

/* `platform`: the one that is lost, of WI_FAULT_PLATFORM_LOST alone. */
static void session_fault(struct wi_pool *pool, struct pool_session *session, enum wi_fault fault,
    enum wi_platform platform, const char *why)
{
    if (wi_pool_session_ends(session))
        return;
    double now = wi_awake_ms();
    enum wi_remedy remedy = wi_pool_session_climb(session, fault, now);
    wi_pool_session_gpu_settled(session);
    pool->faults[fault]++;
    pool->remedies[remedy]++;
    wi_warn("pool", session->id, "%s: %s: %s%s", wi_fault_names[fault], wi_remedy_names[remedy],
        wi_children_ran_out(pool->deps.children) ? WI_RAN_OUT "; " : "", why);
    switch (remedy) {
    case WI_REMEDY_END_GPU:
        if (session_end_gpu(pool, session, platform, now) != 0)
            wi_pool_platform_lost(pool, session, platform,
                "its browser has no process for the GPU that could be ended");
        break;
    case WI_REMEDY_RELOAD:
        session_reload(pool, session);
        break;
    case WI_REMEDY_RETIRE:
        session_retire(pool, session, why);
        break;
    default:
        kill_session(session, why);
        break;
    }
}

void wi_pool_fault(
    struct wi_pool *pool, struct pool_session *session, enum wi_fault fault, const char *why)
{
    session_fault(pool, session, fault, WI_WASM, why);
}

void wi_pool_platform_lost(
    struct wi_pool *pool, struct pool_session *session, enum wi_platform platform, const char *why)
{
    session_fault(pool, session, WI_FAULT_PLATFORM_LOST, platform, why);
}

void wi_pool_end_kernel(struct wi_pool *pool, struct pool_session *session, const char *why)
{
    double now = wi_awake_ms();
    enum wi_remedy remedy = WI_REMEDY_END_GPU;

    if (session_end_gpu(pool, session, WI_WEBGPU, now) != 0)
        remedy = WI_REMEDY_KILL;
    pool->faults[WI_FAULT_KERNEL_HUNG]++;
    pool->remedies[remedy]++;
    wi_warn("pool", session->id, "%s: %s: %s", wi_fault_names[WI_FAULT_KERNEL_HUNG],
        wi_remedy_names[remedy], why);
    if (remedy == WI_REMEDY_KILL)
        kill_session(session, why);
}

/* --- what is found ---------------------------------------------------------------------------- */

double wi_pool_patience_ms(const struct wi_pool *pool)
{
    const struct wi_config_bridge *bridge = &pool->config->bridge;
    double timeout = (double)(bridge->heartbeat_interval * bridge->heartbeat_misses);

    return timeout > CHECK_MIN_MS ? timeout : CHECK_MIN_MS;
}

static void session_check(const struct wi_pool *pool, struct pool_session *session, double now)
{
    wi_pool_session_check(session, (uint64_t)wi_pool_patience_ms(pool), now);
}

/* The service of its browser answers, perhaps again. */
static void session_watch(struct wi_pool *pool, struct pool_session *session)
{
    struct pool_kind *kind = wi_pool_kind_of(pool, session);

    if (kind)
        wi_pool_kind_answers(kind);
    if (!wi_pool_session_unwatch(session, 0))
        return;
    wi_info("pool", session->id, "its service answers again");
    wi_pool_plan_soon(pool->wake); /* it may have been due for replacement */
}

/* Whether the check says something about the service of its browser, and nothing about the page,
 * which goes on serving while its node is connected. */
static int session_is_unwatched(struct wi_pool *pool, struct pool_session *session,
    const struct pool_node *node, const struct wi_error *error)
{
    const struct pool_kind *kind = wi_pool_kind_of(pool, session);
    int is_lost = strcmp(error->field, WI_SESSION_SERVICE) == 0;

    if (strcmp(error->field, WI_SESSION_FORGOTTEN) == 0) {
        /* Its service can still end it, once another one serves. */
        wi_pool_end_worn(pool, session, "its Grid's hub has forgotten it");
        session_watch(pool, session);
        return 1;
    }
    if (!is_lost && (error->code != WI_SESSION_NOT_FOUND || !node || node->away || !kind ||
                        !wi_pool_kind_is_remote(kind)))
        return 0;
    if (wi_pool_session_unwatch(session, 1))
        wi_warn("pool", session->id,
            "its service cannot check or end it now, and it serves while it is connected: %s",
            error->detail);
    return 1;
}

void wi_pool_checked(void *context, struct pool_session *session, const struct wi_error *error)
{
    struct wi_pool *pool = context;
    const struct pool_node *node = wi_pool_node_of(pool, session);

    if (!error || session_is_unwatched(pool, session, node, error)) {
        wi_pool_session_checked(session, 1);
        if (!error)
            session_watch(pool, session);
        return;
    }
    wi_pool_session_checked(session, 0);
    wi_info("pool", session->id, "the check of the page failed: %s", error->detail);
    if (!node || node->away)
        wi_pool_fault(pool, session, WI_FAULT_PAGE_CRASHED, error->detail);
    else if (session->checks_failed >= CHECKS_FAILED)
        wi_pool_fault(pool, session, WI_FAULT_PAGE_FROZEN, error->detail);
    else
        session_check(pool, session, wi_awake_ms());
}

static int is_loading(const struct wi_node_state *state)
{
    for (size_t i = 0; i < json_array_size(state->models); i++) {
        const json_t *row = json_array_get(state->models, i);
        const char *model = json_string_value(json_object_get(row, "state"));
        if (model && strcmp(model, "loading") == 0)
            return 1;
    }
    return 0;
}

/* An engine that computes although nothing of ours has been on the node for as long as the page may
 * take to end what was cancelled. */
static int engine_is_hung(const struct wi_pool *pool, const struct pool_session *session,
    const struct pool_node *node, double now)
{
    double limit = wi_pool_patience_ms(pool) * 2;
    struct wi_node_state state;

    return node->count == 0 && !node->away && now - session->idle_since > limit &&
           wi_bridge_node_state(pool->bridge, node->id, &state) == 0 &&
           state.busy_since_ms > limit && !is_loading(&state);
}

static void session_weigh(struct wi_pool *pool, struct pool_session *session, double now)
{
    uint64_t limit = pool->config->pool.memory_limit;

    if (limit == 0 || *session->worn)
        return;
    uint64_t memory = wi_session_memory(session->browser);
    /* One that grew without having done anything would only grow again. */
    if (memory <= limit || session->jobs == 0 || now < session->welcomed_at + MEMORY_AGE_MS)
        return;
    char why[64];
    snprintf(why, sizeof why, "it uses %llu MiB, more than memory_limit",
        (unsigned long long)(memory / (1024 * 1024)));
    wi_pool_end_worn(pool, session, why);
}

/* The time for its page to have a GPU again is over. */
static void look_for_gpu(
    struct wi_pool *pool, struct pool_session *session, const struct pool_node *node)
{
    const struct wi_fleet_class *class = node->place.class;

    if (class && !class->info.platforms[session->gpu_lost].available)
        wi_pool_platform_lost(pool, session, session->gpu_lost,
            "its page has not regained a GPU since the GPU process was ended");
    else
        wi_pool_session_gpu_settled(session);
}

/* --- looking ---------------------------------------------------------------------------------- */

static void session_look_at(struct wi_pool *pool, struct pool_session *session, double now)
{
    const struct pool_node *node = wi_pool_node_of(pool, session);

    if (wi_pool_session_state(session) == WI_SESSION_DRAINING && session->retire_by > 0 &&
        now >= session->retire_by) {
        wi_pool_end_close(pool, session);
        return;
    }
    if (!wi_pool_session_serves(session))
        return;
    if (wi_session_stopped(session->browser) >= LOOKS_STOPPED) {
        wi_pool_fault(pool, session, WI_FAULT_STOPPED, "one of its processes was stopped");
        return;
    }
    if (!node)
        return;
    if (session->gpu_by > 0 && now >= session->gpu_by)
        look_for_gpu(pool, session, node);
    else if (engine_is_hung(pool, session, node, now))
        wi_pool_fault(pool, session, WI_FAULT_ENGINE_HUNG,
            "an engine of its page is busy, but not with work of the service");
    else if (!node->away && now >= session->checked_at + wi_pool_patience_ms(pool) * 2)
        session_check(pool, session, now);
}

void wi_pool_look(struct wi_pool *pool, double now)
{
    struct pool_session *session, *next;

    wi_children_weigh(pool->deps.children);
    if (pool->crowded)
        wi_pool_plan_soon(pool->wake); /* there may be room again */
    if (wi_pool_nodes_unchoke(pool->nodes))
        wi_pool_tell_capacity(pool->wake);
    for (session = pool->sessions->first; session; session = next) {
        next = session->next;
        if (!wi_pool_session_ends(session) && session->welcomed_at > 0)
            session_weigh(pool, session, now);
        session_look_at(pool, session, now);
    }
}
