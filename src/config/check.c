/* Rules that concern more than one key; each names the key that the operator should look at. */
#include "config/options.h"

#include "base/address.h"
#include "base/url.h"
#include "config/preference.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 5, 6))) static enum wi_code fail(const struct wi_config *config,
    const char *section, const char *key, struct wi_error *error, const char *format, ...)
{
    const struct wi_option *option = wi_option_find(section, key);
    const struct wi_config_origin *origin = wi_config_origin(config, option, 0);
    char where[280] = "", field[64], detail[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof(detail), format, arguments);
    va_end(arguments);
    if (origin)
        snprintf(where, sizeof(where), "%.200s:%u: ", origin->file, origin->line);
    snprintf(field, sizeof(field), "%s.%s", section, key);
    return wi_error_set(
        error, WI_INVALID_FIELD, field, "%s[%s] %s: %s", where, section, key, detail);
}

static enum wi_code check_tls(const struct wi_config *config, const char *section,
    const char *certificate, const char *key, struct wi_error *error)
{
    if (certificate && !key)
        return fail(config, section, "tls_certificate", error, "needs tls_key beside it");
    if (key && !certificate)
        return fail(config, section, "tls_key", error, "needs tls_certificate beside it");
    return WI_OK;
}

static enum wi_code check_listeners(const struct wi_config *config, struct wi_error *error)
{
    union wi_address api, bridge;
    int good = wi_address_parse(config->api.listen, &api) == 0 &&
               wi_address_parse(config->bridge.listen, &bridge) == 0;

    assert(good); /* the option table has checked them */
    (void)good;
    if (!wi_address_is_loopback(&api) && !config->api.tokens_file)
        return fail(config, "api", "listen", error,
            "%s is reachable from other machines and needs tokens_file; make one with \"webinfer "
            "token new NAME\", or listen on 127.0.0.1",
            config->api.listen);
    if (wi_address_is_any(&bridge) && !config->bridge.public_url)
        return fail(config, "bridge", "listen", error,
            "%s means all addresses and needs public_url, which tells browsers where to go",
            config->bridge.listen);
    if (wi_address_port(&api) != 0 && strcmp(config->api.listen, config->bridge.listen) == 0)
        return fail(config, "bridge", "listen", error,
            "%s is the address of [api] already; the two listeners need ports of their own",
            config->bridge.listen);
    return WI_OK;
}

static enum wi_code fail_browser(const struct wi_config *config, size_t index, const char *key,
    struct wi_error *error, const char *detail)
{
    const struct wi_option *option = wi_option_find(WI_SECTION_BROWSER, key);
    const struct wi_config_origin *origin = wi_config_origin(config, option, index);
    const char *kind = config->browsers[index].kind;
    char where[280] = "", field[128];

    if (origin)
        snprintf(where, sizeof(where), "%.200s:%u: ", origin->file, origin->line);
    snprintf(field, sizeof(field), "browser.%.64s.%s", kind, key);
    return wi_error_set(
        error, WI_INVALID_FIELD, field, "%s[browser.%.64s] %s: %s", where, kind, key, detail);
}

static enum wi_code check_browser(
    const struct wi_config *config, size_t index, struct wi_error *error)
{
    const struct wi_config_browser *browser = &config->browsers[index];
    struct wi_error problem;
    json_t *value;
    char *name;

    for (size_t i = 0; i < browser->preferences.count; i++) {
        enum wi_code code =
            wi_preference_parse(browser->preferences.items[i], &name, &value, &problem);
        json_decref(value);
        free(name);
        if (code != WI_OK)
            return fail_browser(config, index, "preferences", error, problem.detail);
    }
    if (browser->max_connections > 0 && browser->driver_url &&
        !wi_url_is_loopback(browser->driver_url) && !config->bridge.public_url)
        return fail_browser(config, index, "driver_url", error,
            "it is another machine, whose browsers need [bridge] public_url to find this one");
    return WI_OK;
}

enum wi_code wi_config_check(const struct wi_config *config, struct wi_error *error)
{
    const struct wi_config_api *api = &config->api;
    const struct wi_config_bridge *bridge = &config->bridge;
    const struct wi_config_pool *pool = &config->pool;
    enum wi_code code = check_listeners(config, error);

    if (code == WI_OK)
        code = check_tls(config, "api", api->tls_certificate, api->tls_key, error);
    if (code == WI_OK)
        code = check_tls(config, "bridge", bridge->tls_certificate, bridge->tls_key, error);
    for (size_t i = 0; code == WI_OK && i < config->browser_count; i++)
        code = check_browser(config, i, error);
    if (code != WI_OK)
        return code;
    if (pool->min_connections > pool->max_connections)
        return fail(config, "pool", "min_connections", error,
            "%" PRId64 " is more than max_connections, which is %" PRId64, pool->min_connections,
            pool->max_connections);
    if (pool->memory_budget < 2 * api->max_body)
        return fail(config, "pool", "memory_budget", error,
            "%" PRIu64 " bytes is less than twice [api] max_body, so that the largest request "
            "could never be served",
            pool->memory_budget);
    return WI_OK;
}
