/*
 * Host, Origin and bearer tokens. A name that resolves to this server is not one of its names: only
 * the listening address, those of loopback, and those in allowed_hosts are; a listener on every
 * address takes any numeric address too, because rebinding needs a name. Tunnels have ports of
 * their own, so names of loopback are accepted with any port.
 */
#include "api/http/access_rules.h"

#include "base/buffer.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_TEXT_MAX 256
#define UNRANKED_NAMED 16 /* tokens without a rank that a warning names */

struct wi_access_rules {
    struct wi_strings hosts, origins; /* from the configuration */
    struct wi_networks proxies;       /* likewise */
    char own_host[80];
    unsigned port;
    int wildcard, tls;
    struct wi_api_tokens tokens;
};

/* --- tokens file ----------------------------------------------------------------------------- */

/* In one line each time that the file is read, with as many names as fit a line. */
static void warn_of_unranked(const struct wi_api_tokens *tokens, const char *path)
{
    struct wi_buffer names = {0};
    size_t count = 0;
    for (size_t i = 0; i < tokens->count; i++) {
        const struct wi_api_token *token = &tokens->items[i];
        if (token->unranked && count++ < UNRANKED_NAMED)
            wi_buffer_printf(&names, "%s%s", count > 1 ? ", " : "", token->name);
    }
    if (count > 0)
        wi_warn("api", NULL,
            "in %s these tokens have no rank, so that they may do everything, as admins: %s%s; end "
            "their lines with :user, :admin or :node, and reload",
            path, names.text, count > UNRANKED_NAMED ? ", …" : "");
    wi_buffer_clear(&names);
}

static enum wi_code load_tokens(
    struct wi_access_rules *rules, const char *path, struct wi_error *error)
{
    enum wi_code code = wi_api_tokens_read(&rules->tokens, path, error);
    if (code != WI_OK)
        return code;
    warn_of_unranked(&rules->tokens, path);
    if (rules->tokens.count > 0 && wi_api_tokens_count(&rules->tokens, WI_RANK_ADMIN) == 0)
        wi_warn("api", NULL,
            "no token in %s has the rank admin, so no client can read /metrics, make join links or "
            "give orders; make one with `webinfer token new NAME --rank admin`",
            path);
    return WI_OK;
}

static void rules_place(struct wi_access_rules *rules, const union wi_address *address, int tls)
{
    wi_address_host(address, rules->own_host, sizeof rules->own_host);
    rules->port = wi_address_port(address);
    rules->wildcard = wi_address_is_any(address);
    rules->tls = tls;
}

static enum wi_code rules_check_place(const struct wi_access_rules *rules,
    const union wi_address *address, const char *field, struct wi_error *error)
{
    if (wi_address_is_loopback(address) || rules->tokens.count > 0)
        return WI_OK;
    return wi_error_set(error, WI_INVALID_FIELD, field,
        "%s can be reached from other machines, so clients must show tokens: make one with "
        "`webinfer token new NAME` and name the file in [api] tokens_file, or listen on 127.0.0.1",
        rules->own_host);
}

struct wi_access_rules *wi_access_new(
    const struct wi_config_api *config, const union wi_address *address, struct wi_error *error)
{
    struct wi_access_rules *rules = wi_alloc(sizeof *rules);
    wi_strings_copy(&rules->hosts, &config->allowed_hosts);
    wi_strings_copy(&rules->origins, &config->allowed_origins);
    wi_networks_add(&rules->proxies, &config->trusted_proxies);
    rules_place(rules, address, config->tls_certificate && *config->tls_certificate);
    int has_file = config->tokens_file && *config->tokens_file;
    if (has_file && load_tokens(rules, config->tokens_file, error) != WI_OK)
        goto failed;
    if (rules_check_place(rules, address, "api.tokens_file", error) != WI_OK)
        goto failed;
    if (rules->proxies.count > 0 && rules->tokens.count == 0) {
        wi_error_set(error, WI_INVALID_FIELD, "api.trusted_proxies",
            "proxies pass on what others ask, so clients must show tokens: make one with "
            "`webinfer token new NAME` and name the file in [api] tokens_file");
        goto failed;
    }
    return rules;
failed:
    wi_access_free(rules);
    return NULL;
}

struct wi_access_rules *wi_access_beside(const struct wi_access_rules *rules,
    const union wi_address *address, int tls, const char *field, struct wi_error *error)
{
    struct wi_access_rules *beside = wi_alloc(sizeof *beside);
    wi_strings_copy(&beside->hosts, &rules->hosts);
    wi_strings_copy(&beside->origins, &rules->origins);
    wi_api_tokens_copy(&beside->tokens, &rules->tokens);
    rules_place(beside, address, tls);
    if (rules_check_place(beside, address, field, error) == WI_OK)
        return beside;
    wi_access_free(beside);
    return NULL;
}

void wi_access_free(struct wi_access_rules *rules)
{
    if (!rules)
        return;
    wi_strings_clear(&rules->hosts);
    wi_strings_clear(&rules->origins);
    wi_networks_clear(&rules->proxies);
    wi_api_tokens_clear(&rules->tokens);
    free(rules);
}

const struct wi_api_tokens *wi_access_tokens(const struct wi_access_rules *rules)
{
    return &rules->tokens;
}

const struct wi_networks *wi_access_proxies(const struct wi_access_rules *rules)
{
    return &rules->proxies;
}

/* --- Host ------------------------------------------------------------------------------------ */

struct authority {
    char host[256]; /* with brackets where it has them */
    unsigned port;
    int has_port;
};

/* Splits "host", "host:port", "[v6]" or "[v6]:port". 0, or -1 for anything else. */
static int split_authority(const char *text, struct authority *authority)
{
    size_t length = strlen(text);
    const char *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
    if (text[0] == '[' && !bracket)
        return -1;
    const char *colon = strchr(bracket ? bracket : text, ':');
    size_t host = colon ? (size_t)(colon - text) : length;
    if (host == 0 || host >= sizeof authority->host)
        return -1;
    if (bracket && bracket + 1 != text + host)
        return -1;
    memcpy(authority->host, text, host);
    authority->host[host] = '\0';
    if (authority->host[strcspn(authority->host, "/@?# \t\\")] != '\0')
        return -1;
    authority->has_port = colon != NULL;
    authority->port = 0;
    if (!colon)
        return 0;
    size_t digits = strspn(colon + 1, "0123456789");
    if (digits == 0 || digits > 5 || colon[1 + digits] != '\0')
        return -1;
    authority->port = (unsigned)strtoul(colon + 1, NULL, 10);
    return authority->port <= UINT16_MAX ? 0 : -1;
}

/* A configured host without a port allows any port. */
static int host_listed(const struct wi_access_rules *rules, const struct authority *authority)
{
    for (size_t i = 0; i < rules->hosts.count; i++) {
        struct authority listed;
        if (split_authority(rules->hosts.items[i], &listed) == 0 &&
            strcasecmp(listed.host, authority->host) == 0 &&
            (!listed.has_port || (authority->has_port && listed.port == authority->port)))
            return 1;
    }
    return 0;
}

static int host_is_ours(const struct wi_access_rules *rules, const struct authority *authority)
{
    const char *host = authority->host;
    union wi_address address;
    int is_numeric = wi_address_parse_host(host, strlen(host), &address) == 0;
    if (strcasecmp(host, "localhost") == 0 || (is_numeric && wi_address_is_loopback(&address)))
        return 1;
    unsigned port = authority->has_port ? authority->port : rules->tls ? 443 : 80;
    return port == rules->port &&
           (strcasecmp(host, rules->own_host) == 0 || (rules->wildcard && is_numeric));
}

enum wi_code wi_access_check_host(
    const struct wi_access_rules *rules, const char *host, unsigned count, struct wi_error *error)
{
    if (!host || count != 1)
        return wi_error_set(error, WI_BAD_REQUEST, "Host", "%s Host header; send exactly one",
            host ? "there is more than one" : "there is no");
    return wi_access_check_name(rules, host, "Host", error);
}

enum wi_code wi_access_check_name(const struct wi_access_rules *rules, const char *name,
    const char *field, struct wi_error *error)
{
    struct authority authority;
    if (split_authority(name, &authority) == 0 &&
        (host_is_ours(rules, &authority) || host_listed(rules, &authority)))
        return WI_OK;
    wi_error_set(error, WI_FORBIDDEN_HOST, field,
        "this server does not answer to that name; use its listening address, or add the name to "
        "[api] allowed_hosts");
    return wi_error_expect(
        error, "%s:%u or localhost:%u", rules->own_host, rules->port, rules->port);
}

/* Whether a page of that origin came from the address that it asks now. */
static int is_own_origin(
    const struct wi_access_rules *rules, const char *origin, const char *scheme, const char *host)
{
    const char *own = scheme ? scheme : rules->tls ? "https" : "http";
    size_t length = strlen(own);
    return strncasecmp(origin, own, length) == 0 && strncmp(origin + length, "://", 3) == 0 &&
           strcasecmp(origin + length + 3, host) == 0;
}

enum wi_code wi_access_check_origin(const struct wi_access_rules *rules, const char *origin,
    const char *site, const char *scheme, const char *host, struct wi_error *error)
{
    if (!origin && site && rules->tokens.count == 0 && strcmp(site, "cross-site") == 0)
        return wi_error_set(error, WI_FORBIDDEN_ORIGIN, "Sec-Fetch-Site",
            "pages of other sites may not use this server; open the address by itself, or add the "
            "page's origin to [api] allowed_origins and ask with fetch()");
    if (!origin || is_own_origin(rules, origin, scheme, host))
        return WI_OK;
    for (size_t i = 0; i < rules->origins.count; i++)
        if (strcasecmp(origin, rules->origins.items[i]) == 0)
            return WI_OK;
    return wi_error_set(error, WI_FORBIDDEN_ORIGIN, "Origin",
        "pages of this origin may not use this server; an operator can add it to [api] "
        "allowed_origins");
}

/* --- tokens ---------------------------------------------------------------------------------- */

enum wi_code wi_access_check_way(
    const struct wi_access_rules *rules, const char *sign, struct wi_error *error)
{
    if (!sign || rules->tokens.count > 0)
        return WI_OK;
    return wi_error_set(error, WI_UNAUTHORIZED, sign,
        "a proxy has passed this on, as %s says, and without tokens this machine alone is served; "
        "an operator can make tokens with `webinfer token new NAME`, name their file "
        "in [api] tokens_file and the proxy in trusted_proxies",
        sign);
}

enum wi_code wi_access_check_token(const struct wi_access_rules *rules, const char *authorization,
    const char *key, const char **name, enum wi_rank *rank, struct wi_error *error)
{
    *name = "-";
    *rank = WI_RANK_ADMIN;
    if (rules->tokens.count == 0)
        return WI_OK;
    *rank = WI_RANK_NONE;
    int is_bearer = authorization && strncasecmp(authorization, "Bearer ", 7) == 0;
    if (!is_bearer && (authorization || !key))
        return wi_error_set(error, WI_UNAUTHORIZED, "Authorization",
            "a token is needed: send \"Authorization: Bearer TOKEN\"");
    const char *token = is_bearer ? authorization + 7 : key;
    token += strspn(token, " ");
    size_t length = strlen(token);
    unsigned char hash[WI_HASH_SIZE];
    const struct wi_api_token *match = NULL;
    if (length > 0 && length <= TOKEN_TEXT_MAX) {
        wi_hash(token, length, hash);
        match = wi_api_tokens_find(&rules->tokens, hash);
    }
    if (!match)
        return wi_error_set(error, WI_UNAUTHORIZED, "Authorization",
            "this token is not known; ask the operator for a valid one");
    *name = match->name;
    *rank = match->rank;
    return WI_OK;
}

enum wi_code wi_access_check_rank(
    enum wi_rank rank, enum wi_rank needed, const char *name, struct wi_error *error)
{
    if (rank >= needed)
        return WI_OK;
    wi_error_set(error, WI_FORBIDDEN_RANK, "Authorization",
        "this needs a token of rank %s, and \"%s\" has rank %s%s; ask the operator for one",
        wi_rank_names[needed], name, wi_rank_names[rank],
        rank == WI_RANK_NODE ? ", which is for programs that compute and not for the API" : "");
    return wi_error_expect(error, "a token of rank %s", wi_rank_names[needed]);
}
