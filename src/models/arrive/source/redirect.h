/*
 * Where a hub may redirect a request for a file: at most WI_REDIRECTS_MAX times, and only to https.
 * A private network or this machine is allowed only on the hub's own host, at any port; on this
 * machine http is allowed as well. The address that a name resolves to is checked only at the
 * socket (base/net/http_client.h); here an address in the URL is checked. Pure.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_REDIRECT_H
#define WI_MODELS_ARRIVE_SOURCE_REDIRECT_H

#include "base/error.h"

#define WI_REDIRECTS_MAX 5

/* Whether an answer with this status is a redirect. */
int wi_redirect_is(int status);
/* The URL that the header `location` (NULL: there is none) of the answer from `url` means, for the
 * hub at the URL `hub`, after `hops` redirects. The caller frees it. NULL with WI_HUB_FAILED in
 * `error` if the redirect is not allowed; the error shows only the origin of a URL, since the rest
 * may be a secret. */
char *wi_redirect_follow(
    const char *hub, const char *url, const char *location, unsigned hops, struct wi_error *error);
/* The same, for asking there next: replaces `url`, frees the string before, and adds one to `hops`.
 * 0, or -1 with `error`; then nothing has changed. */
int wi_redirect_take(
    const char *hub, char **url, const char *location, unsigned *hops, struct wi_error *error);
/* Whether a URL is on the host of the hub (given by its URL), which is configured: only then may
 * its address be private. All names of this machine are one host. */
int wi_redirect_stays(const char *hub, const char *url);

#endif
