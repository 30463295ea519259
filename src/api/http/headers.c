/*
 * Request headers in one pass over libmicrohttpd's list, and the two questions we have about media
 * types: what came (Content-Type) and what may go back (Accept, RFC 9110 12.5.1).
 */
#include "api/http/headers.h"

#include "base/memory.h"
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES_MAX 64 /* of one preflight */
#define NAME_MAX_BYTES 64
#define LIST_MAX_BYTES 4096 /* of one list that comes in several lines */
#define MEMBER(name) offsetof(struct wi_headers, name)

/* What another one of the same name means. */
enum again {
    IGNORED, /* the first counts */
    COUNTED, /* likewise, and its reader checks how many there are */
    ONCE,    /* a dispute, unless it says the same */
    LISTED   /* more of the same list */
};

static const struct {
    const char *name;
    size_t value; /* the members */
    enum again again;
    size_t more; /* the counter, or the text that the lines are joined in */
} known[] = {
    {"Host", MEMBER(host), COUNTED, MEMBER(host_count)},
    {"Content-Type", MEMBER(content_type), ONCE, 0},
    {"Content-Length", MEMBER(content_length), COUNTED, MEMBER(length_count)},
    {"Content-Encoding", MEMBER(content_encoding), ONCE, 0},
    {"Accept", MEMBER(accept), LISTED, MEMBER(accepts)},
    {"Inference-Header-Content-Length", MEMBER(inference_length), ONCE, 0},
    {"Authorization", MEMBER(authorization), ONCE, 0},
    {"X-Api-Key", MEMBER(api_key), ONCE, 0},
    {"Origin", MEMBER(origin), ONCE, 0},
    {"Sec-Fetch-Site", MEMBER(fetch_site), ONCE, 0},
    {"X-Request-Id", MEMBER(request_id), IGNORED, 0},
    {"Idempotency-Key", MEMBER(idempotency_key), ONCE, 0},
    {"Last-Event-ID", MEMBER(last_event_id), ONCE, 0},
    {"Access-Control-Request-Headers", MEMBER(wanted_headers), IGNORED, 0},
    {"Expect", MEMBER(expect), IGNORED, 0},
    {"Transfer-Encoding", MEMBER(transfer_encoding), COUNTED, MEMBER(encoding_count)},
    {"Forwarded", MEMBER(forwarded), LISTED, MEMBER(forwardeds)},
    {"X-Forwarded-For", MEMBER(forwarded_for), LISTED, MEMBER(fors)},
    {"X-Forwarded-Proto", MEMBER(forwarded_proto), LISTED, MEMBER(protos)},
    {"X-Forwarded-Host", MEMBER(forwarded_host), LISTED, MEMBER(hosts)},
    {"X-Forwarded-Prefix", MEMBER(forwarded_prefix), LISTED, MEMBER(prefixes)},
    {"X-Real-IP", MEMBER(real_ip), IGNORED, 0},
};

/* Letters and digits by comparing, since nearly all are: strspn() begins with a table of 256. */
static int is_token(const char *text)
{
    const char *at = text;
    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
           (*at && strchr("-!#$%&'*+.^_`|~", *at)))
        at++;
    return at > text && *at == '\0';
}

/* Adds a line to a list; `joined` has all of them from the second on. */
static int add_line(const char **list, char **joined, const char *line)
{
    if (strlen(*list) + strlen(line) > LIST_MAX_BYTES)
        return -1;
    char *text = wi_sprintf("%s, %s", *list, line);
    free(*joined);
    *list = *joined = text;
    return 0;
}

static enum MHD_Result on_header(
    void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct wi_headers *headers = context;
    char *members = (char *)headers;
    if (!is_token(name) || (value && strchr(value, '\r')))
        headers->malformed = 1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if ((*name | 0x20) != (*known[i].name | 0x20) || strcasecmp(name, known[i].name) != 0)
            continue;
        const char **member = (const char **)(members + known[i].value);
        const char *text = value ? value : "";
        if (known[i].again == COUNTED)
            ++*(unsigned *)(members + known[i].more);
        if (!*member)
            *member = text;
        else if (known[i].again == LISTED &&
                 add_line(member, (char **)(members + known[i].more), text))
            headers->overlong = known[i].name;
        else if (known[i].again == ONCE && strcmp(*member, text) != 0)
            headers->disputed = known[i].name;
        break;
    }
    return MHD_YES;
}

void wi_headers_collect(struct wi_headers *headers, struct MHD_Connection *connection)
{
    memset(headers, 0, sizeof *headers);
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, headers);
}

void wi_headers_clear(struct wi_headers *headers)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].again == LISTED)
            free(*(char **)((char *)headers + known[i].more));
    *headers = (struct wi_headers){0};
}

enum wi_code wi_headers_check_values(const struct wi_headers *headers, struct wi_error *error)
{
    if (headers->overlong)
        return wi_error_set(error, WI_BAD_REQUEST, headers->overlong,
            "the %s headers are too long together; send one header with the values needed",
            headers->overlong);
    if (!headers->disputed)
        return WI_OK;
    return wi_error_set(error, WI_BAD_REQUEST, headers->disputed,
        "there are several different %s headers; send exactly one", headers->disputed);
}

enum wi_code wi_headers_check_framing(
    const struct wi_headers *headers, int http_1_0, struct wi_error *error)
{
    const char *coding = headers->transfer_encoding;
    if (headers->malformed) {
        wi_error_set(error, WI_BAD_REQUEST, NULL,
            "a header is malformed: there is a character in its name that names do not have, such "
            "as a space before the colon, or a bare CR in its value");
        return wi_error_expect(error, "Name: value");
    }
    if (headers->length_count > 1)
        return wi_error_set(error, WI_BAD_REQUEST, "Content-Length",
            "there is more than one Content-Length header; send exactly one");
    if (!coding)
        return WI_OK;
    if (headers->content_length)
        return wi_error_set(error, WI_BAD_REQUEST, "Transfer-Encoding",
            "Content-Length and Transfer-Encoding cannot be combined; send one of them");
    if (http_1_0)
        return wi_error_set(error, WI_BAD_REQUEST, "Transfer-Encoding",
            "HTTP/1.0 has no Transfer-Encoding; send a Content-Length, or use HTTP/1.1");
    if (headers->encoding_count == 1 && strcasecmp(coding, "chunked") == 0)
        return WI_OK;
    if (headers->encoding_count > 1)
        wi_error_set(error, WI_NOT_IMPLEMENTED, "Transfer-Encoding",
            "there is more than one Transfer-Encoding header");
    else
        wi_error_set(error, WI_NOT_IMPLEMENTED, "Transfer-Encoding",
            "this transfer coding is not understood: \"%.80s\"", coding);
    return wi_error_allow(error, "chunked");
}

void wi_headers_add_names(struct wi_buffer *out, const char *wanted)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "!#$%&'*+-.^_`|~"; /* RFC 9110, 5.6.2 */
    for (size_t count = 0; wanted && *wanted && count < NAMES_MAX; count++) {
        wanted += strspn(wanted, ", \t");
        size_t length = strcspn(wanted, ", \t");
        if (length > 0 && length < NAME_MAX_BYTES && strspn(wanted, allowed) >= length) {
            wi_buffer_puts(out, out->size > 0 ? ", " : "");
            wi_buffer_add(out, wanted, length);
        }
        wanted += length;
    }
}

int wi_charset_is_utf8(const char *content_type)
{
    static const char *const names[] = {"utf-8", "utf8", "us-ascii"};
    for (const char *at = content_type; at && (at = strchr(at, ';'));) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, "charset=", 8) != 0)
            continue;
        at += 8 + (at[8] == '"');
        size_t length = strcspn(at, "\"; \t");
        int is_ours = 0;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            is_ours |= length == strlen(names[i]) && strncasecmp(at, names[i], length) == 0;
        if (!is_ours)
            return 0;
    }
    return 1;
}

/* Whether one range of an Accept header, [start, end), matches and is not weighted zero. `by_name`:
 * one with a star does not match. */
static int range_accepts(const char *start, const char *end, const char *type, int by_name)
{
    while (start < end && isspace((unsigned char)*start))
        start++;
    const char *semicolon = memchr(start, ';', (size_t)(end - start));
    const char *stop = semicolon ? semicolon : end;
    while (stop > start && isspace((unsigned char)stop[-1]))
        stop--;
    size_t length = (size_t)(stop - start);
    size_t major = (size_t)(strchr(type, '/') - type) + 1; /* with the slash */
    int matches = (!by_name && length == 3 && memcmp(start, "*/*", 3) == 0) ||
                  (!by_name && length == major + 1 && strncasecmp(start, type, major) == 0 &&
                      start[major] == '*') ||
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

static int any_accepts(const char *accept, const char *type, int by_name)
{
    while (*accept) {
        const char *end = accept + strcspn(accept, ",");
        if (range_accepts(accept, end, type, by_name))
            return 1;
        accept = *end ? end + 1 : end;
    }
    return 0;
}

int wi_media_type_accepted(const char *accept, const char *type)
{
    return !accept || !*accept || any_accepts(accept, type, 0);
}

int wi_media_type_named(const char *accept, const char *type)
{
    return accept && any_accepts(accept, type, 1);
}
