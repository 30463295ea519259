/*
 * What proxies say of a request that they pass on: who asks, and by which scheme, name and path
 * they were asked, in X-Forwarded-For, -Proto, -Host and -Prefix or in Forwarded (RFC 7239). It is
 * believed where the connection comes from [api] trusted_proxies. From all others it says one thing
 * only: that whoever asks may not be on this machine.
 *
 * The client is the last address of the chain that is none of those proxies. Where that one is not
 * told ("unknown", a made-up name, or what is no address), it is the proxy next to it.
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
    const char *sign; /* the name of a header by which a proxy has passed it on; NULL: none did */
    /* What is believed. */
    char client[WI_ADDRESS_HOST_SIZE]; /* ""; then it is the connection's */
    const char *scheme;                /* "http" or "https"; NULL: not told */
    char *host;             /* as a Host header has it, and not checked here; NULL: not told */
    const char *host_field; /* the name of the header that has told it */
    char *prefix;           /* of a path, "/NAME" or more of them; NULL: none */
};

/* `peer` is the address at the other end of the connection. WI_OK, or WI_BAD_REQUEST for what a
 * proxy that is believed says in no good form, or in two ways. */
enum wi_code wi_forwarded_read(struct wi_forwarded *forwarded, const struct wi_headers *headers,
    const struct wi_networks *trusted, const char *peer, struct wi_error *error);
void wi_forwarded_clear(struct wi_forwarded *forwarded);

#endif
