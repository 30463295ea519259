/* Whether a browser of a kind can come, and why there is no node. */
#include "work/pool/explain.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "work/pool/plan.h"

int wi_pool_kind_is_hopeful(const struct wi_pool *pool, const struct pool_kind *kind)
{
    const struct pool_kind_info *info = wi_pool_kind_info(kind);

    if (!info->installed || !wi_pool_kind_is_on(kind) || pool->config->pool.max_connections == 0)
        return 0;
    /* The time of an open breaker has come and no probe is under way: a request may be the
     * probe. */
    return !info->backoff.open ||
           (wi_now_ms() >= info->backoff.next_start &&
               wi_pool_sessions_count(pool->sessions, info->name, WI_SESSION_STARTING) == 0);
}

static enum wi_code explain_kind(
    const struct wi_pool *pool, const struct pool_kind *kind, struct wi_error *error)
{
    const struct pool_kind_info *info = wi_pool_kind_info(kind);
    double left = info->backoff.next_start - wi_now_ms();

    if (pool->config->pool.max_connections == 0 || !wi_pool_kind_is_on(kind))
        wi_error_set(error, WI_UNAVAILABLE, "",
            "max_connections is 0, so no %s is started, and no page has joined", info->name);
    else if (!info->installed)
        *error = info->problem;
    else if (info->backoff.open)
        wi_error_set(error, WI_UNAVAILABLE, "",
            "the breaker of %s is open after %u failures to start, next try in %.1f s; the last: "
            "%.300s",
            info->name, info->backoff.failures, left > 0 ? left / 1000 : 0, info->problem.detail);
    else if (wi_pool_shuts_out(pool, kind))
        wi_error_set(error, WI_UNAVAILABLE, "",
            "no %s can be started: the min_connections of the other kinds take up all of [pool] "
            "max_connections, which is %d",
            info->name, (int)pool->config->pool.max_connections);
    else
        wi_error_set(error, WI_UNAVAILABLE, "", "%s is starting", info->name);
    wi_error_retry_after(error, left > 1000 ? (unsigned)(left / 1000) + 1 : 1);
    return WI_UNAVAILABLE;
}

/* Which kinds there are instead. */
static enum wi_code explain_unknown(
    const struct wi_pool *pool, const char *browser, struct wi_error *error)
{
    size_t count = wi_pool_kinds_count(pool->kinds);
    struct wi_buffer names = {0};

    wi_error_set(error, WI_UNAVAILABLE, "browser",
        "no browser kind %.40s is configured, and no page of it has joined", browser);
    for (size_t i = 0; i < count; i++) {
        wi_buffer_puts(&names, i > 0 ? ", " : "");
        wi_buffer_puts(&names, wi_pool_kind_info(wi_pool_kinds_at(pool->kinds, i))->name);
    }
    wi_error_allow(error, "%s", names.text ? names.text : "none");
    wi_buffer_clear(&names);
    return WI_UNAVAILABLE;
}

enum wi_code wi_pool_explain(
    const struct wi_pool *pool, const char *browser, struct wi_error *error)
{
    size_t count = wi_pool_kinds_count(pool->kinds);
    struct wi_error local;

    error = error ? error : &local;
    if (browser) {
        const struct pool_kind *kind = wi_pool_kinds_find(pool->kinds, browser);
        return kind ? explain_kind(pool, kind, error) : explain_unknown(pool, browser, error);
    }
    /* The one that is nearest to serving says it best. */
    for (size_t i = 0; i < count; i++)
        if (wi_pool_kind_is_hopeful(pool, wi_pool_kinds_at(pool->kinds, i)))
            return explain_kind(pool, wi_pool_kinds_at(pool->kinds, i), error);
    if (count > 0)
        return explain_kind(pool, wi_pool_kinds_at(pool->kinds, 0), error);
    return wi_error_set(error, WI_UNAVAILABLE, "", "no browser is configured and none has joined");
}

enum wi_code wi_pool_ready(const struct wi_pool *pool, struct wi_error *error)
{
    const struct wi_fleet_class *class = wi_pool_nodes_fleet(pool->nodes)->classes;
    size_t closed = 0;

    for (; class; class = class->hh.next) {
        if (class->info.platforms[WI_SIMULATED].available)
            continue; /* it computes nothing */
        if (class->open > 0)
            return WI_OK;
        closed += class->count;
    }
    if (closed > 0)
        return wi_error_set(error, WI_UNAVAILABLE, "",
            "every node is draining, paused, held or without its connection");
    return wi_pool_explain(pool, NULL, error);
}
