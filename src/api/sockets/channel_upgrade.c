/*
 * The checks of an upgrade: those of the API for its requests, and those of RFC 6455, 4.2. A
 * request without a subprotocol is taken as one for ours, which is the only one.
 */
#include "api/sockets/channel_upgrade.h"

#include "base/net/http.h"
#include "base/net/lws_http.h"
#include "wire/problem.h"
#include <string.h>
#include <strings.h>

#define KEY_MAX 64

static int has_header(struct lws *wsi, enum lws_token_indexes token)
{
    return lws_hdr_total_length(wsi, token) > 0;
}

/* The header by which a proxy shows that it has passed the request on; NULL: none. */
static const char *sign_of(struct lws *wsi)
{
    static const struct {
        const char *name, *kept; /* and how lws keeps it */
    } others[] = {{"Forwarded", "forwarded:"}, {"X-Forwarded-Proto", "x-forwarded-proto:"},
        {"X-Forwarded-Host", "x-forwarded-host:"}, {"X-Forwarded-Prefix", "x-forwarded-prefix:"},
        {"X-Real-IP", "x-real-ip:"}};
    if (has_header(wsi, WSI_TOKEN_X_FORWARDED_FOR))
        return "X-Forwarded-For";
#if defined(LWS_WITH_HTTP_UNCOMMON_HEADERS) || defined(LWS_HTTP_HEADERS_ALL)
    if (has_header(wsi, WSI_TOKEN_HTTP_X_REAL_IP))
        return "X-Real-IP";
#endif
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (lws_hdr_custom_length(wsi, others[i].kept, (int)strlen(others[i].kept)) >= 0)
            return others[i].name;
    return NULL;
}

static enum wi_code check_access(
    struct lws *wsi, const struct wi_access_rules *rules, struct wi_error *error)
{
    char host[WI_HTTP_HEADER_MAX], origin[WI_HTTP_HEADER_MAX];
    int has_host = has_header(wsi, WSI_TOKEN_HOST), has_origin = has_header(wsi, WSI_TOKEN_ORIGIN);
    wi_http_header(wsi, WSI_TOKEN_HOST, host);
    wi_http_header(wsi, WSI_TOKEN_ORIGIN, origin); /* "" if it is too long, which is not allowed */
    enum wi_code code = wi_access_check_host(rules, has_host ? host : NULL, has_host, error);
    if (code == WI_OK)
        code = wi_access_check_origin(rules, has_origin ? origin : NULL, NULL, NULL, host, error);
    return code == WI_OK ? wi_access_check_way(rules, sign_of(wsi), error) : code;
}

static enum wi_code check_upgrade(struct lws *wsi, const char *upgrade, struct wi_error *error)
{
    char path[WI_HTTP_HEADER_MAX], version[WI_HTTP_HEADER_MAX], key[WI_HTTP_HEADER_MAX],
        protocols[WI_HTTP_HEADER_MAX];
    int is_get = *wi_http_header(wsi, WSI_TOKEN_GET_URI, path) != '\0';
    if (!is_get || !upgrade || strcasecmp(upgrade, "websocket") != 0)
        return wi_error_set(error, WI_BAD_REQUEST, NULL,
            "this address is for WebSockets; GET /v1/channels of the API has the same messages "
            "without one");
    if (strcmp(path, "/") != 0 && strcmp(path, "/v1/channels") != 0)
        return wi_error_set(
            error, WI_NOT_FOUND, NULL, "WebSockets are served at / and at /v1/channels only");
    if (strcmp(wi_http_header(wsi, WSI_TOKEN_VERSION, version), "13") != 0)
        return wi_error_set(
            error, WI_BAD_REQUEST, "Sec-WebSocket-Version", "WebSocket version 13 is needed");
    if (!*wi_http_header(wsi, WSI_TOKEN_KEY, key) || strlen(key) > KEY_MAX)
        return wi_error_set(
            error, WI_BAD_REQUEST, "Sec-WebSocket-Key", "Sec-WebSocket-Key is needed");
    if (!has_header(wsi, WSI_TOKEN_PROTOCOL) ||
        wi_http_list_has(wi_http_header(wsi, WSI_TOKEN_PROTOCOL, protocols), WI_CHANNELS_PROTOCOL))
        return WI_OK;
    wi_error_set(error, WI_BAD_REQUEST, "Sec-WebSocket-Protocol", "no subprotocol is known here");
    return wi_error_allow(error, WI_CHANNELS_PROTOCOL ", or none");
}

static int upgrade_refuse(struct lws *wsi, const struct wi_error *error)
{
    struct wi_buffer body = {0}, out = {0};
    int status = wi_code_status(error->code);
    wi_problem_write(&body, error, NULL);
    wi_buffer_printf(&out,
        "HTTP/1.1 %d %s\r\nContent-Type: " WI_PROBLEM_MEDIA_TYPE "\r\nContent-Length: %zu\r\n"
        "Cache-Control: no-store\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n\r\n",
        status, wi_http_reason(status), body.size);
    wi_buffer_add(&out, body.text, body.size);
    wi_buffer_clear(&body);
    /* lws completes the transaction itself if it is told that we have answered. */
    return wi_http_write_headers(wsi, &out) ? -1 : 1;
}

int wi_channel_upgrade_check(
    struct lws *wsi, const struct wi_access_rules *rules, const char *upgrade)
{
    struct wi_error error;
    if (check_access(wsi, rules, &error) == WI_OK && check_upgrade(wsi, upgrade, &error) == WI_OK)
        return 0;
    return upgrade_refuse(wsi, &error);
}
