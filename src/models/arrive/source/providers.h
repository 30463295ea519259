/*
 * Whom a router names for a CID: its answer to GET /routing/v1/providers/CID
 * (https://specs.ipfs.tech/routing/http-routing-v1/), as JSON or as lines of JSON. Pure.
 *
 * Of its records those count whose schema is "peer" and whose protocols have
 * transport-ipfs-gateway-http, each with the first of its addresses that may be asked. Who is named
 * is a stranger, so that is one over TLS, as /dns4/HOST/tcp/443/tls/http or …/https, to a name or
 * to a public address. What a name leads to is seen at the socket alone (base/net/http_client.h).
 */
#ifndef WI_MODELS_ARRIVE_SOURCE_PROVIDERS_H
#define WI_MODELS_ARRIVE_SOURCE_PROVIDERS_H

#include "base/error.h"
#include "base/memory.h"
#include <stddef.h>

#define WI_PROVIDERS_MAX 8              /* gateways that are taken from an answer */
#define WI_PROVIDERS_BYTES (256u << 10) /* of an answer, at most */

/* Zero-initialise; free with wi_providers_clear. */
struct wi_providers {
    struct wi_strings urls; /* "https://HOST[:PORT]", each once, as many as WI_PROVIDERS_MAX */
    size_t unfit;           /* gateways without an address that may be asked */
};

/* `lines`: each line is a record, else they are in {"Providers": [...]}. A record that is none is
 * left out. WI_OK, or WI_HUB_FAILED for an answer that is none at all. */
enum wi_code wi_providers_read(struct wi_providers *providers, const char *text, size_t size,
    int lines, struct wi_error *error);
void wi_providers_clear(struct wi_providers *providers);

#endif
