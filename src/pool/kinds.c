/* The configured kinds of browser: what is installed, what keeps failing, and how to say so. */
#include "pool/private.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

/* How often to look for a browser that was not installed. */
#define RECHECK_MS 3000

/* Where the kind stands in [browser_preferences] other; behind all of it if it is not named. */
static size_t preference_of(const struct wi_config *config, const char *kind)
{
    const struct wi_strings *list = &config->browser_preferences.other;
    size_t length = strlen(kind);

    for (size_t i = 0; i < list->count; i++)
        if (strcspn(list->items[i], "/") == length && strncmp(list->items[i], kind, length) == 0)
            return i;
    return list->count;
}

/* The preferred kinds first, the others in the order of the configuration. */
static void sort_kinds(struct wi_pool *pool)
{
    for (size_t i = 1; i < pool->kind_count; i++) {
        struct pool_kind kind = pool->kinds[i];
        size_t place = i;
        while (place > 0 && preference_of(pool->config, pool->kinds[place - 1].name) >
                                preference_of(pool->config, kind.name)) {
            pool->kinds[place] = pool->kinds[place - 1];
            place--;
        }
        pool->kinds[place] = kind;
    }
}

void wi_pool_set_kinds(struct wi_pool *pool, const struct wi_config *config)
{
    struct pool_kind *old = pool->kinds;
    size_t old_count = pool->kind_count;

    pool->config = config;
    pool->kind_count = config->browser_count;
    pool->kinds = wi_alloc((config->browser_count + 1) * sizeof(*pool->kinds));
    for (size_t i = 0; i < config->browser_count; i++) {
        struct pool_kind *kind = &pool->kinds[i];
        kind->name = wi_strdup(config->browsers[i].kind);
        kind->browser = &config->browsers[i];
        kind->given = wi_config_browser_given(config, i);
        for (size_t j = 0; j < old_count; j++)
            if (strcmp(old[j].name, kind->name) == 0) {
                kind->backoff = old[j].backoff;
                kind->wish_since = old[j].wish_since;
                kind->wished_at = old[j].wished_at;
                memcpy(kind->transitions, old[j].transitions, sizeof(kind->transitions));
            }
    }
    for (size_t j = 0; j < old_count; j++)
        free(old[j].name);
    free(old);
    sort_kinds(pool);
}

void wi_pool_free_kinds(struct wi_pool *pool)
{
    for (size_t i = 0; i < pool->kind_count; i++)
        free(pool->kinds[i].name);
    free(pool->kinds);
}

struct pool_kind *wi_pool_find_kind(const struct wi_pool *pool, const char *name)
{
    for (size_t i = 0; i < pool->kind_count; i++)
        if (strcmp(pool->kinds[i].name, name) == 0)
            return &pool->kinds[i];
    return NULL;
}

void wi_pool_check_kind(struct pool_kind *kind, double now)
{
    struct wi_error error = {0};
    int was = kind->installed, first = kind->check_at == 0;

    kind->installed = wi_session_installed(kind->browser, &error) == WI_OK;
    kind->check_at = now + RECHECK_MS;
    if (!kind->installed) {
        kind->problem = error;
        if ((was || (first && kind->given)) && wi_pool_kind_is_on(kind))
            wi_warn("pool", kind->name, "%s", error.detail);
    } else if (!was) {
        kind->problem.code = WI_OK;
        if (!first)
            wi_info("pool", kind->name, "it is installed now");
    }
}

int wi_pool_kind_is_on(const struct pool_kind *kind)
{
    return kind->browser->max_connections > 0;
}

const char *wi_pool_kind_problem(const struct pool_kind *kind)
{
    int is_news = kind->installed || kind->given;

    return wi_pool_kind_is_on(kind) && is_news && kind->problem.code != WI_OK ? kind->problem.detail
                                                                              : NULL;
}

void wi_pool_tell_absent(const struct wi_pool *pool)
{
    struct wi_buffer names = {0};
    int installed = 0;

    for (size_t i = 0; i < pool->kind_count; i++) {
        const struct pool_kind *kind = &pool->kinds[i];
        installed += kind->installed && wi_pool_kind_is_on(kind);
        if (!kind->installed && !kind->given && wi_pool_kind_is_on(kind))
            wi_buffer_printf(&names, "%s%s", names.size > 0 ? ", " : "", kind->name);
    }
    if (names.size > 0)
        wi_log(installed ? WI_LOG_INFO : WI_LOG_WARN, "pool", NULL,
            "not installed: %s; \"webinfer doctor\" says what they take", names.text);
    wi_buffer_clear(&names);
}

int wi_pool_kind_is_hopeful(const struct wi_pool *pool, const struct pool_kind *kind)
{
    if (!kind->installed || !wi_pool_kind_is_on(kind) || pool->config->pool.max_connections == 0)
        return 0;
    /* An open breaker whose time has come and that nobody probes: a request may be the probe. */
    return !kind->backoff.open ||
           (wi_now_ms() >= kind->backoff.next_start &&
               wi_pool_count_sessions(pool, kind->name, WI_SESSION_STARTING) == 0);
}

static enum wi_code explain_kind(
    const struct wi_pool *pool, const struct pool_kind *kind, struct wi_error *error)
{
    double left = kind->backoff.next_start - wi_now_ms();

    if (pool->config->pool.max_connections == 0 || !wi_pool_kind_is_on(kind))
        wi_error_set(error, WI_UNAVAILABLE, "",
            "max_connections is 0, so no %s is started, and no page has joined", kind->name);
    else if (!kind->installed)
        *error = kind->problem;
    else if (kind->backoff.open)
        wi_error_set(error, WI_UNAVAILABLE, "",
            "the breaker of %s is open after %u failures to start, next try in %.1f s; the last: "
            "%.300s",
            kind->name, kind->backoff.failures, left > 0 ? left / 1000 : 0, kind->problem.detail);
    else if (wi_pool_shuts_out(pool, kind))
        wi_error_set(error, WI_UNAVAILABLE, "",
            "no %s can be started: the min_connections of the other kinds take up all of [pool] "
            "max_connections, which is %d",
            kind->name, (int)pool->config->pool.max_connections);
    else
        wi_error_set(error, WI_UNAVAILABLE, "", "%s is starting", kind->name);
    if (error)
        error->retry_after_s = left > 1000 ? (unsigned)(left / 1000) + 1 : 1;
    return WI_UNAVAILABLE;
}

enum wi_code wi_pool_explain(
    const struct wi_pool *pool, const char *browser, struct wi_error *error)
{
    const struct pool_kind *kind;
    struct wi_buffer names = {0};
    struct wi_error local;

    error = error ? error : &local;
    if (browser) {
        kind = wi_pool_find_kind(pool, browser);
        if (kind)
            return explain_kind(pool, kind, error);
        wi_error_set(error, WI_UNAVAILABLE, "browser",
            "no browser kind %.40s is configured, and no page of it has joined", browser);
        for (size_t i = 0; i < pool->kind_count; i++) {
            wi_buffer_puts(&names, i > 0 ? ", " : "");
            wi_buffer_puts(&names, pool->kinds[i].name);
        }
        wi_error_allow(error, "%s", names.text ? names.text : "none");
        wi_buffer_clear(&names);
        return WI_UNAVAILABLE;
    }
    /* The one that is nearest to serving says it best. */
    for (size_t i = 0; i < pool->kind_count; i++)
        if (wi_pool_kind_is_hopeful(pool, &pool->kinds[i]))
            return explain_kind(pool, &pool->kinds[i], error);
    if (pool->kind_count > 0)
        return explain_kind(pool, &pool->kinds[0], error);
    return wi_error_set(error, WI_UNAVAILABLE, "", "no browser is configured and none has joined");
}
