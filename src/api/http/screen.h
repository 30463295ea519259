/* The checks of a request's head, before its body is read. */
#ifndef WI_API_HTTP_SCREEN_H
#define WI_API_HTTP_SCREEN_H

#include "api/http/request.h"

/* WI_OK, or with `error` why the request is refused before its body is read. Its route is set if
 * there is one, also on failure. */
enum wi_code wi_request_check(struct wi_request *request, struct wi_error *error);
/* Whether the server is closing, so that this request may not be handled any more. */
int wi_request_is_too_late(const struct wi_request *request);
/* The client's address; behind a trusted proxy, the address that the proxy reports. Borrowed from
 * the request. */
const char *wi_request_address(const struct wi_request *request);
int wi_request_has_body(const struct wi_request *request);
/* WI_OK, or WI_UNSUPPORTED_MEDIA_TYPE if the request is `untyped` and its body is no JSON object.
 */
enum wi_code wi_request_check_body(const struct wi_request *request, struct wi_error *error);

#endif
