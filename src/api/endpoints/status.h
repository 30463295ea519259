/* The overall state in /v1/status, also for clients that watch. */
#ifndef WI_API_ENDPOINTS_STATUS_H
#define WI_API_ENDPOINTS_STATUS_H

#include "api/http/request.h"

/* Sets `*ready`, and returns the reason why new clients are not served; NULL: there is none.
 * `error` is written to and owns the text. */
const char *wi_api_problem(const struct wi_api *api, int *ready, struct wi_error *error);
/* Sentences for the operator: a new list. */
json_t *wi_api_warnings_json(const struct wi_api *api);

#endif
