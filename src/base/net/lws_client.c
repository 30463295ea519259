/* A libwebsockets client's connection and its one end; see lws_client.h. */
#include "base/net/lws_client.h"

#include "base/text.h"
#include <stdio.h>

static void client_end(struct wi_lws_client *client, struct lws *wsi)
{
    lws_set_opaque_user_data(wsi, NULL);
    client->wsi = NULL;
    if (!client->_connecting)
        client->events->on_end(client->context, client->_why);
}

int wi_lws_client_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
    struct wi_lws_client *client = lws_get_opaque_user_data(wsi);

    if (!client)
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    switch (reason) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        snprintf(client->_why, sizeof client->_why, "%.*s", in ? (int)length : 0,
            in ? (const char *)in : "");
        wi_text_mend(client->_why);
        client_end(client, wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
    case LWS_CALLBACK_WSI_DESTROY:
        client_end(client, wsi);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return client->events->on_event(client->context, reason, in, length);
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, length);
    }
}

struct lws *wi_lws_client_connect(
    struct wi_lws_client *client, const struct lws_client_connect_info *info)
{
    struct lws_client_connect_info own = *info;

    own.opaque_user_data = client;
    own.pwsi = &client->wsi;
    client->_why[0] = '\0';
    client->_connecting = 1;
    if (!lws_client_connect_via_info(&own))
        client->wsi = NULL;
    client->_connecting = 0;
    if (client->wsi)
        return client->wsi;
    client->events->on_end(client->context, client->_why);
    return NULL;
}

void wi_lws_client_cut(struct wi_lws_client *client)
{
    if (client->wsi)
        lws_set_timeout(client->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void wi_lws_client_leave(struct wi_lws_client *client)
{
    if (!client->wsi)
        return;
    lws_set_opaque_user_data(client->wsi, NULL);
    wi_lws_client_cut(client);
    client->wsi = NULL;
}
