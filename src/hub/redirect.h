/*
 * Where a hub may send those who ask it for a file: at most WI_REDIRECTS_MAX times, to https, or to
 * http on this machine if the hub itself is at a private address. What a name resolves to is seen
 * only at the socket (base/http_client.h); here an address in the URL is looked at. Pure.
 */
#ifndef WI_HUB_REDIRECT_H
#define WI_HUB_REDIRECT_H

#include "base/error.h"

#define WI_REDIRECTS_MAX 5

/* The URL that the header `location` (NULL: there is none) of the answer from `url` means, after
 * `hops` redirects. The caller frees it. NULL with WI_HUB_FAILED in `error` where it may not lead;
 * the error never shows more of a URL than its origin, since the rest may be a secret. */
char *wi_redirect_follow(const char *url, const char *location, unsigned hops, int allow_private,
    struct wi_error *error);

#endif
