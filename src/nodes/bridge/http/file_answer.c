/* What every answer over plain HTTP is made of: headers that all carry, and short refusals. */
#include "nodes/bridge/http/file_answer.h"

#include "base/net/http.h"
#include "nodes/bridge/http/siblings.h"
#include "nodes/bridge/private.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A request body that we read to its end, to answer on a connection that stays usable. */
#define MAX_IGNORED_BODY 65536

/* Where the page may open WebSockets: " ws://HOST:PORT" for each URL that is not there twice. */
static void add_sockets(struct wi_buffer *out, const char *const *urls)
{
    for (size_t i = 0; urls[i]; i++) {
        const char *host = strstr(urls[i], "://");
        const char *scheme = strncmp(urls[i], "https", 5) == 0 ? "wss" : "ws";
        size_t earlier = 0;
        while (earlier < i && strcmp(urls[earlier], urls[i]) != 0)
            earlier++;
        if (earlier == i)
            wi_buffer_printf(out, " %s%.*s", scheme, (int)strcspn(host + 3, "/?#") + 3, host);
    }
}

char *wi_http_security_headers(
    const char *const *urls, const struct wi_strings *siblings, const struct wi_strings *sockets)
{
    struct wi_buffer out = {0};
    /* COOP and COEP make the page cross-origin isolated, which WASM threads need; each worker
     * script needs COEP for itself. */
    wi_buffer_puts(&out, "Cross-Origin-Opener-Policy: same-origin\r\n"
                         "Cross-Origin-Embedder-Policy: require-corp\r\n"
                         "Cross-Origin-Resource-Policy: same-origin\r\n"
                         "Content-Security-Policy: default-src 'none'; "
                         "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
                         "connect-src 'self'");
    add_sockets(&out, urls);
    for (size_t i = 0; i < siblings->count; i++) {
        const char *const one[] = {siblings->items[i], NULL};
        wi_buffer_strings(&out, " ", siblings->items[i], NULL);
        add_sockets(&out, one);
    }
    for (size_t i = 0; i < sockets->count; i++)
        wi_buffer_strings(&out, " ", sockets->items[i], NULL);
    wi_buffer_puts(&out,
        "; style-src 'self'; img-src 'self' data: "
        "blob:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'\r\n"
        "Permissions-Policy: accelerometer=(), camera=(), display-capture=(), "
        "geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), "
        "midi=(), payment=(), serial=(), usb=()\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: no-referrer\r\n");
    return wi_buffer_take(&out);
}

const char *wi_http_bearer(struct lws *wsi, char *out)
{
    wi_http_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, out);
    return strncasecmp(out, "Bearer ", 7) == 0 ? out + 7 : NULL;
}

int wi_http_wants_close(struct lws *wsi)
{
    char value[WI_HTTP_HEADER_MAX];
    if (strcasecmp(wi_http_header(wsi, WSI_TOKEN_CONNECTION, value), "close") == 0)
        return 1;
    return strcmp(wi_http_header(wsi, WSI_TOKEN_HTTP, value), "HTTP/1.1") != 0;
}

/* Adds the headers by which a page of a sibling may read the answer on `wsi`, to the answers that
 * such pages may read; does nothing for others. */
static void siblings_allow(struct wi_buffer *out, struct lws *wsi, const struct wi_bridge *bridge)
{
    const struct wi_socket *socket = lws_get_opaque_user_data(wsi);
    char origin[WI_HTTP_HEADER_MAX];
    if (bridge->siblings.count == 0 || !socket || !socket->for_siblings)
        return;
    wi_buffer_puts(
        out, "Vary: Origin\r\n"); /* also where it is none: a cache may keep the answer */
    if (!wi_is_sibling(&bridge->siblings, wi_http_header(wsi, WSI_TOKEN_ORIGIN, origin)))
        return;
    wi_buffer_strings(out, "Access-Control-Allow-Origin: ", origin,
        "\r\nAccess-Control-Expose-Headers: content-range, etag, content-length, "
        "x-webinfer-ticket\r\n",
        NULL);
}

void wi_http_begin(struct wi_buffer *out, struct lws *wsi, const struct wi_bridge *bridge,
    int status, int close_after)
{
    wi_buffer_printf(out, "HTTP/1.1 %d %s\r\n", status, wi_http_reason(status));
    wi_buffer_puts(out, bridge->security_headers);
    siblings_allow(out, wsi, bridge);
    if (close_after)
        wi_buffer_puts(out, "Connection: close\r\n");
}

int wi_http_await_room(struct lws *wsi)
{
    struct wi_socket *socket = lws_get_opaque_user_data(wsi);
    if (lws_send_pipe_choked(wsi) && wi_socket_watch(socket) != 0)
        return -1;
    return lws_callback_on_writable(wsi) < 0 ? -1 : 0;
}

int wi_http_finish(struct lws *wsi, int close_after)
{
    struct wi_socket *socket = lws_get_opaque_user_data(wsi);
    if (lws_send_pipe_choked(wsi)) {
        socket->ending = close_after ? WI_ENDING_AND_CLOSING : WI_ENDING;
        lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, WI_HTTP_STALL_S);
        return wi_http_await_room(wsi);
    }
    socket->ending = WI_NOT_ENDING;
    wi_socket_unwatch(socket);
    return close_after || lws_http_transaction_completed(wsi) ? -1 : 0;
}

int wi_http_refuse(
    struct lws *wsi, struct wi_bridge *bridge, int status, const char *text, const char *extra)
{
    struct wi_buffer out = {0};
    char length[WI_HTTP_HEADER_MAX];
    int upgrade = lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) > 0;
    long body = strtol(wi_http_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length), NULL, 10);
    int has_body = lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0 &&
                   lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0;
    int close_after = upgrade || wi_http_wants_close(wsi) || body < 0 || body > MAX_IGNORED_BODY ||
                      (has_body && !*length);
    wi_http_begin(&out, wsi, bridge, status, close_after);
    wi_buffer_printf(&out,
        "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
        "Content-Length: %zu\r\n%s\r\n",
        strlen(text) + 1, extra ? extra : "");
    if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0)
        wi_buffer_printf(&out, "%s\n", text);
    if (wi_http_write_headers(wsi, &out))
        return -1;
    /* During an upgrade lws completes the transaction itself when told that we answered. */
    return upgrade ? 1 : wi_http_finish(wsi, close_after);
}
