/*
 * A trustless gateway for the published models (https://specs.ipfs.tech/http-gateways/): blocks and
 * CARs, and their list for other daemons. Nothing is fetched on behalf of clients. The functions
 * return the value for the lws callback to return.
 */
#ifndef WI_NODES_BRIDGE_HTTP_GATEWAY_H
#define WI_NODES_BRIDGE_HTTP_GATEWAY_H

#include "nodes/bridge/socket.h"

/* Serves "/ipfs/CID"; `cid` is the part after "/ipfs/". */
int wi_serve_block(struct lws *wsi, struct wi_socket *socket, const char *cid);
/* Serves "/content". */
int wi_serve_content(struct lws *wsi, struct wi_socket *socket);

#endif
