/* The pure parts of HTTP: ranges, entity tags, codings, media types, lengths, caching. */
#ifndef WI_BASE_NET_HTTP_H
#define WI_BASE_NET_HTTP_H

#include <stddef.h>
#include <stdint.h>

enum wi_range { WI_RANGE_NONE, WI_RANGE_PART, WI_RANGE_UNSATISFIABLE };

/* Reads a Range header (RFC 9110, 14.2) for a file of `size` bytes. One byte range gives
 * WI_RANGE_PART with the first and last byte. Several ranges, or a malformed header, are ignored
 * (WI_RANGE_NONE: send the whole file). `header` may be NULL. */
enum wi_range wi_http_range(const char *header, uint64_t size, uint64_t *first, uint64_t *last);
/* Whether an If-None-Match list contains `etag` (with its quotes) or "*"; weak comparison. */
int wi_http_etag_matches(const char *header, const char *etag);

/* How the bytes of an answer are encoded for transfer. */
enum wi_coding { WI_IDENTITY, WI_GZIP, WI_BROTLI, WI_CODING_COUNT };
/* The coding among those in `there` (a set of bits 1 << coding; WI_IDENTITY is always available)
 * that has the highest weight in an Accept-Encoding header (RFC 9110, 12.5.3). Among equal weights,
 * brotli goes before gzip and gzip before none. WI_IDENTITY without a header (NULL or ""), and if
 * the header refuses all that are available. Malformed elements of the header count as refused. */
enum wi_coding wi_http_coding(const char *header, unsigned there);
/* The coding's name in Content-Encoding; NULL: WI_IDENTITY. */
const char *wi_http_coding_name(enum wi_coding coding);

/* By the name's extension; "application/octet-stream" if it is unknown. */
const char *wi_http_media_type(const char *name);
/* Whether a build tool put a content hash into the name ("app-5XK2Q7NB.js", "a.0f3c9d2e41.css"),
 * so that the file never changes under it. */
int wi_http_name_is_hashed(const char *name);
/* The reason phrase for the few statuses that the file server sends. */
const char *wi_http_reason(int status);
/* The next element of a comma-separated header, trimmed and not ended by NUL; NULL at the end.
 * `header` is advanced past it. */
const char *wi_http_next_element(const char **header, size_t *length);
/* A weight such as "0.5" or "1", in thousandths; -1 if it is malformed. */
int wi_http_weight(const char *text, size_t length);
/* Whether a comma-separated header has exactly `token` among its elements. */
int wi_http_list_has(const char *header, const char *token);
/* Whether `host` ("ADDRESS" or "ADDRESS:PORT") is a literal IPv4 or bracketed IPv6 address. */
int wi_http_host_is_literal(const char *host);

/* Whether a client that took `sent` bytes in `elapsed_ms` is too slow: each transfer holds memory.
 * After the first half minute it must have taken WI_HTTP_MIN_RATE bytes a second on average. */
#define WI_HTTP_MIN_RATE (16 * 1024)
int wi_http_is_slow(double elapsed_ms, uint64_t sent);

/* The seconds of a Retry-After header, which may be a date; 0 if there is no header (NULL) or it is
 * malformed. At most WI_HTTP_RETRY_AFTER_MAX. */
#define WI_HTTP_RETRY_AFTER_MAX 3600
unsigned wi_http_retry_after(const char *header);
/* Whether a retry may help after that status: the client was too slow or sent too much (408, 429),
 * or the server failed, other than permanently (501, 505). */
int wi_http_may_retry(int status);

/* Whether a Content-Type (NULL: never) is `type`; parameters such as charset are ignored. */
int wi_media_type_is(const char *content_type, const char *type);
/* Decimal digits only. 0 on success, -1 otherwise or on overflow. */
int wi_parse_length(const char *text, uint64_t *length);

#endif
