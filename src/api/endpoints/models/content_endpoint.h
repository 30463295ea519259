/* GET /v1/content: the sources of blocks and the published models, as the API shows them. */
#ifndef WI_API_ENDPOINTS_MODELS_CONTENT_ENDPOINT_H
#define WI_API_ENDPOINTS_MODELS_CONTENT_ENDPOINT_H

#include "api/http/request.h"

/* How much each source has delivered. The labels are the names of the hubs in the configuration, so
 * that there are no more series than hubs. */
void wi_api_sources_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
