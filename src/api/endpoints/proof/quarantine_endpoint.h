/* How the API shows nodes under quarantine and the results of cross-checks. */
#ifndef WI_API_ENDPOINTS_PROOF_QUARANTINE_ENDPOINT_H
#define WI_API_ENDPOINTS_PROOF_QUARANTINE_ENDPOINT_H

#include "api/http/request.h"

/* The latest `most` nodes under quarantine, the oldest first, a new list; `more`: how many others
 * there are. Only admins see the addresses from which they came. */
json_t *wi_api_quarantined_json(const struct wi_request *request, size_t most, size_t *more);
/* The counts of cross-checks by result, and of those that wait; a new reference. */
json_t *wi_api_cross_checks_json(const struct wi_api *api);
void wi_api_quarantine_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
