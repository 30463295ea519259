/* Errors that are answered without libmicrohttpd, because it has no call for them. */
#ifndef WI_API_HTTP_REFUSAL_H
#define WI_API_HTTP_REFUSAL_H

#include "wire/dialect.h"

/* Writes the whole HTTP answer, with the error in the form of `dialect`; the connection is closed
 * after it. `request_id` may be NULL. Returns the size of the body. */
size_t wi_refusal_write(struct wi_buffer *out, const struct wi_dialect *dialect,
    const struct wi_error *error, const char *request_id);

#endif
