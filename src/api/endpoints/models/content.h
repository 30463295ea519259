/* GET /v1/content: who brings blocks, and what is published, as the API shows them. */
#ifndef WI_API_ENDPOINTS_MODELS_CONTENT_H
#define WI_API_ENDPOINTS_MODELS_CONTENT_H

#include "api/http/request.h"

/* What each source has brought. Their names are those of hubs in the configuration, so that there
 * are no more series than hubs. */
void wi_api_sources_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
