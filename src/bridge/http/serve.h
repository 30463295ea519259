/* The listener's plain HTTP: the page, the files of models, and models by content. */
#ifndef WI_BRIDGE_HTTP_SERVE_H
#define WI_BRIDGE_HTTP_SERVE_H

#include "bridge/socket.h"

/* The lws callback of plain HTTP; also the one that refuses upgrades. */
int wi_http_serve(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);

/* --- what it answers with; the value is for the lws callback to return ------------------------ */

/* A file of the page: page.c. */
int wi_serve_page(struct lws *wsi, struct wi_socket *socket, const char *path);
/* What browsers of others are sent ([pool] strangers), in a word: page.c. */
int wi_serve_work(struct lws *wsi, struct wi_socket *socket);
/* "/ipfs/CID", of which `cid` is what stands behind "/ipfs/", and "/content": gateway.c. */
int wi_serve_block(struct lws *wsi, struct wi_socket *socket, const char *cid);
int wi_serve_content(struct lws *wsi, struct wi_socket *socket);
/* "/models/NAME/HASH/PATH", for a node with its credential: model_files.c. */
int wi_serve_model(struct lws *wsi, struct wi_socket *socket, const char *path);

#endif
