/*
 * Rules that concern more than one key; each names the key that the operator should look at. A rule
 * is skipped for a key whose own value was refused, since that key has its default.
 */
#include <config.h> /* the build's; in quotes it is the one of this folder */

#include "settings/config/config_options.h"

#include "base/memory.h"
#include "base/net/address.h"
#include "base/net/multiaddr.h"
#include "base/net/network.h"
#include "base/net/url.h"
#include "base/text.h"
#include "settings/config/private.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A browser would ignore a malformed one. */
enum wi_code wi_preference_parse(
    const char *line, char **name, json_t **value, struct wi_error *error)
{
    const char *equals = strchr(line, '='), *end = equals;
    json_error_t problem;

    *name = NULL;
    *value = NULL;
    while (end && end > line && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (!end || end == line)
        return wi_error_set(error, WI_INVALID_FIELD, "preferences",
            "\"%.120s\" is not a preference; write NAME=VALUE, such as dom.webgpu.enabled=true",
            line);
    *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &problem);
    if (!*value || json_is_null(*value)) {
        json_decref(*value);
        *value = NULL;
        return wi_error_set(error, WI_INVALID_FIELD, "preferences",
            "the value of \"%.120s\" is not valid JSON, such as true, 1, 0.5 or \"text\" (in "
            "quotes)",
            line);
    }
    *name = wi_strndup(line, (size_t)(end - line));
    return WI_OK;
}

struct check {
    const struct wi_config *config;
    struct wi_problems *problems;
};

/* `index`: of a section that may occur several times. The source of the value, if it has one,
 * precedes the text. */
static void fail_instance(const struct check *check, const char *section, size_t index,
    const char *key, const char *detail)
{
    const char *name = wi_config_instance_name(check->config, section, index);
    const struct wi_config_origin *origin =
        wi_config_origin(check->config, wi_option_find(section, key), index);
    char where[280] = "", title[96], field[128];

    if (origin)
        snprintf(where, sizeof where, "%.200s:%u: ", origin->file, origin->line);
    snprintf(title, sizeof title, "%s%s%.64s", section, name ? "." : "", name ? name : "");
    snprintf(field, sizeof field, "%s.%s", title, key);
    wi_error_set(wi_problems_add(check->problems), WI_INVALID_FIELD, field, "%s[%s] %s: %s", where,
        title, key, detail);
}

__attribute__((format(printf, 4, 5))) static void check_fail(
    const struct check *check, const char *section, const char *key, const char *format, ...)
{
    char detail[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    fail_instance(check, section, 0, key, detail);
}

/* Whether both fields have the values that the file gives them, so that they can be compared. */
static int are_known(const struct check *check, const char *one, const char *other)
{
    return !wi_problems_has(check->problems, one) && !wi_problems_has(check->problems, other);
}

static void check_tls(
    const struct check *check, const char *section, const char *certificate, const char *key)
{
    char fields[2][64];

    snprintf(fields[0], sizeof fields[0], "%s.tls_certificate", section);
    snprintf(fields[1], sizeof fields[1], "%s.tls_key", section);
    if (!are_known(check, fields[0], fields[1]))
        return;
    if (certificate && !key)
        check_fail(check, section, "tls_certificate", "needs tls_key as well");
    if (key && !certificate)
        check_fail(check, section, "tls_key", "needs tls_certificate as well");
}

static void check_listeners(const struct check *check)
{
    const struct wi_config *config = check->config;
    union wi_address api, bridge;
    int good = wi_address_parse(config->api.listen, &api) == 0 &&
               wi_address_parse(config->bridge.listen, &bridge) == 0;

    assert(good); /* the option table has checked them */
    (void)good;
    if (!wi_address_is_loopback(&api) && !config->api.tokens_file &&
        are_known(check, "api.listen", "api.tokens_file"))
        check_fail(check, "api", "listen",
            "%s is reachable from other machines and needs tokens_file; make one with \"webinfer "
            "token new NAME\", or listen on 127.0.0.1",
            config->api.listen);
    if (wi_address_is_any(&bridge) && !config->bridge.public_url &&
        are_known(check, "bridge.listen", "bridge.public_url"))
        check_fail(check, "bridge", "listen",
            "%s means all addresses; set public_url too, to tell browsers where to connect",
            config->bridge.listen);
    if (wi_address_port(&api) != 0 && strcmp(config->api.listen, config->bridge.listen) == 0 &&
        are_known(check, "api.listen", "bridge.listen"))
        check_fail(check, "bridge", "listen",
            "%s is also the address of [api]; the two listeners need different ports",
            config->bridge.listen);
}

/* The listener of channels, which has the API's tokens. */
static void check_channels(const struct check *check)
{
    const struct wi_config *config = check->config;
    const char *listen = config->channels.listen;
    union wi_address address;

    if (!listen || wi_address_parse(listen, &address) != 0)
        return;
    if (!wi_address_is_loopback(&address) && !config->api.tokens_file &&
        are_known(check, "channels.listen", "api.tokens_file"))
        check_fail(check, "channels", "listen",
            "%s is reachable from other machines and needs [api] tokens_file; make one with "
            "\"webinfer token new NAME\", or listen on 127.0.0.1",
            listen);
    if (wi_address_port(&address) == 0)
        return;
    if (strcmp(listen, config->api.listen) == 0 &&
        are_known(check, "channels.listen", "api.listen"))
        check_fail(check, "channels", "listen",
            "%s is also the address of [api]; the two listeners need different ports", listen);
    if (strcmp(listen, config->bridge.listen) == 0 &&
        are_known(check, "channels.listen", "bridge.listen"))
        check_fail(check, "channels", "listen",
            "%s is also the address of [bridge]; the two listeners need different ports", listen);
}

static void check_networks(
    const struct check *check, const char *section, const struct wi_strings *proxies)
{
    struct wi_address_network network;

    for (size_t i = 0; i < proxies->count; i++)
        if (wi_network_parse(proxies->items[i], &network) != 0)
            check_fail(check, section, "trusted_proxies",
                "found \"%.80s\"; allowed: addresses and networks separated by commas, such as "
                "127.0.0.1, 10.1.0.0/16 or fd00::/8",
                proxies->items[i]);
}

/* A proxy on loopback counts as this machine, but the clients that it lets in do not. */
static void check_proxies(const struct check *check)
{
    const struct wi_strings *proxies = &check->config->api.trusted_proxies;
    check_networks(check, "api", proxies);
    check_networks(check, "bridge", &check->config->bridge.trusted_proxies);
    if (proxies->count > 0 && !check->config->api.tokens_file &&
        are_known(check, "api.trusted_proxies", "api.tokens_file"))
        check_fail(check, "api", "trusted_proxies",
            "requests through proxies may come from anywhere, so tokens_file is needed; make one "
            "with \"webinfer token new NAME\"");
}

/* --- who may ask ------------------------------------------------------------------------------ */

/* A port behind its colon. */
static int is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    long port = digits >= 1 && digits <= 5 && !text[digits] ? strtol(text, NULL, 10) : 0;

    return port >= 1 && port <= 65535;
}

/* HOST or HOST:PORT, as the header Host has them; an IPv6 address in brackets. */
static int is_host(const char *text)
{
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    size_t length = strspn(text, name);

    if (*text == '[')
        length = strspn(text + 1, "0123456789abcdefABCDEF:.") + 2;
    if (length == 0 || length > 255 || (*text == '[' && (length < 4 || text[length - 1] != ']')))
        return 0;
    return text[length] == '\0' || (text[length] == ':' && is_port(text + length + 1));
}

/* SCHEME://HOST[:PORT], as the header Origin has them. */
static int is_origin(const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

    return scheme > 0 && strncmp(text + scheme, "://", 3) == 0 && is_host(text + scheme + 3);
}

static void check_items(const struct check *check, const char *key, const struct wi_strings *items,
    int (*is_good)(const char *text), const char *allowed)
{
    for (size_t i = 0; i < items->count; i++)
        if (!is_good(items->items[i]))
            check_fail(check, "api", key, "found \"%.80s\"; allowed: %s", items->items[i], allowed);
}

static void check_callers(const struct check *check)
{
    const struct wi_config_api *api = &check->config->api;

    check_items(check, "allowed_hosts", &api->allowed_hosts, is_host,
        "names or addresses, each with a port if needed, such as ai.example.org");
    check_items(check, "allowed_origins", &api->allowed_origins, is_origin,
        "a scheme, a host and an optional port, without a slash at the end, such as "
        "https://example.org");
}

/* As a browser writes it, so that it equals what a page's request says. */
static int is_endpoint(const char *text)
{
    const char *port = strrchr(text, ':');

    if (strncmp(text, "http://", 7) == 0)
        return is_host(text + 7) && strcmp(port, ":80") != 0;
    return strncmp(text, "https://", 8) == 0 && is_host(text + 8) && strcmp(port, ":443") != 0;
}

static void check_endpoints(const struct check *check)
{
    const struct wi_config_bridge *bridge = &check->config->bridge;
    const char *url = bridge->public_url ? bridge->public_url : "";
    int tls = bridge->tls_certificate != NULL || strncmp(url, "https:", 6) == 0;

    if (bridge->endpoints.count > WI_ENDPOINTS_MAX)
        check_fail(check, "bridge", "endpoints", "has %zu origins; allowed: at most %d",
            bridge->endpoints.count, WI_ENDPOINTS_MAX);
    for (size_t i = 0; i < bridge->endpoints.count; i++) {
        const char *endpoint = bridge->endpoints.items[i];
        if (!is_endpoint(endpoint))
            check_fail(check, "bridge", "endpoints",
                "found \"%.80s\"; allowed: http or https, a host and a port unless it is the "
                "scheme's own, without a slash at the end, such as https://b.example:8471",
                endpoint);
        else if (tls && strncmp(endpoint, "https:", 6) != 0 && !wi_url_is_loopback(endpoint))
            check_fail(check, "bridge", "endpoints",
                "%.80s: a page that was loaded over https reaches no endpoint without TLS",
                endpoint);
    }
}

static void check_peers(const struct check *check)
{
    const struct wi_strings *peers = &check->config->bridge.peers;
    struct wi_multiaddr multiaddr;

    if (peers->count > WI_PEERS_MAX)
        check_fail(check, "bridge", "peers", "has %zu addresses; allowed: at most %d", peers->count,
            WI_PEERS_MAX);
    for (size_t i = 0; i < peers->count; i++) {
        const char *lacks = wi_multiaddr_read(peers->items[i], &multiaddr);
        if (lacks)
            check_fail(check, "bridge", "peers",
                "found \"%.120s\"; allowed: addresses of the form "
                "/dns4/HOST/tcp/PORT/wss/p2p/ID; %s",
                peers->items[i], lacks);
    }
}

/* A URI of RFC 7064; nothing of it needs escaping in JSON. */
static int is_stun(const char *text)
{
    return strncmp(text, "stun:", 5) == 0 && is_host(text + 5);
}

static void check_stun(const struct check *check)
{
    const struct wi_strings *servers = &check->config->bridge.stun;
    if (servers->count > WI_STUN_MAX)
        check_fail(check, "bridge", "stun", "has %zu servers; allowed: at most %d", servers->count,
            WI_STUN_MAX);
    for (size_t i = 0; i < servers->count; i++) {
        if (!is_stun(servers->items[i]))
            check_fail(check, "bridge", "stun",
                "found \"%.80s\"; allowed: stun:, a host and an optional port, such as "
                "stun:stun.example:3478",
                servers->items[i]);
    }
}

/* --- browsers --------------------------------------------------------------------------------- */

static void check_preferred(const struct check *check)
{
    for (const struct wi_setting *option = wi_options; option->key; option++) {
        if (strcmp(option->section, "browser_preferences") != 0)
            continue;
        const struct wi_strings *list =
            (const struct wi_strings *)((const char *)check->config + option->offset);
        for (size_t i = 0; i < list->count; i++) {
            char kind[WI_SECTION_NAME_MAX + 1];
            snprintf(kind, sizeof kind, "%.*s", (int)strcspn(list->items[i], "/"), list->items[i]);
            /* In addition to those of the sections, pages that join have kinds:
             * page/src/ui/browser.js. */
            if (!wi_config_find_browser(check->config, kind) && strcmp(kind, "chromium") != 0 &&
                strcmp(kind, "webkit") != 0)
                check_fail(check, "browser_preferences", option->key,
                    "there is no kind \"%s\"; allowed: chrome, edge, firefox, safari, the NAMEs of "
                    "[browser.NAME] sections, and, for pages that join, chromium and webkit",
                    kind);
        }
    }
}

static void check_browser(const struct check *check, size_t index)
{
    const struct wi_config_browser *browser = &check->config->browsers[index];
    struct wi_error problem;
    json_t *value;
    char *name;

    for (size_t i = 0; i < browser->preferences.count; i++) {
        if (wi_preference_parse(browser->preferences.items[i], &name, &value, &problem) != WI_OK)
            fail_instance(check, WI_SECTION_BROWSER, index, "preferences", problem.detail);
        json_decref(value);
        free(name);
    }
    if (browser->gpu_device != WI_GPU_DEVICE_AUTO && browser->driver_url)
        fail_instance(check, WI_SECTION_BROWSER, index, "gpu_device",
            "only a browser that the daemon starts can be given a GPU, and driver_url names a "
            "service that runs already");
    if (browser->gpu_device != WI_GPU_DEVICE_AUTO && browser->gpu != WI_GPU_AUTO &&
        browser->gpu != WI_GPU_HARDWARE)
        fail_instance(check, WI_SECTION_BROWSER, index, "gpu_device",
            "chooses a GPU, which is used only with gpu = auto or hardware");
    if (browser->max_connections > 0 && browser->driver_url &&
        !wi_url_is_loopback(browser->driver_url) && !check->config->bridge.public_url &&
        are_known(check, "bridge.public_url", "bridge.public_url"))
        fail_instance(check, WI_SECTION_BROWSER, index, "driver_url",
            "this is another machine, whose browsers need [bridge] public_url to reach this one");
}

static void check_pool(const struct check *check)
{
    const struct wi_config_pool *pool = &check->config->pool;

    if (pool->min_connections > pool->max_connections &&
        are_known(check, "pool.min_connections", "pool.max_connections"))
        check_fail(check, "pool", "min_connections",
            "%" PRId64 " is more than max_connections, which is %" PRId64, pool->min_connections,
            pool->max_connections);
    if (pool->memory_budget < 2 * check->config->api.max_body &&
        are_known(check, "pool.memory_budget", "api.max_body"))
        check_fail(check, "pool", "memory_budget",
            "%" PRIu64 " bytes is less than twice [api] max_body, so the largest request could "
            "never be served",
            pool->memory_budget);
}

static int is_standard_hub(const struct wi_config_hub *hub)
{
    return strcmp(hub->name, WI_HUB_DEFAULT) == 0 || strcmp(hub->name, WI_HUB_DEFAULT_GATEWAY) == 0;
}

static void check_hub(const struct check *check, size_t index)
{
    const struct wi_config_hub *hub = &check->config->hubs[index];
    const struct wi_hub_facts *facts = &wi_hub_facts[hub->layout];
    const struct wi_setting *url = wi_option_find(WI_SECTION_HUB, "url");
    int given = wi_config_origin(check->config, url, index) != NULL;
    char field[128];

    snprintf(field, sizeof field, "%s.%.64s.url", WI_SECTION_HUB, hub->name);
    if (wi_problems_has(check->problems, field))
        return;
    if (!hub->url && strcmp(hub->name, WI_HUB_DEFAULT_GATEWAY) == 0 && !facts->has_models)
        return;
    /* http is allowed for verified blocks without a token: there is nothing to lose. */
    if (!hub->url || (!given && !is_standard_hub(hub)))
        fail_instance(check, WI_SECTION_HUB, index, "url", "is missing; set the URL of this hub");
    else if (!wi_url_is_secure(hub->url) && (!facts->has_blocks || hub->token_file))
        fail_instance(check, WI_SECTION_HUB, index, "url",
            "is an http URL on another machine; allowed: https, or http on this machine");
    else if (strchr(hub->url, '@'))
        fail_instance(check, WI_SECTION_HUB, index, "url",
            "contains a user name; put the token into token_file instead");
}

/* ORG/NAME or ORG with a star for every name: each of letters, digits, "._-". */
static int is_demand(const char *item)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t owner = strspn(item, good), name;

    if (owner == 0 || item[owner] != '/')
        return 0;
    item += owner + 1;
    name = strspn(item, good);
    return strcmp(item, "*") == 0 || (name > 0 && item[name] == '\0');
}

/* Neighbours count only the copies that they can see. */
static void check_content(const struct check *check)
{
    const struct wi_config_content *content = &check->config->content;
    if (content->replicas > 0 && content->serve == WI_SERVE_NO &&
        are_known(check, "content.replicas", "content.serve"))
        check_fail(check, "content", "replicas",
            "%" PRId64 " copies would not be served, since serve is no; set serve = published",
            content->replicas);
    if (content->routing && strchr(content->routing, '@'))
        check_fail(check, "content", "routing",
            "contains a user name; a router is asked without a name or a token");
}

static void check_models(const struct check *check)
{
    const struct wi_config_models *models = &check->config->models;
    const struct wi_strings *demand = &models->pull_on_demand;

    const struct wi_config_hub *hub = wi_config_find_hub(check->config, models->hub);
    if (!hub)
        check_fail(check, "models", "hub", "there is no [hub.%.48s]", models->hub);
    else if (wi_hub_facts[hub->layout].not_main)
        check_fail(check, "models", "hub", "[hub.%.48s] has the layout %s", models->hub,
            wi_hub_facts[hub->layout].not_main);
    for (size_t i = 0; i < demand->count; i++)
        if (!is_demand(demand->items[i]) && (strcmp(demand->items[i], "no") || demand->count > 1))
            check_fail(check, "models", "pull_on_demand",
                "found \"%.80s\"; allowed: no, or ORG/NAME and ORG/* separated by commas",
                demand->items[i]);
}

static void check_aliases(const struct check *check)
{
    const struct wi_alias *chained = wi_aliases_chained(&check->config->aliases);
    char field[64];

    if (!chained)
        return;
    snprintf(field, sizeof field, "%s.%.48s", WI_SECTION_ALIASES, chained->name);
    wi_error_set(wi_problems_add(check->problems), WI_INVALID_FIELD, field,
        "%.200s:%u: [%s] %.48s: %.100s is also an alias; name the model itself", chained->file,
        chained->line, WI_SECTION_ALIASES, chained->name, chained->model);
}

/* nats://HOST[:PORT] or tls://HOST[:PORT]. */
static int is_nats_server(const char *text)
{
    size_t scheme = strncmp(text, "nats://", 7) == 0 ? 7 : strncmp(text, "tls://", 6) == 0 ? 6 : 0;
    return scheme > 0 && is_host(text + scheme);
}

static void check_cluster(const struct check *check)
{
    const struct wi_config_cluster *cluster = &check->config->cluster;
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t length = strlen(cluster->prefix);

#ifndef HAVE_NATS
    if (cluster->servers.count > 0)
        check_fail(check, "cluster", "servers",
            "this webinferd was built without NATS; install one that was built with libnats, or "
            "leave servers empty");
#endif
    if (cluster->servers.count > WI_CLUSTER_SERVERS_MAX)
        check_fail(check, "cluster", "servers", "has %zu servers; allowed: at most %d",
            cluster->servers.count, WI_CLUSTER_SERVERS_MAX);
    for (size_t i = 0; i < cluster->servers.count; i++)
        if (!is_nats_server(cluster->servers.items[i]))
            check_fail(check, "cluster", "servers",
                "found \"%.80s\"; allowed: nats://HOST:PORT and tls://HOST:PORT separated by "
                "commas, without a user name, which belongs into credentials_file",
                cluster->servers.items[i]);
    if (cluster->name &&
        (strlen(cluster->name) > WI_CLUSTER_NAME_MAX || !wi_text_is_plain(cluster->name)))
        check_fail(check, "cluster", "name",
            "found \"%.80s\"; allowed: 1 to %d bytes of UTF-8 without control characters",
            cluster->name, WI_CLUSTER_NAME_MAX);
    if (length > WI_CLUSTER_PREFIX_MAX || strspn(cluster->prefix, good) != length)
        check_fail(check, "cluster", "prefix",
            "found \"%.80s\"; allowed: 1 to %d letters, digits, \"-\" and \"_\"", cluster->prefix,
            WI_CLUSTER_PREFIX_MAX);
}

void wi_config_check(const struct wi_config *config, struct wi_problems *problems)
{
    const struct check check = {config, problems};

    check_listeners(&check);
    check_channels(&check);
    check_proxies(&check);
    check_callers(&check);
    check_endpoints(&check);
    check_peers(&check);
    check_stun(&check);
    check_preferred(&check);
    check_tls(&check, "api", config->api.tls_certificate, config->api.tls_key);
    check_tls(&check, "bridge", config->bridge.tls_certificate, config->bridge.tls_key);
    check_tls(&check, "channels", config->channels.tls_certificate, config->channels.tls_key);
    for (size_t i = 0; i < config->browser_count; i++)
        check_browser(&check, i);
    for (size_t i = 0; i < config->hub_count; i++)
        check_hub(&check, i);
    check_pool(&check);
    check_models(&check);
    check_content(&check);
    check_cluster(&check);
    check_aliases(&check);
}
