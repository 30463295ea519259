/*
 * The listener's plain HTTP: the page, the files of models, and models by content. All functions
 * return the value for the lws callback to return.
 */
#ifndef WI_NODES_BRIDGE_HTTP_SERVE_H
#define WI_NODES_BRIDGE_HTTP_SERVE_H

#include "base/net/lws.h"
#include "nodes/bridge/socket.h"
#include <libwebsockets.h>

/* The lws callback of plain HTTP; also the one that refuses upgrades. */
int wi_http_serve(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length);

/* --- serve_files.c: a file is sent whole, a range of it, or not at all if the client has it --- */

/* A file of the page. */
int wi_serve_page(struct lws *wsi, struct wi_socket *socket, const char *path);
/* Tells in one word what work strangers' browsers are sent ([pool] strangers). A page asks for it
 * before its user has agreed to connect. */
int wi_serve_work(struct lws *wsi, struct wi_socket *socket);
/* Lists the siblings, one origin on a line ([bridge] endpoints). A page asks for it before it
 * follows a link that names endpoints. */
int wi_serve_endpoints(struct lws *wsi, struct wi_socket *socket);
/* Lists the peers that nodes may connect through, as wi_peers_text has them ([bridge] peers). A
 * page asks for it before it follows a link that names some, and before it connects to one. */
int wi_serve_peers(struct lws *wsi, struct wi_socket *socket);
/* Tells in one word whether devices are remembered ([bridge] devices): "yes" or "no". A page asks
 * for it before it offers that to its user. */
int wi_serve_devices(struct lws *wsi, struct wi_socket *socket);
/* "/models/NAME/HASH/PATH", for a node with its credential; or, with "?blocks", the list of the
 * blocks of such a file, if it is at least so long: the leaves of models/share/blockstore/leaves.h,
 * as they are stored. With "?blocks=ID", a ticket for that peer comes with it. */
#define WI_BLOCKS_MIN (8u << 20) /* bytes */
int wi_serve_model(struct lws *wsi, struct wi_socket *socket, const char *path);
/* Answers OPTIONS for such a file. */
int wi_serve_preflight(struct lws *wsi, struct wi_socket *socket);

#endif
