/* The headers of a request that the daemon uses, collected in one pass, and media types. */
#ifndef WI_API_HTTP_HEADERS_H
#define WI_API_HTTP_HEADERS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/net/http.h"
#include <microhttpd.h>
#include <stdint.h>

/* Borrowed from libmicrohttpd until the request is completed; NULL where absent. Cleared with
 * wi_headers_clear. */
struct wi_headers {
    const char *host, *origin, *authorization, *request_id, *content_type, *content_length;
    const char *transfer_encoding, *expect, *accept, *inference_length;
    const char *content_encoding, *idempotency_key, *last_event_id, *api_key, *wanted_headers;
    const char *fetch_site;
    /* Of proxies: see forwarded.h. */
    const char *forwarded, *forwarded_for, *forwarded_proto, *forwarded_host, *forwarded_prefix;
    const char *real_ip;
    unsigned host_count, length_count, encoding_count; /* how many there were of each */
    int malformed;        /* a name is no token (RFC 9110, 5.6.2), or a value has a CR */
    const char *disputed; /* the name of a single-valued one that came twice with two values */
    const char *overlong; /* the name of one whose lines together are too long */
    /* For headers that are lists: their lines joined, to which the member above then points; owned.
     */
    char *accepts, *forwardeds, *fors, *protos, *hosts, *prefixes;
};

void wi_headers_collect(struct wi_headers *headers, struct MHD_Connection *connection);
void wi_headers_clear(struct wi_headers *headers);

/* Refuses disputed and overlong headers, since a proxy may have looked at the other value, or at
 * the rest: WI_OK or WI_BAD_REQUEST. */
enum wi_code wi_headers_check_values(const struct wi_headers *headers, struct wi_error *error);

/* Checks that the end of the body is beyond doubt (RFC 9112, 6): WI_OK, WI_BAD_REQUEST, or
 * WI_NOT_IMPLEMENTED for a transfer coding that is not supported. */
enum wi_code wi_headers_check_framing(
    const struct wi_headers *headers, int http_1_0, struct wi_error *error);

/* Adds the names in an Access-Control-Request-Headers (NULL: none) to `out`, which is empty. A page
 * of an allowed origin may send any header, because each client library has its own. */
void wi_headers_add_names(struct wi_buffer *out, const char *wanted);
/* Whether a Content-Type (NULL: yes) names no charset, or UTF-8 or a part of it. */
int wi_charset_is_utf8(const char *content_type);
/* Whether an Accept header (NULL: anything) lets us answer with `type`, e.g. "text/plain". */
int wi_media_type_accepted(const char *accept, const char *type);
/* Whether it names that type itself, and not a range such as "text/" with a star. */
int wi_media_type_named(const char *accept, const char *type);

#endif
