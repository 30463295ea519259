/*
 * A file and its request, from clients that send no JSON: the file alone with query parameters, or
 * a form (wire/multipart.h). It becomes the native dialect's binary body: JSON, in which {"image":
 * {"binary_data_size": n}} represents the file, and then the bytes of the file.
 */
#ifndef WI_WIRE_UPLOAD_H
#define WI_WIRE_UPLOAD_H

#include "base/blob.h"
#include "base/error.h"
#include "base/params.h"
#include <jansson.h>

/* Zero-initialise; free with wi_upload_clear. */
struct wi_upload {
    json_t *request;     /* the members added so far */
    const void *file;    /* borrowed; NULL: none yet */
    size_t size;         /* its bytes */
    size_t member_bytes; /* of everything except the file */
};
void wi_upload_clear(struct wi_upload *upload);

/* If a body of that Content-Type (NULL: no) is a file that models take, a picture or a sound: its
 * name in `inputs`, "image" or "audio"; else NULL. */
const char *wi_upload_file_name(const char *content_type);
/* The members of `inputs` that may accompany the file. */
extern const struct wi_param wi_upload_params[];
/* The bodies other than JSON, for errors. */
extern const char wi_upload_media_types[];

/* Adds a member: `name` is a member of the request or of its inputs, `text` its value, which is
 * JSON unless it is a string. `labels` may be added more than once, each time with one label.
 * WI_OK, WI_UNKNOWN_FIELD, WI_INVALID_FIELD, or WI_BAD_FRAMING for more than 128 KiB of them. */
enum wi_code wi_upload_add(struct wi_upload *upload, const char *name, const void *text,
    size_t size, struct wi_error *error);
/* Adds the file; its bytes are borrowed. WI_OK, or WI_INVALID_FIELD for a second one or an empty
 * one. */
enum wi_code wi_upload_add_file(struct wi_upload *upload, const char *name, const void *bytes,
    size_t size, struct wi_error *error);
/* Adds all of a multipart/form-data body, which is borrowed. WI_OK, or an error of the functions
 * that it calls. */
enum wi_code wi_upload_add_parts(struct wi_upload *upload, const char *content_type,
    const void *body, size_t size, struct wi_error *error);
/* Turns `body`, which has the file, into the native body, whose first `*json_size` bytes are JSON.
 * It grows by no more than those. WI_OK, WI_MISSING_FIELD (there is no file, and `body` may be
 * NULL) or WI_MEMORY_BUDGET. */
enum wi_code wi_upload_finish(
    struct wi_upload *upload, struct wi_blob *body, size_t *json_size, struct wi_error *error);

#endif
