/* Errors as clients see them: RFC 9457 problem documents. */
#ifndef WI_WIRE_PROBLEM_H
#define WI_WIRE_PROBLEM_H

#include "base/buffer.h"
#include "base/error.h"

#define WI_PROBLEM_MEDIA_TYPE "application/problem+json"
/* `type` is this and the code's name; it is stable and resolves to nothing (RFC 9457, 3.1.1). */
#define WI_PROBLEM_URI "urn:webinfer:error:"

/* Appends the document: type, title, status, detail, code, and if they apply field, expected,
 * allowed, attempts, failures (a list of {node, reason, times}), and request_id (may be NULL). */
void wi_problem_write(struct wi_buffer *out, const struct wi_error *error, const char *request_id);
/* Appends the same as one JSON string, for forms of errors without the members expected and
 * allowed, which may be "". */
void wi_problem_sentence(
    struct wi_buffer *out, const char *detail, const char *expected, const char *allowed);

#endif
