/* GET /v1/openapi.json: the description, printed once, for the first who asks, off the loop. */
#ifndef WI_API_ENDPOINTS_OPENAPI_DOCUMENT_H
#define WI_API_ENDPOINTS_OPENAPI_DOCUMENT_H

#include "api/http/request.h"

struct wi_openapi_document;
/* `api` outlives it. */
struct wi_openapi_document *wi_openapi_document_new(const struct wi_api *api);
/* Its bytes are borrowed by answers: when no request is there any more. NULL is fine. */
void wi_openapi_document_free(struct wi_openapi_document *document);

#endif
