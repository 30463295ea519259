/* The state of the upload endpoints: the queue of work on their files, and the timer that removes
 * old uploads. */
#ifndef WI_API_ENDPOINTS_MODELS_UPLOADS_ENDPOINT_H
#define WI_API_ENDPOINTS_MODELS_UPLOADS_ENDPOINT_H

#include "api/http/server.h"

struct wi_api_uploads;
struct wi_api_uploads *wi_api_uploads_new(const struct wi_server_deps *deps);
/* When no request is left; NULL is fine. */
void wi_api_uploads_free(struct wi_api_uploads *uploads);

#endif
