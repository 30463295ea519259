/*
 * Who may talk to the API: the Host and Origin of a request, so that a web page which a user
 * happens to visit cannot drive us (DNS rebinding, cross-site requests), and bearer tokens.
 */
#ifndef WI_API_GUARD_H
#define WI_API_GUARD_H

#include "base/address.h"
#include "base/error.h"
#include "config/config.h"

#define WI_TOKEN_NAME_MAX 64

struct wi_guard;
/* Reads the tokens file where one is configured. NULL with `error`: the file cannot be read, is
 * open to others (it must have mode 0600), or has a bad line; or the address is not loopback and
 * there are no tokens. `address` is where we listen, with the real port; both are copied from. */
struct wi_guard *wi_guard_new(
    const struct wi_config_api *config, const union wi_address *address, struct wi_error *error);
void wi_guard_free(struct wi_guard *guard); /* NULL is fine */

/* `host` is the Host header, NULL if there was none; `count` how many there were. WI_OK,
 * WI_BAD_REQUEST (none, or several) or WI_FORBIDDEN_HOST. */
enum wi_code wi_guard_check_host(
    const struct wi_guard *guard, const char *host, unsigned count, struct wi_error *error);
/* `origin` is the Origin header, NULL if there was none (then all is well). `host` has passed. */
enum wi_code wi_guard_check_origin(
    const struct wi_guard *guard, const char *origin, const char *host, struct wi_error *error);
/* `authorization` is that header or NULL. On WI_OK `*name` is the token's name, or "-" where no
 * tokens are configured; valid as long as the guard. Else WI_UNAUTHORIZED. */
enum wi_code wi_guard_check_token(const struct wi_guard *guard, const char *authorization,
    const char **name, struct wi_error *error);
size_t wi_guard_token_count(const struct wi_guard *guard);

#endif
