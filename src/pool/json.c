/* The pool as the status API shows it. */
#include "pool/private.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "browser/kinds.h"

json_t *wi_pool_sessions_json(const struct wi_pool *pool)
{
    json_t *list = json_array();

    for (const struct pool_session *session = pool->sessions; session; session = session->next) {
        const struct pool_node *node = wi_pool_node_of(pool, session->id);
        struct wi_session_info info;
        wi_session_info(session->session, &info);
        json_array_append_new(list,
            json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?, s:s?, s:I, s:f, s:f, s:s, s:i, s:I, s:s?}",
                "id", info.id, "kind", info.kind, "state", wi_session_state_name(info.state),
                "step", info.step, "ending", wi_pool_session_ends(session), "worn",
                *session->worn ? session->worn : NULL, "successor",
                *session->successor ? session->successor : NULL, "jobs", (json_int_t)session->jobs,
                "age_ms", info.age_ms, "ready_ms", info.ready_ms, "browser_version",
                info.browser_version, "driver_pid", (int)info.driver_pid, "rss_bytes",
                (json_int_t)wi_session_rss(session->session), "node", node ? node->id : NULL));
    }
    return list;
}

json_t *wi_pool_nodes_json(const struct wi_pool *pool)
{
    json_t *list = json_array();

    for (const struct pool_node *node = pool->nodes; node; node = node->hh.next) {
        const struct wi_node_info *info = wi_bridge_node(pool->bridge, node->id);
        json_array_append_new(
            list, json_pack("{s:s, s:s?, s:s?, s:s, s:b, s:b, s:I}", "id", node->id, "session",
                      *node->session ? node->session : NULL, "browser", info ? info->kind : NULL,
                      "browser_version", info ? info->browser_version : "", "draining",
                      node->draining, "away", node->away, "attempts", (json_int_t)node->count));
    }
    return list;
}

static json_t *states_json(const struct wi_pool *pool, const struct pool_kind *kind)
{
    json_t *object = json_object();

    for (int state = 0; state < WI_SESSION_CLOSED; state++)
        json_object_set_new(object, wi_session_state_name(state),
            json_integer((json_int_t)wi_pool_count_sessions(pool, kind->name, state)));
    return object;
}

/* Those that have happened. */
static json_t *transitions_json(const struct pool_kind *kind)
{
    json_t *object = json_object();

    for (int from = 0; from < WI_SESSION_STATE_COUNT; from++) {
        json_t *row = json_object();
        for (int to = 0; to < WI_SESSION_STATE_COUNT; to++)
            if (kind->transitions[from][to] > 0)
                json_object_set_new(row, wi_session_state_name(to),
                    json_integer((json_int_t)kind->transitions[from][to]));
        if (json_object_size(row) > 0)
            json_object_set(object, wi_session_state_name(from), row);
        json_decref(row);
    }
    return object;
}

json_t *wi_pool_kinds_json(const struct wi_pool *pool)
{
    json_t *object = json_object();
    double now = wi_now_ms();

    for (size_t i = 0; i < pool->kind_count; i++) {
        const struct pool_kind *kind = &pool->kinds[i];
        double left = kind->backoff.next_start - now;
        const char *breaker = !kind->backoff.open ? "closed" : left > 0 ? "open" : "half-open";
        json_object_set_new(object, kind->name,
            json_pack("{s:b, s:s?, s:s, s:I, s:f, s:I, s:I, s:b, s:o, s:o}", "installed",
                kind->installed, "problem", wi_pool_kind_problem(kind), "breaker", breaker,
                "failures", (json_int_t)kind->backoff.failures, "next_start_ms",
                left > 0 ? left : 0.0, "min", (json_int_t)kind->browser->min_connections, "max",
                (json_int_t)kind->browser->max_connections, "wished", kind->wish_since > 0,
                "sessions", states_json(pool, kind), "transitions", transitions_json(kind)));
    }
    return object;
}

static void warn_of_sandbox(
    const struct wi_pool *pool, json_t *warnings, enum wi_tristate setting, const char *why)
{
    struct wi_buffer names = {0};

    for (size_t i = 0; i < pool->kind_count; i++) {
        const struct pool_kind *kind = &pool->kinds[i];
        if (kind->installed && wi_pool_kind_is_on(kind) && kind->browser->sandbox == setting &&
            !wi_kind_sandbox(kind->browser))
            wi_buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "", kind->name);
    }
    if (names.size > 0)
        json_array_append_new(
            warnings, json_sprintf("the browser's own sandbox is off, %s: %s", why, names.text));
    wi_buffer_clear(&names);
}

void wi_pool_add_warnings(const struct wi_pool *pool, json_t *warnings)
{
    warn_of_sandbox(pool, warnings, WI_NO, "by configuration");
    warn_of_sandbox(pool, warnings, WI_AUTO,
        "because the daemon runs as root; run it as another user to have it");
}

void wi_pool_counters(const struct wi_pool *pool, struct wi_pool_counters *counters)
{
    *counters = pool->counters;
    for (const struct pool_session *session = pool->sessions; session; session = session->next) {
        counters->states[session->state]++;
        counters->live += !wi_pool_session_ends(session);
    }
    counters->nodes = HASH_COUNT(pool->nodes);
    counters->classes = HASH_COUNT(pool->fleet.classes);
    counters->estimates = wi_estimates_count(pool->estimates);
}
