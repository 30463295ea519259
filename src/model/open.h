/*
 * Opening files of a store without leaving it. A file is opened first without access (O_PATH),
 * asked for its real path, and only then opened for reading through the same descriptor: what was
 * checked is what is read, and a link that leads out is never followed to the end.
 */
#ifndef WI_MODEL_OPEN_H
#define WI_MODEL_OPEN_H

#include "base/error.h"
#include "model/manifest.h"

/* An open regular file FOLDER/FILE that lies, links followed, under the folder `within`; -1 with
 * `error`: WI_MODEL_NOT_FOUND, WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
int wi_open_inside(const char *within, const char *folder, const char *file, struct stat *status,
    struct wi_error *error);
/* Says by errno why `file` cannot be opened; errors as above. */
enum wi_code wi_cannot_open(const char *file, struct wi_error *error);
/* WI_OK if the folder itself lies, links followed, under `within`; errors as above. */
enum wi_code wi_check_inside(const char *within, const char *folder, struct wi_error *error);
/* The whole of a small file as text with a NUL behind it; NULL with `error`. `within` as above. */
char *wi_read_inside(const char *within, const char *folder, const char *file, size_t max,
    size_t *size, struct wi_error *error);

#endif
