/* Reading URLs that the configuration has checked. */
#include "base/net/url.h"

#include "base/memory.h"
#include "base/net/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *after_scheme(const char *url)
{
    const char *found = strstr(url, "://");

    return found ? found + 3 : url;
}

/* Past "user:password@". */
static const char *find_host(const char *url)
{
    const char *rest = after_scheme(url), *end = rest + strcspn(rest, "/?#");
    const char *at = memrchr(rest, '@', (size_t)(end - rest));

    return at ? at + 1 : rest;
}

char *wi_url_origin(const char *url)
{
    const char *rest = after_scheme(url);

    return wi_strndup(url, (size_t)(rest - url) + strcspn(rest, "/?#"));
}

int wi_url_same_origin(const char *a, const char *b)
{
    char *own = wi_url_origin(a), *other = wi_url_origin(b);
    int same = strcasecmp(own, other) == 0;

    free(own);
    free(other);
    return same;
}

char *wi_url_host(const char *url)
{
    const char *rest = find_host(url);

    if (*rest == '[')
        return wi_strndup(rest + 1, strcspn(rest + 1, "]/"));
    return wi_strndup(rest, strcspn(rest, ":/?#"));
}

static int is_local_name(const char *host)
{
    static const char local[] = "localhost";
    size_t length = strlen(host), wanted = sizeof local - 1;

    return length >= wanted && strcasecmp(host + length - wanted, local) == 0 &&
           (length == wanted || host[length - wanted - 1] == '.');
}

int wi_url_is_loopback(const char *url)
{
    char *host = wi_url_host(url);
    struct in_addr v4;
    struct in6_addr v6;
    int local = is_local_name(host);

    if (inet_pton(AF_INET, host, &v4) == 1)
        local = ntohl(v4.s_addr) >> 24 == 127;
    else if (inet_pton(AF_INET6, host, &v6) == 1)
        local = IN6_IS_ADDR_LOOPBACK(&v6);
    free(host);
    return local;
}

int wi_url_is_private(const char *url)
{
    char *host = wi_url_host(url);
    union wi_address address;
    int private =
        wi_url_is_loopback(url) || (wi_address_parse_host(host, strlen(host), &address) == 0 &&
                                       wi_address_is_private(&address));
    free(host);
    return private;
}

int wi_url_is_secure(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0 || wi_url_is_loopback(url);
}
