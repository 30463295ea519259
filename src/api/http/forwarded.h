/*
 * The headers by which proxies describe a request that they pass on: the client, and the scheme,
 * name and path that it asked for, in X-Forwarded-For, -Proto, -Host and -Prefix or in Forwarded
 * (RFC 7239). They are believed if the connection comes from [api] trusted_proxies. From any other
 * connection they prove only one thing: the client may not be on this machine.
 *
 * The client is the last address of the chain that is none of those proxies. If that element is not
 * an address ("unknown", a made-up name), the client is the proxy next to it.
 */
#ifndef WI_API_HTTP_FORWARDED_H
#define WI_API_HTTP_FORWARDED_H

#include "api/http/headers.h"
#include "base/error.h"
#include "base/net/address.h"
#include "base/net/network.h"

#define WI_FORWARDED_PREFIX_MAX 256

/* Zero-initialise; cleared with wi_forwarded_clear. */
struct wi_forwarded {
    const char *sign; /* the name of a header that shows that a proxy passed it on; NULL: none */
    /* The values that are believed. */
    char client[WI_ADDRESS_HOST_SIZE]; /* ""; then it is the connection's */
    const char *scheme;                /* "http" or "https"; NULL: not told */
    char *host;                        /* as in a Host header, not checked here; NULL: not told */
    const char *host_field;            /* the name of the header that `host` is from */
    char *prefix;                      /* of a path, "/NAME" or more of them; NULL: none */
};

/* `peer` is the address at the other end of the connection. WI_OK, or WI_BAD_REQUEST if the headers
 * of a trusted proxy are malformed or contradict each other. */
enum wi_code wi_forwarded_read(struct wi_forwarded *forwarded, const struct wi_headers *headers,
    const struct wi_networks *trusted, const char *peer, struct wi_error *error);
void wi_forwarded_clear(struct wi_forwarded *forwarded);

#endif
