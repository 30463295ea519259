/* Nodes as the API shows them. */
#ifndef WI_API_ENDPOINTS_NODES_ENDPOINT_H
#define WI_API_ENDPOINTS_NODES_ENDPOINT_H

#include "api/http/request.h"

/* The row of one node in /v1/nodes, a new reference; NULL if there is no such node. `everything`:
 * including the members that users are not shown. */
json_t *wi_api_node_json(const struct wi_api *api, const char *id, int everything);
/* What a page has reported that its browser can do: the form Abilities; a new reference. */
json_t *wi_api_abilities_json(const struct wi_node_info *page);

#endif
