/* What /v1/status says of the whole, for those who watch too. */
#ifndef WI_API_ENDPOINTS_STATUS_H
#define WI_API_ENDPOINTS_STATUS_H

#include "api/http/request.h"

/* Whether it is `*ready`, and what keeps new clients from being served: NULL for nothing. `error`
 * is written to, and has the text. */
const char *wi_api_problem(const struct wi_api *api, int *ready, struct wi_error *error);
/* Sentences for the operator: a new list. */
json_t *wi_api_warnings_json(const struct wi_api *api);

#endif
