/*
 * The headers of proxies, see forwarded.h. Each fact may be in two headers, of which a proxy sets
 * one and may leave the other as its client has sent it: then they have to say the same.
 */
#include "api/http/forwarded.h"

#include "base/memory.h"
#include "base/net/http.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FOR "X-Forwarded-For"
#define PROTO "X-Forwarded-Proto"
#define HOST "X-Forwarded-Host"
#define PREFIX "X-Forwarded-Prefix"
#define FORWARDED "Forwarded"
#define HOPS_MAX 32  /* proxies that a request may have come through */
#define HOST_MAX 261 /* a name of 255 bytes, a colon and a port */

#define ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define TOKEN ALPHANUMERIC "!#$%&'*+-.^_`|~" /* RFC 9110, 5.6.2 */

/* A piece of a header; `at` is NULL if the header does not have it. */
struct piece {
    const char *at;
    size_t size;
};

/* What a proxy says of its own client. */
struct hop {
    struct piece node, proto, host;
};

/* In the order of the header: the nearest proxy has added the last. */
struct hops {
    struct hop items[HOPS_MAX];
    size_t count;
};

static int is_word(struct piece piece, const char *word)
{
    return piece.at && piece.size == strlen(word) && strncasecmp(piece.at, word, piece.size) == 0;
}

static enum wi_code header_refuse(struct wi_error *error, const char *field, const char *what)
{
    return wi_error_set(error, WI_BAD_REQUEST, field,
        "%s of a proxy that is trusted %s; look at how the proxy is set up", field, what);
}

static enum wi_code refuse_dispute(struct wi_error *error, const char *field)
{
    return wi_error_set(error, WI_BAD_REQUEST, FORWARDED,
        FORWARDED " and %s say different things; have the proxy remove the one that it does not "
                  "set itself",
        field);
}

static enum wi_code add_hop(
    struct hops *hops, const struct hop *hop, const char *field, struct wi_error *error)
{
    if (hops->count == HOPS_MAX) {
        header_refuse(error, field, "names too many proxies");
        return wi_error_expect(error, "at most %d", HOPS_MAX);
    }
    hops->items[hops->count++] = *hop;
    return WI_OK;
}

/* --- X-Forwarded-For ------------------------------------------------------------------------- */

static enum wi_code read_list(const char *header, struct hops *hops, struct wi_error *error)
{
    struct hop hop = {0};
    enum wi_code code = WI_OK;
    while (!code && header && (hop.node.at = wi_http_next_element(&header, &hop.node.size)))
        code = add_hop(hops, &hop, FOR, error);
    return code;
}

/* --- Forwarded ------------------------------------------------------------------------------- */

/* Moves behind a parameter, NAME=VALUE. A value may have what addresses have without quotes, as
 * some proxies write it. A quoted value is left as it is: no value that is looked for has a
 * backslash in it. 0, or -1 if there is none. */
static int read_parameter(const char **at, struct piece *name, struct piece *value)
{
    *name = (struct piece){*at, strspn(*at, TOKEN)};
    if (name->size == 0 || name->at[name->size] != '=')
        return -1;
    const char *text = name->at + name->size + 1;
    if (*text != '"') {
        *value = (struct piece){text, strspn(text, TOKEN ":[]")};
        *at = text + value->size;
        return 0;
    }
    const char *end = ++text;
    while (*end && *end != '"')
        end += end[0] == '\\' && end[1] ? 2 : 1;
    *value = (struct piece){text, (size_t)(end - text)};
    *at = end + 1;
    return *end ? 0 : -1;
}

/* 0, or -1 for one that is told again. */
static int take_parameter(struct hop *hop, struct piece name, struct piece value)
{
    struct piece *member = is_word(name, "for")     ? &hop->node
                           : is_word(name, "proto") ? &hop->proto
                           : is_word(name, "host")  ? &hop->host
                                                    : NULL;
    if (!member)
        return 0;
    if (member->at)
        return -1;
    *member = value;
    return 0;
}

/* Reads what one proxy has added, up to a comma or the end: 1, 0 if there is nothing, or -1. */
static int read_hop(const char **at, struct hop *hop)
{
    int found = 0;
    for (;; ++*at) {
        struct piece name, value;
        *at += strspn(*at, " \t");
        if (**at && !strchr(",;", **at)) {
            if (read_parameter(at, &name, &value) != 0 || take_parameter(hop, name, value) != 0)
                return -1;
            found = 1;
        }
        *at += strspn(*at, " \t");
        if (**at != ';')
            return **at == '\0' || **at == ',' ? found : -1;
    }
}

static enum wi_code read_forwarded(const char *header, struct hops *hops, struct wi_error *error)
{
    for (const char *at = header; at; at = *at ? at + 1 : NULL) {
        struct hop hop = {0};
        int found = read_hop(&at, &hop);
        if (found < 0) {
            header_refuse(error, FORWARDED, "is malformed");
            return wi_error_expect(error, "for=ADDRESS;proto=https;host=NAME, as in RFC 7239");
        }
        if (found && add_hop(hops, &hop, FORWARDED, error) != WI_OK)
            return error->code;
    }
    return WI_OK;
}

/* --- the client ------------------------------------------------------------------------------ */

/* ":PORT", where that may be made up, too. */
static int is_port(const char *text, size_t size)
{
    const char *allowed = text[1] == '_' ? ALPHANUMERIC "._-" : "0123456789";
    return text[0] == ':' && (text[1] == '_' ? size > 2 : size > 1 && size <= 6) &&
           strspn(text + 1, allowed) >= size - 1;
}

/* An address, perhaps with a port; of IPv6 in brackets, or by itself as in X-Forwarded-For. 0, or
 * -1 for anything else. */
static int read_address(struct piece node, union wi_address *address)
{
    if (node.size >= 2 && node.at[0] == '"' && node.at[node.size - 1] == '"')
        node = (struct piece){node.at + 1, node.size - 2};
    if (node.size == 0)
        return -1;
    const char *end = node.at + node.size;
    const char *bracket = *node.at == '[' ? memchr(node.at, ']', node.size) : NULL;
    const char *colon = memchr(node.at, ':', node.size);
    int is_bare = !bracket && colon && memchr(colon + 1, ':', (size_t)(end - colon - 1));
    const char *port = bracket ? bracket + 1 : colon && !is_bare ? colon : end;
    if (port < end && !is_port(port, (size_t)(end - port)))
        return -1;
    return wi_address_parse_host(node.at, (size_t)(port - node.at), address);
}

/* Finds the client of the first trusted proxy: sets `client`, which is the nearest proxy at first,
 * and returns what that proxy says of the client; NULL: nothing. */
static const struct hop *find_client(
    const struct hops *hops, const struct wi_networks *trusted, union wi_address *client)
{
    for (size_t i = hops->count; i-- > 0;) {
        union wi_address address;
        if (read_address(hops->items[i].node, &address) != 0)
            return &hops->items[i];
        *client = address;
        if (i == 0 || !wi_networks_have(trusted, &address))
            return &hops->items[i];
    }
    return NULL;
}

/* --- scheme, host and prefix ----------------------------------------------------------------- */

/* The element that the nearest proxy has added. */
static struct piece last_of(const char *header)
{
    struct piece last = {0}, next = {0};
    while (header && (next.at = wi_http_next_element(&header, &next.size)))
        last = next;
    return last;
}

/* The value of one of two headers, or of both. */
static enum wi_code header_choose(struct piece listed, struct piece forwarded, const char *field,
    struct piece *chosen, struct wi_error *error)
{
    *chosen = listed.at ? listed : forwarded;
    if (listed.at && forwarded.at &&
        (listed.size != forwarded.size || strncasecmp(listed.at, forwarded.at, listed.size) != 0))
        return refuse_dispute(error, field);
    return WI_OK;
}

static enum wi_code take_scheme(struct wi_forwarded *forwarded, const struct wi_headers *headers,
    struct piece proto, struct wi_error *error)
{
    struct piece listed = last_of(headers->forwarded_proto);
    enum wi_code code = header_choose(listed, proto, PROTO, &proto, error);
    if (code != WI_OK || !proto.at)
        return code;
    forwarded->scheme = is_word(proto, "https") ? "https" : is_word(proto, "http") ? "http" : NULL;
    if (forwarded->scheme)
        return WI_OK;
    header_refuse(error, listed.at ? PROTO : FORWARDED, "names an unknown scheme");
    return wi_error_allow(error, "http, https");
}

static enum wi_code take_host(struct wi_forwarded *forwarded, const struct wi_headers *headers,
    struct piece host, struct wi_error *error)
{
    struct piece listed = last_of(headers->forwarded_host);
    enum wi_code code = header_choose(listed, host, HOST, &host, error);
    if (code != WI_OK || !host.at)
        return code;
    forwarded->host_field = listed.at ? HOST : FORWARDED;
    if (host.size > HOST_MAX)
        return header_refuse(error, forwarded->host_field, "has too long a host");
    forwarded->host = wi_strndup(host.at, host.size);
    return WI_OK;
}

/* Whether each segment of "/a/b" is of what needs no escape, and none leads up or to another
 * host. */
static int is_path(const char *text, size_t size)
{
    for (const char *at = text, *end = text + size; at < end;) {
        size_t length = strspn(at + 1, ALPHANUMERIC "-._~");
        struct piece segment = {at + 1, length};
        if (*at != '/' || length == 0 || is_word(segment, ".") || is_word(segment, ".."))
            return 0;
        at += 1 + length;
    }
    return 1;
}

static enum wi_code take_prefix(
    struct wi_forwarded *forwarded, const char *header, struct wi_error *error)
{
    size_t size = header ? strlen(header) : 0;
    size -= size > 0 && header[size - 1] == '/';
    if (size == 0)
        return WI_OK;
    if (size > WI_FORWARDED_PREFIX_MAX || !is_path(header, size)) {
        header_refuse(error, PREFIX, "is no path");
        return wi_error_expect(error,
            "/NAME, or several of them, of letters, digits, \"-\", \".\", \"_\" and \"~\", of at "
            "most %d bytes",
            WI_FORWARDED_PREFIX_MAX);
    }
    forwarded->prefix = wi_strndup(header, size);
    return WI_OK;
}

/* --- all of it ------------------------------------------------------------------------------- */

/* The header of an untrusted proxy shows at least that there is one. */
static const char *sign_of(const struct wi_headers *headers)
{
    return headers->forwarded_for      ? FOR
           : headers->forwarded        ? FORWARDED
           : headers->forwarded_proto  ? PROTO
           : headers->forwarded_host   ? HOST
           : headers->forwarded_prefix ? PREFIX
           : headers->real_ip          ? "X-Real-IP"
                                       : NULL;
}

/* `said` gets what the proxy says of the client besides its address. */
static enum wi_code take_client(struct wi_forwarded *forwarded, const struct wi_headers *headers,
    const struct wi_networks *trusted, const union wi_address *nearest, struct hop *said,
    struct wi_error *error)
{
    struct hops listed = {0}, elements = {0};
    char other[WI_ADDRESS_HOST_SIZE];
    union wi_address client = *nearest, again = *nearest;
    if (read_list(headers->forwarded_for, &listed, error) != WI_OK ||
        read_forwarded(headers->forwarded, &elements, error) != WI_OK)
        return error->code;
    (void)find_client(&listed, trusted, &client);
    const struct hop *hop = find_client(&elements, trusted, &again);
    if (hop)
        *said = *hop;
    wi_address_host(&client, forwarded->client, sizeof forwarded->client);
    if (elements.count == 0)
        return WI_OK;
    wi_address_host(&again, other, sizeof other);
    if (listed.count > 0 && strcmp(forwarded->client, other) != 0)
        return refuse_dispute(error, FOR);
    memcpy(forwarded->client, other, sizeof other);
    return WI_OK;
}

enum wi_code wi_forwarded_read(struct wi_forwarded *forwarded, const struct wi_headers *headers,
    const struct wi_networks *trusted, const char *peer, struct wi_error *error)
{
    union wi_address nearest;
    struct hop said = {0};
    enum wi_code code;
    forwarded->sign = sign_of(headers);
    if (!forwarded->sign || wi_address_parse_host(peer, strlen(peer), &nearest) != 0 ||
        !wi_networks_have(trusted, &nearest))
        return WI_OK;
    if ((code = take_client(forwarded, headers, trusted, &nearest, &said, error)) ||
        (code = take_scheme(forwarded, headers, said.proto, error)) ||
        (code = take_host(forwarded, headers, said.host, error)))
        return code;
    return take_prefix(forwarded, headers->forwarded_prefix, error);
}

void wi_forwarded_clear(struct wi_forwarded *forwarded)
{
    free(forwarded->host);
    free(forwarded->prefix);
    *forwarded = (struct wi_forwarded){0};
}
