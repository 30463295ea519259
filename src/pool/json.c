/* The pool as the status API shows it. */
#include "pool/private.h"

#include "base/clock.h"

json_t *wi_pool_sessions_json(const struct wi_pool *pool)
{
    json_t *list = json_array();

    for (const struct pool_session *session = pool->sessions; session; session = session->next) {
        const struct pool_node *node = wi_pool_node_of(pool, session->id);
        struct wi_session_info info;
        wi_session_info(session->session, &info);
        json_array_append_new(list,
            json_pack("{s:s, s:s, s:s, s:s, s:b, s:f, s:f, s:s, s:i, s:I, s:s?}", "id", info.id,
                "kind", info.kind, "state", wi_session_state_name(info.state), "step", info.step,
                "ending", session->ending, "age_ms", info.age_ms, "ready_ms", info.ready_ms,
                "browser_version", info.browser_version, "driver_pid", (int)info.driver_pid,
                "rss_bytes", (json_int_t)wi_session_rss(session->session), "node",
                node ? node->id : NULL));
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

json_t *wi_pool_kinds_json(const struct wi_pool *pool)
{
    json_t *object = json_object();
    double now = wi_now_ms();

    for (size_t i = 0; i < pool->kind_count; i++) {
        const struct pool_kind *kind = &pool->kinds[i];
        double left = kind->backoff.next_start - now;
        const char *breaker = !kind->backoff.open ? "closed" : left > 0 ? "open" : "half-open";
        json_object_set_new(object, kind->name,
            json_pack("{s:b, s:s?, s:s, s:I, s:f}", "installed", kind->installed, "problem",
                kind->problem.code == WI_OK ? NULL : kind->problem.detail, "breaker", breaker,
                "failures", (json_int_t)kind->backoff.failures, "next_start_ms",
                left > 0 ? left : 0.0));
    }
    return object;
}

void wi_pool_counters(const struct wi_pool *pool, struct wi_pool_counters *counters)
{
    *counters = pool->counters;
    counters->starting = wi_pool_count_sessions(pool, NULL, WI_SESSION_STARTING);
    counters->ready = wi_pool_count_sessions(pool, NULL, WI_SESSION_READY);
    counters->draining = wi_pool_count_sessions(pool, NULL, WI_SESSION_DRAINING);
    counters->nodes = HASH_COUNT(pool->nodes);
}
