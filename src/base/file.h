/*
 * Files by their paths inside a folder, opened without leaving it. A file is opened first without
 * access (O_PATH), asked for its real path, and only then opened for reading through the same
 * descriptor: what was checked is what is read, and a link that leads out is never followed to the
 * end.
 */
#ifndef WI_BASE_FILE_H
#define WI_BASE_FILE_H

#include "base/error.h"
#include <sys/stat.h>

#define WI_FILE_PATH_MAX 255 /* bytes of a path inside a model's folder */

/* Whether a path leads nowhere but into the folder, and needs no escaping in a URL or in JSON:
 * segments of letters, digits and "._-@=~,", none of which begins with a dot. */
int wi_file_path_ok(const char *path);

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
/* Whether nothing more can be written there (errno): of the disk, or of a user's share of it. */
int wi_is_full(int why);

/* Where a user's programs keep what is to outlive them (XDG Base Directory Specification):
 * $XDG_STATE_HOME/webinfer, else HOME/.local/state/webinfer. NULL where neither is an absolute
 * path; `home` may be NULL. The caller frees. */
char *wi_state_folder(const char *home);

/* An open regular file FOLDER/FILE that lies, links followed, under the folder `within`; -1 with
 * `error`: WI_MODEL_NOT_FOUND, WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
int wi_open_inside(const char *within, const char *folder, const char *file, struct stat *status,
    struct wi_error *error);
/* Says by errno why `file` cannot be opened; errors as above. */
enum wi_code wi_cannot_open(const char *file, struct wi_error *error);
/* WI_OK if the folder itself lies, links followed, under `within`; errors as above. */
enum wi_code wi_check_inside(const char *within, const char *folder, struct wi_error *error);

#endif
