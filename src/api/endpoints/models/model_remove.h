/* What leaves the store, between the endpoints that have it leave. */
#ifndef WI_API_ENDPOINTS_MODELS_MODEL_REMOVE_H
#define WI_API_ENDPOINTS_MODELS_MODEL_REMOVE_H

#include "api/http/request.h"

/* Removes the model that the request's argument names, without a variant, and answers: with what
 * that has freed, or with why it stays. `force`: requests that run on it do not keep it. */
void wi_api_remove_model(struct wi_request *request, int force);

#endif
