/*
 * Opening files of a store without leaving it. A file is opened first without access (O_PATH),
 * asked for its real path, and only then opened for reading through the same descriptor: what was
 * checked is what is read, and a link that leads out is never followed to the end.
 */
#ifndef WI_FORMAT_OPEN_H
#define WI_FORMAT_OPEN_H

#include "base/error.h"
#include "format/manifest.h"
#include <stddef.h>

/*
 * Why something of a store could not be opened or looked at (errno): there is none, or descriptors
 * or memory are short, which may be over later. All else (EACCES, EIO, ELOOP and others) is there,
 * and stays shut until somebody mends it. So
 *
 *   who wants this one     says why it cannot be had, unless it is missing
 *   who removes, replaces  leaves alone what is not missing
 *   who shows a list       goes on, but for a shortage: that may hide any of the others
 */
int wi_is_missing(int why);
int wi_is_shortage(int why);

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

/* So many bytes are enough. */
#define WI_GUESS_BYTES 23

#define WI_GUESS_POINTER                                                                           \
    "it is a pointer of Git LFS, not the file itself; run \"git lfs pull\" where it was cloned, "  \
    "or bring the model with webinfer pull"

int wi_guess_is_pointer(const unsigned char *head, size_t size);
/* A sentence about the usual mistakes: a pointer of Git LFS, a web page, JSON, nothing at all; NULL
 * if it looks like none of them. */
const char *wi_guess_text(const unsigned char *head, size_t size);

#endif
