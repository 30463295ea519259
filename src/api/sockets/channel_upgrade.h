/* Whether a request may become a WebSocket of channels. */
#ifndef WI_API_SOCKETS_CHANNEL_UPGRADE_H
#define WI_API_SOCKETS_CHANNEL_UPGRADE_H

#include "api/http/access_rules.h"
#include <libwebsockets.h>

#define WI_CHANNELS_PROTOCOL "webinfer.channels.v1"

/* Checks the request on `wsi`, which wants to become `upgrade` ("websocket"), or nothing (NULL).
 * Returns 0: it may. Else it was answered with a problem document, and the value is for the lws
 * callback of LWS_CALLBACK_HTTP_CONFIRM_UPGRADE to return; that of LWS_CALLBACK_HTTP returns -1. */
int wi_channel_upgrade_check(
    struct lws *wsi, const struct wi_access_rules *rules, const char *upgrade);

#endif
