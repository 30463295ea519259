/* What is shown of nodes that were sent away, and of what was found. */
#ifndef WI_API_ENDPOINTS_PROOF_QUARANTINE_H
#define WI_API_ENDPOINTS_PROOF_QUARANTINE_H

#include "api/http/request.h"

/* Adds to an answer `quarantined`, the latest `most` nodes under quarantine, the oldest first, and
 * `quarantined_more`, how many others there are; from where they came is for admins. */
void wi_api_add_quarantined(const struct wi_request *request, size_t most, json_t *out);
/* Cross-checks by how they ended, and those that wait; new reference. */
json_t *wi_api_cross_checks_json(const struct wi_api *api);
void wi_api_quarantine_metrics(const struct wi_api *api, struct wi_buffer *out);

#endif
