/*
 * Request headers in one pass over libmicrohttpd's list, and the two questions we have about media
 * types: what came (Content-Type) and what may go back (Accept, RFC 9110 12.5.1).
 */
#include "api/headers.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    size_t offset;
} known[] = {
    {"Host", offsetof(struct wi_headers, host)},
    {"Content-Type", offsetof(struct wi_headers, content_type)},
    {"Content-Length", offsetof(struct wi_headers, content_length)},
    {"Accept", offsetof(struct wi_headers, accept)},
    {"Inference-Header-Content-Length", offsetof(struct wi_headers, inference_length)},
    {"Authorization", offsetof(struct wi_headers, authorization)},
    {"Origin", offsetof(struct wi_headers, origin)},
    {"X-Request-Id", offsetof(struct wi_headers, request_id)},
    {"Idempotency-Key", offsetof(struct wi_headers, idempotency_key)},
    {"Expect", offsetof(struct wi_headers, expect)},
    {"Transfer-Encoding", offsetof(struct wi_headers, transfer_encoding)},
};

static enum MHD_Result on_header(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct wi_headers *headers = context;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcasecmp(name, known[i].name) != 0)
            continue;
        const char **member = (const char **)((char *)headers + known[i].offset);
        if (known[i].offset == offsetof(struct wi_headers, host))
            headers->host_count++;
        if (!*member)
            *member = value ? value : "";
        break;
    }
    return MHD_YES;
}

void wi_headers_collect(struct wi_headers *headers, struct MHD_Connection *connection)
{
    memset(headers, 0, sizeof *headers);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, headers);
}

int wi_media_type_is(const char *content_type, const char *type)
{
    size_t length = strlen(type);
    if (!content_type || strncasecmp(content_type, type, length) != 0)
        return 0;
    const char *rest = content_type + length;
    return rest[strspn(rest, " \t")] == '\0' || rest[strspn(rest, " \t")] == ';';
}

/* Whether one range of an Accept header, [start, end), matches and is not weighted zero. */
static int range_accepts(const char *start, const char *end, const char *type)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    const char *semicolon = memchr(start, ';', (size_t)(end - start));
    const char *stop = semicolon ? semicolon : end;
    while (stop > start && isspace((unsigned char)stop[-1]))
        stop--;
    size_t length = (size_t)(stop - start);
    size_t major = (size_t)(strchr(type, '/') - type) + 1; /* with the slash */
    int matches =
        (length == 3 && memcmp(start, "*/*", 3) == 0) ||
        (length == major + 1 && strncasecmp(start, type, major) == 0 && start[major] == '*') ||
        (length == strlen(type) && strncasecmp(start, type, length) == 0);
    if (!matches)
        return 0;
    for (const char *p = semicolon; p && p < end; p = memchr(p, ';', (size_t)(end - p))) {
        for (p++; p < end && isspace((unsigned char)*p); p++)
            continue;
        if (end - p >= 3 && strncasecmp(p, "q=", 2) == 0)
            return memchr("123456789", p[2], 9) ||
                   (end - p > 4 && strcspn(p + 3, "123456789") < (size_t)(end - p - 3));
    }
    return 1;
}

int wi_media_type_accepted(const char *accept, const char *type)
{
    if (!accept || !*accept)
        return 1;
    while (*accept) {
        const char *end = accept + strcspn(accept, ",");
        if (range_accepts(accept, end, type))
            return 1;
        accept = *end ? end + 1 : end;
    }
    return 0;
}

int wi_parse_length(const char *text, uint64_t *length)
{
    uint64_t value = 0;
    if (!text || !*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || value > (UINT64_MAX - 9) / 10)
            return -1;
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *length = value;
    return 0;
}
