/* Redirects, judged before anything is asked there. */
#include "models/arrive/source/redirect.h"

#include "base/memory.h"
#include "base/net/url.h"
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int wi_redirect_is(int status)
{
    return status >= 301 && status <= 308 && status != 304;
}

/* `location` against `url`, normalised; NULL if it is no URL, or has a user or a password. */
static char *location_resolve(const char *url, const char *location)
{
    CURLU *parts = curl_url();
    char *found = NULL, *next = NULL, *user = NULL;
    if (curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_set(parts, CURLUPART_URL, location, CURLU_DISALLOW_USER) == CURLUE_OK &&
        curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_NO_USER &&
        curl_url_get(parts, CURLUPART_URL, &found, 0) == CURLUE_OK)
        next = wi_strdup(found);
    curl_free(user);
    curl_free(found);
    curl_url_cleanup(parts);
    return next;
}

int wi_redirect_stays(const char *hub, const char *url)
{
    char *own = wi_url_host(hub), *other = wi_url_host(url);
    int stays = strcasecmp(own, other) == 0 || (wi_url_is_loopback(hub) && wi_url_is_loopback(url));
    free(own);
    free(other);
    return stays;
}

static char *redirect_refuse(char *next, const char *why, struct wi_error *error)
{
    char *origin = wi_url_origin(next);
    wi_error_set(
        error, WI_HUB_FAILED, "", "the server redirects to %.200s, %s: not followed", origin, why);
    free(origin);
    free(next);
    return NULL;
}

char *wi_redirect_follow(
    const char *hub, const char *url, const char *location, unsigned hops, struct wi_error *error)
{
    char *next = location ? location_resolve(url, location) : NULL;
    if (!next) {
        wi_error_set(error, WI_HUB_FAILED, "", "the server redirects without saying where to");
        return NULL;
    }
    if (hops >= WI_REDIRECTS_MAX)
        return redirect_refuse(next, "one redirect too many", error);
    if (wi_url_is_private(next) && !wi_redirect_stays(hub, next))
        return redirect_refuse(next, "which belongs to a private network", error);
    if (strncmp(next, "https://", 8) != 0 &&
        (strncmp(next, "http://", 7) != 0 || !wi_url_is_loopback(next)))
        return redirect_refuse(next, "which is not https", error);
    return next;
}

int wi_redirect_take(
    const char *hub, char **url, const char *location, unsigned *hops, struct wi_error *error)
{
    char *next = wi_redirect_follow(hub, *url, location, *hops, error);
    if (!next)
        return -1;
    free(*url);
    *url = next;
    ++*hops;
    return 0;
}
