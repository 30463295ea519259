/* The bytes of files in JSON. */
#ifndef WI_WIRE_BASE64_H
#define WI_WIRE_BASE64_H

#include "base/blob.h"
#include <stddef.h>

enum wi_base64 {
    WI_BASE64_OK,
    WI_BASE64_EMPTY,
    WI_BASE64_SHORT,
    WI_BASE64_WRONG,
    WI_BASE64_URI, /* a data URI that has no base64 */
    WI_BASE64_NO_MEMORY
};

/* Base64, or a data URI of it (RFC 2397), whatever media type and parameters that has. Both
 * alphabets of RFC 4648 are read; white space is ignored, and padding may be absent. In a URI a
 * character may be escaped, such as "%2B". `*blob` is a new blob of at least one byte; NULL on
 * failure. */
enum wi_base64 wi_base64_decode(
    const char *text, size_t length, struct wi_budget *budget, struct wi_blob **blob);
/* The fault of the text, as a sentence. */
const char *wi_base64_problem(enum wi_base64 result);

#endif
