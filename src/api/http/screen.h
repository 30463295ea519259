/* What a request is refused for by its head alone, before its body is read. */
#ifndef WI_API_HTTP_SCREEN_H
#define WI_API_HTTP_SCREEN_H

#include "api/http/request.h"

/* WI_OK, or with `error` why the request is refused before its body is read. Its route is set if
 * there is one, also on failure. */
enum wi_code wi_request_check(struct wi_request *request, struct wi_error *error);
/* Whether the server closes, so that this request may not be handled any more. */
int wi_request_is_too_late(const struct wi_request *request);
/* The client's address; behind a trusted proxy what that one says. Borrowed from the request. */
const char *wi_request_address(const struct wi_request *request);
int wi_request_has_body(const struct wi_request *request);
/* WI_OK, or WI_UNSUPPORTED_MEDIA_TYPE where the body of one that is `untyped` is no JSON object. */
enum wi_code wi_request_check_body(const struct wi_request *request, struct wi_error *error);

#endif
