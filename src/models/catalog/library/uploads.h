/*
 * Models that clients send file by file. An upload is a staging folder (see versions.h) whose ID
 * begins with "upload-": request.json has what was announced, the progress of a file is its length,
 * and there is no other record of an upload. So a restart changes nothing for it.
 *
 * Locks are by flock(2). Sending a file locks that file, and its folder, shared, while a piece is
 * written. Publishing or removing an upload locks request.json; publishing also locks the folder,
 * exclusively. Nothing waits for a lock: the second caller gets an error.
 *
 * Everything blocks, for worker threads.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_UPLOADS_H
#define WI_MODELS_CATALOG_LIBRARY_UPLOADS_H

#include "models/catalog/library/source.h"
#include "models/models.h"

#define WI_UPLOADS_MAX 16            /* at a time */
#define WI_UPLOAD_KEPT_S (24 * 3600) /* removed after so long without a request */

int wi_upload_is_id(const char *id);

/* --- what was announced ----------------------------------------------------------------------- */

/* The counterpart of wi_upload_order_print: 0, or -1 and still empty if it is malformed. Pure.
 * Public for tests. */
int wi_upload_order_parse(const char *text, size_t size, struct wi_upload_order *order);

/* WI_CONFLICT if a model `name` was pulled or uploaded. */
enum wi_code wi_upload_taken(const char *directory, const char *name, struct wi_error *error);

/* --- all of them ------------------------------------------------------------------------------ */

/* Bytes that uploads have announced but not sent; if `id` (may be NULL) is an upload, only of
 * uploads made before it. */
uint64_t wi_uploads_coming(const char *directory, const char *id);
/* Whether an upload has had no request for WI_UPLOAD_KEPT_S, so that it is removed. `pulling` is
 * the open folder of all stagings. */
int wi_upload_is_over(int pulling, const char *id);

#endif
