/* What would run a model: GET /v1/hardware, and whoever only wants to know whether anything would.
 */
#ifndef WI_API_ENDPOINTS_HARDWARE_H
#define WI_API_ENDPOINTS_HARDWARE_H

#include "api/http/request.h"

/* A usual request for the model, which does not say where; the caller's. */
struct wi_inference *wi_hardware_ask(struct wi_model *model, enum wi_model_type type);
/* As of wi_pool_hardware_json. */
json_t *wi_hardware_json(const struct wi_api *api, const struct wi_inference *asked);

#endif
