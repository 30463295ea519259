/* Nodes as the API shows them. */
#ifndef WI_API_ENDPOINTS_NODES_H
#define WI_API_ENDPOINTS_NODES_H

#include "api/http/request.h"

/* The row of /v1/nodes of one, with what users are not shown only if `everything`: a new reference;
 * NULL if there is none. */
json_t *wi_api_node_json(const struct wi_api *api, const char *id, int everything);

#endif
