/* Removal from the store, shared by the endpoints that remove models. */
#ifndef WI_API_ENDPOINTS_MODELS_MODEL_REMOVE_H
#define WI_API_ENDPOINTS_MODELS_MODEL_REMOVE_H

#include "api/http/request.h"

/* Removes the model that the request's argument names, without a variant, and answers with how many
 * bytes that freed, or with the reason why it stays. `force`: also while requests run on it. */
void wi_api_remove_model(struct wi_request *request, int force);

#endif
