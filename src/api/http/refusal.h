/* Errors that are answered past libmicrohttpd, where it has no call for it. */
#ifndef WI_API_HTTP_REFUSAL_H
#define WI_API_HTTP_REFUSAL_H

#include "wire/dialect.h"

/* The whole HTTP answer with the error as `dialect` says it, after which the connection is closed.
 * `request_id` may be NULL. Returns the size of the body. */
size_t wi_refusal_write(struct wi_buffer *out, const struct wi_dialect *dialect,
    const struct wi_error *error, const char *request_id);

#endif
