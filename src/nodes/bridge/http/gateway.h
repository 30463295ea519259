/*
 * A trustless gateway of what is published here (https://specs.ipfs.tech/http-gateways/): blocks
 * and CARs, and the list of it for other daemons. Nothing is fetched for those who ask. The values
 * are for the lws callback to return.
 */
#ifndef WI_NODES_BRIDGE_HTTP_GATEWAY_H
#define WI_NODES_BRIDGE_HTTP_GATEWAY_H

#include "nodes/bridge/socket.h"

/* "/ipfs/CID", of which `cid` is what stands behind "/ipfs/". */
int wi_serve_block(struct lws *wsi, struct wi_socket *socket, const char *cid);
/* "/content". */
int wi_serve_content(struct lws *wsi, struct wi_socket *socket);

#endif
