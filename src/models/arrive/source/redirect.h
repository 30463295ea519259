/*
 * Where a hub may send those who ask it for a file: at most WI_REDIRECTS_MAX times, to https, and
 * of private networks and this machine only to the host where the hub itself is, at any port; on
 * this machine http is fine. What a name resolves to is seen only at the socket
 * (base/net/http_client.h); here an address in the URL is looked at. Pure.
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_REDIRECT_H
#define WI_MODELS_ARRIVE_SOURCE_REDIRECT_H

#include "base/error.h"

#define WI_REDIRECTS_MAX 5

/* Whether an answer with this status leads elsewhere. */
int wi_redirect_is(int status);
/* The URL that the header `location` (NULL: there is none) of the answer from `url` means, for the
 * hub at the URL `hub`, after `hops` redirects. The caller frees it. NULL with WI_HUB_FAILED in
 * `error` where it may not lead; the error never shows more of a URL than its origin, since the
 * rest may be a secret. */
char *wi_redirect_follow(
    const char *hub, const char *url, const char *location, unsigned hops, struct wi_error *error);
/* The same for who asks there next: `url` becomes it, the string before is freed, and `hops` is one
 * more. 0, or -1 with `error`, and nothing has changed. */
int wi_redirect_take(
    const char *hub, char **url, const char *location, unsigned *hops, struct wi_error *error);
/* Whether a URL is of the host of the hub (its URL), which the configuration names: only then may
 * its address be private. All names of this machine are one host. */
int wi_redirect_stays(const char *hub, const char *url);

#endif
