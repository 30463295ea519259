/* Models as the API shows them, also inside /v1/status. */
#ifndef WI_API_ENDPOINTS_NODES_H
#define WI_API_ENDPOINTS_NODES_H

#include "api/http/request.h"

json_t *wi_api_models_json(const struct wi_api *api); /* a new list, as last read */

#endif
