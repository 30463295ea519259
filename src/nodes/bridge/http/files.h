/*
 * A small file server: the page, and the files of models. A file is sent whole or as a range of it,
 * or not at all if the client already has it. The functions return the value for the lws callback
 * to return.
 */
#ifndef WI_NODES_BRIDGE_HTTP_FILES_H
#define WI_NODES_BRIDGE_HTTP_FILES_H

#include "nodes/bridge/socket.h"

/* A file of the page. */
int wi_serve_page(struct lws *wsi, struct wi_socket *socket, const char *path);
/* Tells in one word what work strangers' browsers are sent ([pool] strangers). A page asks for it
 * before its user has agreed to connect. */
int wi_serve_work(struct lws *wsi, struct wi_socket *socket);
/* "/models/NAME/HASH/PATH", for a node with its credential. */
int wi_serve_model(struct lws *wsi, struct wi_socket *socket, const char *path);

#endif
