/*
 * Access to the API: checks the Host and Origin of a request, so that a web page which a user
 * happens to visit cannot control the daemon (DNS rebinding, cross-site requests), and bearer
 * tokens.
 */
#ifndef WI_API_HTTP_ACCESS_RULES_H
#define WI_API_HTTP_ACCESS_RULES_H

#include "base/error.h"
#include "base/net/address.h"
#include "base/net/network.h"
#include "settings/config/api_tokens.h"
#include "settings/config/config.h"

struct wi_access_rules;
/* Reads the tokens file if one is configured, and warns of tokens without a rank. NULL with
 * `error`: the file cannot be read, is open to others (it must have mode 0600), or has a bad line;
 * or there are no tokens, though the address is not loopback or there are trusted proxies.
 * `address` is the listening address, with the real port. Both arguments are copied. */
struct wi_access_rules *wi_access_new(
    const struct wi_config_api *config, const union wi_address *address, struct wi_error *error);
/* The same hosts, origins and tokens for another listener, at `address`, with or without TLS. NULL
 * with `error` for `field`, the option of that address: it is not loopback, and there are no
 * tokens. */
struct wi_access_rules *wi_access_beside(const struct wi_access_rules *rules,
    const union wi_address *address, int tls, const char *field, struct wi_error *error);
void wi_access_free(struct wi_access_rules *rules); /* NULL is fine */

/* `host` is the Host header, NULL if there was none; `count` how many there were. WI_OK,
 * WI_BAD_REQUEST (none, or several) or WI_FORBIDDEN_HOST. */
enum wi_code wi_access_check_host(
    const struct wi_access_rules *rules, const char *host, unsigned count, struct wi_error *error);
/* Checks a name of this server from any other header: WI_OK, or WI_FORBIDDEN_HOST for `field`. */
enum wi_code wi_access_check_name(const struct wi_access_rules *rules, const char *name,
    const char *field, struct wi_error *error);
/* `origin` is the Origin header, NULL if there was none. Without one the request passes, unless
 * there are no tokens and `site`, the header Sec-Fetch-Site (or NULL), says that the request comes
 * from a page of another site, for example from an image in it. `host` has passed its check, and is
 * the host that the client asked for; `scheme` is the scheme that it asked for, "http" or "https",
 * or NULL for the server's own. */
enum wi_code wi_access_check_origin(const struct wi_access_rules *rules, const char *origin,
    const char *site, const char *scheme, const char *host, struct wi_error *error);
/* Checks whether the request may come from this machine, and so needs no token if none are
 * configured. It may not if a proxy has passed it on, as the header named `sign` shows (NULL:
 * none). WI_OK or WI_UNAUTHORIZED. */
enum wi_code wi_access_check_way(
    const struct wi_access_rules *rules, const char *sign, struct wi_error *error);
/* `authorization` is that header or NULL; `key` is a bare token, which counts if there is no such
 * header, or NULL. On WI_OK `*name` is the token's name, valid as long as the rules, and `*rank`
 * its rank; if no tokens are configured, they are "-" and WI_RANK_ADMIN. Else WI_UNAUTHORIZED. */
enum wi_code wi_access_check_token(const struct wi_access_rules *rules, const char *authorization,
    const char *key, const char **name, enum wi_rank *rank, struct wi_error *error);
/* WI_OK, or WI_FORBIDDEN_RANK if the token `name` has less than the rank that is needed. */
enum wi_code wi_access_check_rank(
    enum wi_rank rank, enum wi_rank needed, const char *name, struct wi_error *error);
/* Borrowed from the rules. */
const struct wi_api_tokens *wi_access_tokens(const struct wi_access_rules *rules);
const struct wi_networks *wi_access_proxies(const struct wi_access_rules *rules);

#endif
