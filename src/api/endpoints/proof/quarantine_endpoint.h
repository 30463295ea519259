/* How the API shows nodes under quarantine and the results of cross-checks. */
#ifndef WI_API_ENDPOINTS_PROOF_QUARANTINE_ENDPOINT_H
#define WI_API_ENDPOINTS_PROOF_QUARANTINE_ENDPOINT_H

#include "api/http/request.h"

/* Adds to an answer `quarantined`, the latest `most` nodes under quarantine, the oldest first, and
 * `quarantined_more`, how many others there are. Only admins see the addresses from which they
 * came. */
void wi_api_add_quarantined(const struct wi_request *request, size_t most, json_t *out);
/* The counts of cross-checks by result, and of those that wait; a new reference. */
json_t *wi_api_cross_checks_json(const struct wi_api *api);
void wi_api_quarantine_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
