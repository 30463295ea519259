/*
 * A small file server: the page, and the files of models. What was found is sent whole or a range
 * of it, or not at all where the client has it already. The values are for the lws callback to
 * return.
 */
#ifndef WI_NODES_BRIDGE_HTTP_FILES_H
#define WI_NODES_BRIDGE_HTTP_FILES_H

#include "nodes/bridge/socket.h"

/* A file of the page. */
int wi_serve_page(struct lws *wsi, struct wi_socket *socket, const char *path);
/* What browsers of others are sent ([pool] strangers), in a word: a page asks before its person has
 * said that it may connect. */
int wi_serve_work(struct lws *wsi, struct wi_socket *socket);
/* "/models/NAME/HASH/PATH", for a node with its credential. */
int wi_serve_model(struct lws *wsi, struct wi_socket *socket, const char *path);

#endif
