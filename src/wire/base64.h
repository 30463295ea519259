/* The bytes of files in JSON. */
#ifndef WI_WIRE_BASE64_H
#define WI_WIRE_BASE64_H

#include "base/blob.h"
#include <stddef.h>

/* Base64, or a data URI of it (RFC 2397), whatever media type and parameters that has. Both
 * alphabets of RFC 4648 are read; white space is ignored, and padding may be absent. In a URI a
 * character may be escaped, such as "%2B". `*blob` is a new blob of at least one byte; NULL on
 * failure. Returns the fault of the text, as a sentence; NULL: none, but there may be no memory. */
const char *wi_base64_decode(
    const char *text, size_t length, struct wi_budget *budget, struct wi_blob **blob);

#endif
