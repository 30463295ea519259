/* How a request is answered, between the files of requests; handlers answer by request.h. */
#ifndef WI_API_HTTP_HTTP_ANSWER_H
#define WI_API_HTTP_HTTP_ANSWER_H

#include "api/http/request.h"

/* Has the answer name the parameters that its reader has ignored, if there are any. */
void wi_request_note_ignored(struct wi_request *request, const struct wi_strings *names);
/* Makes `response` for an error. */
void wi_request_make_problem(struct wi_request *request, const struct wi_error *error);
/* Its client's share of the memory budget. */
struct wi_share *wi_request_share(struct wi_request *request);
/* Tells the client's share how many bytes of the budget the body takes, wherever the body is now.
 */
void wi_request_hold_body(struct wi_request *request, size_t bytes);
void wi_request_drop_body(struct wi_request *request);
/* Refuses the request in the middle of its body. With TLS the rest is dropped for a moment, and
 * then the request is answered properly. */
void wi_request_refuse_midway(struct wi_request *request, const struct wi_error *error);
/* Writes an error to the socket without libmicrohttpd, ends our side of the connection, and for a
 * moment drops the bytes that still come. Only without TLS and before anything was queued. */
void wi_request_linger(struct wi_request *request, const struct wi_error *error);

#endif
