/* GET /v1/openapi.json: the description, printed once, on a thread, for the first request. */
#ifndef WI_API_ENDPOINTS_OPENAPI_DOCUMENT_H
#define WI_API_ENDPOINTS_OPENAPI_DOCUMENT_H

#include "api/http/request.h"

struct wi_openapi_document;
/* `api` outlives it. */
struct wi_openapi_document *wi_openapi_document_new(const struct wi_api *api);
/* Answers borrow its bytes: only when no request is left. NULL is fine. */
void wi_openapi_document_free(struct wi_openapi_document *document);

#endif
