/*
 * Who may open a WebSocket. libwebsockets lets a request without a subprotocol through as its
 * first protocol, and refuses others with a bare close; so everything is checked here first and
 * refused with an HTTP status that says why.
 */
#include "base/net/http.h"
#include "nodes/bridge/http/file_answer.h"
#include "nodes/bridge/http/siblings.h"
#include "nodes/bridge/private.h"
#include "nodes/bridge/socket.h"
#include <string.h>
#include <strings.h>

/* Whether `origin` is the origin of `url`: scheme, host and port, without a path. */
static int is_origin_of(const char *origin, const char *url)
{
    const char *authority = url ? strstr(url, "://") : NULL;
    if (!authority)
        return 0;
    size_t length = (size_t)(authority + 3 - url);
    length += strcspn(url + length, "/?#");
    return strlen(origin) == length && strncasecmp(origin, url, length) == 0;
}

/* "localhost", "127.0.0.1" and "[::1]" are the same listener to a person at this machine. */
static int is_loopback_alias(const char *origin, const char *local_url)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *authority = strstr(local_url, "://") + 3, *port = strrchr(authority, ':');
    if (!port || (strncmp(authority, "127.", 4) != 0 && strncmp(authority, "[::1]", 5) != 0))
        return 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char alias[128];
        snprintf(alias, sizeof alias, "%.*s%s%s", (int)(authority - local_url), local_url, names[i],
            port);
        if (strcasecmp(origin, alias) == 0)
            return 1;
    }
    return 0;
}

int wi_origin_allowed(const char *origin, const char *host, const char *url, const char *local_url)
{
    if (!origin)
        return 1; /* no browser: it still needs a token */
    if (is_origin_of(origin, url) || is_origin_of(origin, local_url) ||
        is_loopback_alias(origin, local_url))
        return 1;
    /* A page loaded from us by address, e.g. when listening on all of them. A name could be rebound
     * to us by its owner, a literal address cannot. */
    const char *authority = strstr(origin, "://");
    return authority && host && wi_http_host_is_literal(host) &&
           strncmp(origin, local_url, (size_t)(authority + 3 - origin)) == 0 &&
           strcasecmp(authority + 3, host) == 0;
}

int wi_host_allowed(const char *host, const char *url)
{
    const char *authority = strstr(url, "://") + 3;
    size_t length = strcspn(authority, "/?#");
    return !*host || wi_http_host_is_literal(host) || strcasecmp(host, "localhost") == 0 ||
           strncasecmp(host, "localhost:", 10) == 0 ||
           (strlen(host) == length && strncasecmp(host, authority, length) == 0);
}

int wi_upgrade_check(struct lws *wsi, struct wi_bridge *bridge, const char *upgrade)
{
    char path[WI_HTTP_HEADER_MAX], protocols[WI_HTTP_HEADER_MAX], version[WI_HTTP_HEADER_MAX],
        key[WI_HTTP_HEADER_MAX], host[WI_HTTP_HEADER_MAX], origin[WI_HTTP_HEADER_MAX];
    bridge->counters.refused++; /* taken back below */
    if (!*wi_http_header(wsi, WSI_TOKEN_GET_URI, path) || strcasecmp(upgrade, "websocket") != 0)
        return wi_http_refuse(wsi, bridge, 400, "only a GET upgrade to WebSocket is served", NULL);
    if (strcmp(path, "/node") != 0)
        return wi_http_refuse(wsi, bridge, 404, "WebSockets are served at /node only", NULL);
    if (strcmp(wi_http_header(wsi, WSI_TOKEN_VERSION, version), "13") != 0)
        return wi_http_refuse(
            wsi, bridge, 426, "WebSocket version 13 is needed", "Sec-WebSocket-Version: 13\r\n");
    if (!*wi_http_header(wsi, WSI_TOKEN_KEY, key) || strlen(key) > 64 ||
        !*wi_http_header(wsi, WSI_TOKEN_HOST, host))
        return wi_http_refuse(wsi, bridge, 400, "Sec-WebSocket-Key and Host are needed", NULL);
    if (!wi_http_list_has(wi_http_header(wsi, WSI_TOKEN_PROTOCOL, protocols), WI_PROTOCOL_NAME))
        return wi_http_refuse(
            wsi, bridge, 400, "the subprotocol " WI_PROTOCOL_NAME " is needed", NULL);
    int has_origin = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0;
    wi_http_header(wsi, WSI_TOKEN_ORIGIN, origin); /* "" if it is too long, which is not allowed */
    if (!wi_origin_allowed(has_origin ? origin : NULL, host, bridge->url, bridge->local_url) &&
        !wi_is_sibling(&bridge->siblings, origin))
        return wi_http_refuse(wsi, bridge, 403, "this origin may not open a WebSocket here", NULL);
    bridge->counters.refused--;
    return 0;
}

int wi_upgrade_take_peer(struct lws *wsi, struct wi_socket *socket)
{
    static const size_t prefix = sizeof WI_PEER_PREFIX - 1;
    struct wi_bridge *bridge = socket->bridge;
    struct wi_limited_socket *out;
    char header[WI_HTTP_HEADER_MAX];
    wi_http_header(wsi, WSI_TOKEN_X_FORWARDED_FOR, header);
    if (!socket->is_proxy || strncmp(header, WI_PEER_PREFIX, prefix) != 0)
        return 0;
    const char *id = header + prefix;
    if (!wi_peer_id_ok(id))
        return wi_http_refuse(
            wsi, bridge, 400, "X-Forwarded-For has no peer's id after \"peer:\"", NULL);
    struct wi_peer peer = wi_peer_named(id);
    wi_socket_limits_leave(&bridge->limits, &socket->limited);
    if (wi_socket_limits_enter(&bridge->limits, &socket->limited, &peer,
            (size_t)bridge->settings.max_per_address, &out) != 0) {
        bridge->counters.refused++;
        return wi_http_refuse(wsi, bridge, 503,
            "this peer has as many connections as [bridge] max_connections_per_address allows",
            NULL);
    }
    wi_socket_vacate(bridge, out);
    return 0;
}
