/* Shared by the files behind uploads.h: opening an upload. */
#ifndef WI_MODELS_CATALOG_LIBRARY_UPLOADS_PRIVATE_H
#define WI_MODELS_CATALOG_LIBRARY_UPLOADS_PRIVATE_H

#include "models/catalog/library/uploads.h"

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

#endif
