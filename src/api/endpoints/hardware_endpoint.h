/* The hardware that would run a model: GET /v1/hardware, and callers that only ask whether there is
 * any. */
#ifndef WI_API_ENDPOINTS_HARDWARE_ENDPOINT_H
#define WI_API_ENDPOINTS_HARDWARE_ENDPOINT_H

#include "api/http/request.h"

/* A usual request for the model without a wish where it runs; owned by the caller. */
struct wi_inference *wi_hardware_ask(struct wi_model *model, enum wi_model_type type);
/* As wi_pool_hardware_json. */
json_t *wi_hardware_json(const struct wi_api *api, const struct wi_inference *asked);

#endif
