/* The headers of a request that we look at, collected in one pass, and media types. */
#ifndef WI_API_HEADERS_H
#define WI_API_HEADERS_H

#include <microhttpd.h>
#include <stdint.h>

/* Borrowed from libmicrohttpd until the request is completed; NULL where absent. */
struct wi_headers {
    const char *host, *origin, *authorization, *request_id, *content_type, *content_length;
    const char *transfer_encoding, *expect, *accept, *inference_length;
    const char *idempotency_key;
    unsigned host_count;
};

void wi_headers_collect(struct wi_headers *headers, struct MHD_Connection *connection);

/* Whether a Content-Type (NULL: no) is `type`; parameters such as charset are ignored. */
int wi_media_type_is(const char *content_type, const char *type);
/* Whether an Accept header (NULL: anything) lets us answer with `type`, e.g. "text/plain". */
int wi_media_type_accepted(const char *accept, const char *type);
/* Decimal digits only. 0 on success, -1 otherwise or on overflow. */
int wi_parse_length(const char *text, uint64_t *length);

#endif
