/* The listener's plain HTTP: the page, the files of models, and models by content. */
#ifndef WI_NODES_BRIDGE_HTTP_SERVE_H
#define WI_NODES_BRIDGE_HTTP_SERVE_H

#include "base/net/lws.h"
#include <libwebsockets.h>

/* The lws callback of plain HTTP; also the one that refuses upgrades. */
int wi_http_serve(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);

#endif
