/*
 * The providers that a router names for a CID: its answer to GET /routing/v1/providers/CID
 * (https://specs.ipfs.tech/routing/http-routing-v1/), as JSON or as lines of JSON. Pure.
 *
 * A record counts if its schema is "peer" and its protocols include transport-ipfs-gateway-http;
 * the first of its addresses that may be asked is taken. A provider is a stranger, so the address
 * must be one over TLS, as /dns4/HOST/tcp/443/tls/http or …/https, with a name or a public address.
 * The address that a name resolves to is checked only at the socket (base/net/http_client.h).
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
    size_t unfit;           /* gateways without such an address */
};

/* `lines`: each line is a record; otherwise the records are in {"Providers": [...]}. A malformed
 * record is left out. WI_OK, or WI_HUB_FAILED for an answer that is no list of records at all. */
enum wi_code wi_providers_read(struct wi_providers *providers, const char *text, size_t size,
    int lines, struct wi_error *error);
void wi_providers_clear(struct wi_providers *providers);

#endif
