/*
 * The parts of a multipart/form-data body (RFC 7578 over RFC 2046, 5.1), as files are sent by HTML
 * forms, curl -F and clients for OpenAI's audio endpoints. The whole body is in memory; nothing of
 * it is copied.
 */
#ifndef WI_WIRE_MULTIPART_H
#define WI_WIRE_MULTIPART_H

#include "base/error.h"
#include <stddef.h>

#define WI_MULTIPART_MAX 64        /* parts in one body */
#define WI_MULTIPART_HEAD_MAX 2048 /* bytes of the headers of a part */
#define WI_MULTIPART_NAME_MAX 64   /* bytes of a part's name */

struct wi_multipart_part {
    char name[WI_MULTIPART_NAME_MAX + 1]; /* of the form's field; not empty */
    int is_file;                          /* it has a file name */
    const unsigned char *bytes;           /* of the body */
    size_t size;
};

struct wi_multipart {
    struct wi_multipart_part parts[WI_MULTIPART_MAX];
    size_t count;
};

/* Reads the `size` bytes at `body`, which `form` borrows. `content_type` is the request's, and has
 * the boundary. WI_OK, or WI_BAD_FRAMING with the fault: no boundary, no delimiter, a part that is
 * cut short or has no name, or too many parts. */
enum wi_code wi_multipart_read(struct wi_multipart *form, const char *content_type,
    const unsigned char *body, size_t size, struct wi_error *error);
/* The first part of that name, or NULL. */
const struct wi_multipart_part *wi_multipart_find(
    const struct wi_multipart *form, const char *name);

#endif
