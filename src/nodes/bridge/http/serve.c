/*
 * A small HTTP server on libwebsockets: which request is answered by what. libwebsockets' own
 * cannot do ranges, quoted entity tags or our headers.
 */
#include "nodes/bridge/http/serve.h"
#include "base/memory.h"
#include "nodes/bridge/http/file_answer.h"
#include "nodes/bridge/http/gateway.h"
#include "nodes/bridge/http/transfer.h"
#include <stdlib.h>
#include <string.h>

static int path_serve(struct lws *wsi, struct wi_socket *socket, const char *path)
{
    struct wi_bridge *bridge = socket->bridge;
    char length[WI_HTTP_HEADER_MAX];
    bridge->counters.file_requests++;
    int is_model = strncmp(path, "/models/", 8) == 0;
    socket->for_siblings = is_model || strcmp(path, "/peers") == 0;
    if (is_model && bridge->siblings.count > 0 &&
        lws_hdr_total_length(wsi, WSI_TOKEN_OPTIONS_URI) > 0)
        return wi_serve_preflight(wsi, socket);
    if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0 &&
        lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) <= 0)
        return wi_http_refuse(
            wsi, bridge, 405, "only GET and HEAD are served", "Allow: GET, HEAD\r\n");
    if (strtol(wi_http_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, length), NULL, 10) != 0)
        return wi_http_refuse(wsi, bridge, 400, "a request for a file has no body", NULL);
    if (strcmp(path, "/node") == 0)
        return wi_http_refuse(wsi, bridge, 426, "this path is for the WebSocket",
            "Upgrade: websocket\r\nConnection: upgrade\r\n");
    if (is_model)
        return wi_serve_model(wsi, socket, path);
    if (strcmp(path, "/work") == 0)
        return wi_serve_work(wsi, socket);
    if (strcmp(path, "/endpoints") == 0)
        return wi_serve_endpoints(wsi, socket);
    if (strcmp(path, "/peers") == 0)
        return wi_serve_peers(wsi, socket);
    if (strcmp(path, "/devices") == 0)
        return wi_serve_devices(wsi, socket);
    if (bridge->settings.content.serve != WI_SERVE_NO && strncmp(path, "/ipfs/", 6) == 0)
        return wi_serve_block(wsi, socket, path + 6);
    if (bridge->settings.content.serve != WI_SERVE_NO && strcmp(path, "/content") == 0)
        return wi_serve_content(wsi, socket);
    return wi_serve_page(wsi, socket, path);
}

/* Remembers which page opened the WebSocket: a device signs for its origin. */
static int upgrade_begin(struct lws *wsi, struct wi_socket *socket, const char *upgrade)
{
    char origin[WI_HTTP_HEADER_MAX];
    int refused = wi_upgrade_check(wsi, socket->bridge, upgrade);
    if (!refused)
        refused = wi_upgrade_take_peer(wsi, socket);
    if (!refused) {
        free(socket->origin);
        socket->origin = wi_strdup(wi_http_header(wsi, WSI_TOKEN_ORIGIN, origin));
    }
    return refused;
}

/* --- the way in from lws ---------------------------------------------------------------------- */

int wi_http_serve(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct wi_socket *socket = NULL;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
    case LWS_CALLBACK_HTTP:
    case LWS_CALLBACK_HTTP_WRITEABLE:
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        socket = lws_get_opaque_user_data(wsi);
        break;
    case LWS_CALLBACK_HTTP_BODY:
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return 0; /* was answered when its headers came */
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_RAW_RX:
        return -1; /* CONNECT: we are no proxy */
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
    if (!socket)
        return reason == LWS_CALLBACK_WSI_DESTROY || reason == LWS_CALLBACK_CLOSED_HTTP ? 0 : -1;

    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return upgrade_begin(wsi, socket, in);
    case LWS_CALLBACK_HTTP:
        if (socket->transfer || socket->ending || socket->bridge->closed)
            return -1;
        return path_serve(wsi, socket, in);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return socket->ending ? wi_http_finish(wsi, socket->ending == WI_ENDING_AND_CLOSING)
                              : wi_transfer_go_on(wsi, socket);
    case LWS_CALLBACK_CLOSED_HTTP:
        wi_transfer_abandon(socket);
        wi_socket_unwatch(socket);
        return 0;
    default: /* it is gone */
        lws_set_opaque_user_data(wsi, NULL);
        wi_announce_forget(socket);
        wi_transfer_abandon(socket);
        wi_socket_unwatch(socket);
        wi_socket_limits_leave(&socket->bridge->limits, &socket->limited);
        free(socket->origin);
        free(socket);
        return 0;
    }
}
