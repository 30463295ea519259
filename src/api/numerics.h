/* What the numerics guard found, for /v1/models, /v1/status and /metrics. */
#ifndef WI_API_NUMERICS_H
#define WI_API_NUMERICS_H

#include "api/request.h"

/* {"exempt", "verdicts"} of one model; a new reference. */
json_t *wi_api_model_numerics_json(const struct wi_api *api, const struct wi_model *model);
/* {"mode", "verdicts", "probes"}; a new reference. */
json_t *wi_api_numerics_json(const struct wi_api *api);
void wi_api_numerics_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
