/*
 * Models that clients send file by file. An upload is a staging folder (see versions.h) whose ID
 * begins with "upload-": request.json has what was announced, the progress of a file is its length,
 * and there is no other record of an upload. So a restart changes nothing for it.
 *
 * Locks are by flock(2). Sending a file locks that file, and its folder, shared, while a piece is
 * written. Publishing or removing an upload locks request.json; publishing also locks the folder,
 * exclusively. Nothing waits for a lock: the second caller gets an error.
 *
 * Everything blocks, for worker threads, but for the object of all uploads: its functions, and
 * those of models/models.h, have the one thread for all uploads and the queue of changes do so.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_UPLOADS_H
#define WI_MODELS_CATALOG_LIBRARY_UPLOADS_H

#include "models/catalog/library/source.h"
#include "models/models.h"

#define WI_UPLOADS_MAX 16            /* at a time */
#define WI_UPLOAD_KEPT_S (24 * 3600) /* removed after so long without a request */

#define WI_UPLOAD_PREFIX "upload" /* of wi_id_new */
int wi_upload_is_id(const char *id);

/* All is borrowed and must outlive this. From now on collects abandoned uploads, once an hour. */
struct wi_uploads *wi_uploads_new(
    uv_loop_t *loop, struct wi_repository *repository, struct wi_versions_work *versions);
/* No callback is called any more; what runs on the thread frees itself later. NULL is fine. */
void wi_uploads_free(struct wi_uploads *uploads);

/* --- what was announced ----------------------------------------------------------------------- */

/* Zero-initialise; free with wi_upload_order_clear. */
struct wi_upload_order {
    char *name;      /* of the model */
    int64_t made_ms; /* Unix milliseconds, unique, in the order in which uploads are staged */
    struct wi_source files; /* `first`, unless it may replace a model */
};
void wi_upload_order_clear(struct wi_upload_order *order);
/* WI_OK, WI_INVALID_FIELD for paths that exclude each other, or WI_MODEL_INVALID for a path that no
 * format takes. Pure. */
enum wi_code wi_upload_order_check(const struct wi_upload_order *order, struct wi_error *error);
/* The text of request.json; the caller frees it. */
char *wi_upload_order_print(const struct wi_upload_order *order);

/* The counterpart of wi_upload_order_print: 0, or -1 and still empty if it is malformed. Pure.
 * Public for tests. */
int wi_upload_order_parse(const char *text, size_t size, struct wi_upload_order *order);

/* WI_CONFLICT if a model `name` was pulled or uploaded. */
enum wi_code wi_upload_taken(const char *directory, const char *name, struct wi_error *error);

/* --- its files -------------------------------------------------------------------------------- */

/* Whether the upload `id`, whose staging folder was opened just now, may continue: WI_CONFLICT if a
 * model of its name exists that it may not replace, WI_QUEUE_FULL if WI_UPLOADS_MAX others were
 * made before it. Makes its empty files. */
enum wi_code wi_upload_admit(const char *directory, const char *id, struct wi_error *error);

/* Consecutive bytes of one file. Zero-initialise, and set the first three, which are borrowed, and
 * the fourth; end with wi_upload_part_close. */
struct wi_upload_part {
    const char *directory, *id, *path;
    uint64_t position;   /* the file's length, here */
    int is_open, fd;     /* held alone */
    uint64_t begin, end; /* where this part began; as announced */
};
/* Adds bytes. The first call opens the announced file to append after its first `position` bytes.
 * WI_OK, or an error of wi_upload_bring. */
enum wi_code wi_upload_part_add(
    struct wi_upload_part *part, const void *bytes, size_t size, struct wi_error *error);
void wi_upload_part_close(struct wi_upload_part *part); /* fine where none was opened */

/* Locks an upload, so that no other request publishes or removes it: a descriptor, which the caller
 * closes, or -1 with WI_NOT_FOUND, WI_CONFLICT, WI_STORAGE_FAILED or WI_UNAVAILABLE. */
int wi_upload_hold(const char *directory, const char *id, struct wi_error *error);

struct wi_upload_check;
/* Locks an upload whose files all have the announced length, and keeps files from being sent, if
 * `*check` is NULL. Then hashes at most about `most` bytes: 1 if there is more to do, 0 when all
 * files are as announced, and on disk; -1 with an error as for wi_upload_hold, WI_CONFLICT for the
 * first incomplete file, with the position from which bytes are missing, or WI_MODEL_INVALID for a
 * file that is not as announced, which is dropped then. The caller closes `*check`, also after an
 * error. */
int wi_upload_check(const char *directory, const char *id, uint64_t most,
    struct wi_upload_check **check, struct wi_error *error);
/* Borrowed from a check that has been opened. */
const struct wi_upload_order *wi_upload_check_order(const struct wi_upload_check *check);
void wi_upload_check_close(struct wi_upload_check *check); /* NULL is fine */

/* --- for the files behind this header -------------------------------------------------------- */

/* An upload that was opened; its descriptors are those of request.json and of the files' folder. */
struct wi_upload_place {
    int request, files; /* -1: none */
    struct wi_upload_order order;
};
/* Opens the upload, and notes that it had a request. WI_OK, or an error, after which
 * wi_upload_leave is not needed. */
enum wi_code wi_upload_enter(
    const char *directory, const char *id, struct wi_upload_place *place, struct wi_error *error);
void wi_upload_leave(struct wi_upload_place *place);
/* Sets the error that there is no such upload: WI_NOT_FOUND. */
enum wi_code wi_upload_missing(const char *id, struct wi_error *error);
/* Opens a file of the open folder for writing, and creates it if it is missing; -1 with errno. */
int wi_upload_make_file(int folder, const char *path);

/* --- all of them ------------------------------------------------------------------------------ */

/* Bytes that uploads have announced but not sent; if `id` (may be NULL) is an upload, only of
 * uploads made before it. */
uint64_t wi_uploads_coming(const char *directory, const char *id);
/* Whether an upload has had no request for WI_UPLOAD_KEPT_S, so that it is removed. `pulling` is
 * the open folder of all stagings. */
int wi_upload_is_over(int pulling, const char *id);

#endif
