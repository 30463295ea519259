/* What the files behind uploads.h share: how an upload is opened. */
#ifndef WI_MODELS_CATALOG_LIBRARY_UPLOADS_PRIVATE_H
#define WI_MODELS_CATALOG_LIBRARY_UPLOADS_PRIVATE_H

#include "models/catalog/library/uploads.h"

/* An upload that was opened; its descriptors are those of request.json and of the files' folder. */
struct wi_upload_place {
    int request, files; /* -1: none */
    struct wi_upload_order order;
};
/* Opens it, and notes that it had a request. WI_OK, or an error with which there is nothing to
 * leave. */
enum wi_code wi_upload_enter(
    const char *directory, const char *id, struct wi_upload_place *place, struct wi_error *error);
void wi_upload_leave(struct wi_upload_place *place);
/* Says that there is no such upload: WI_NOT_FOUND. */
enum wi_code wi_upload_missing(const char *id, struct wi_error *error);
/* A file of the open folder, made where there is none, open for writing; -1 with errno. */
int wi_upload_make_file(int folder, const char *path);

#endif
