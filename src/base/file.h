/*
 * Files by their paths inside a folder, opened without leaving it. A file is first opened without
 * access (O_PATH), then its real path is read, and only then it is opened for reading through the
 * same descriptor: the file that was checked is the one that is read, and a link that leads out of
 * the folder is never followed to its target.
 */
#ifndef WI_BASE_FILE_H
#define WI_BASE_FILE_H

#include "base/error.h"
#include <stddef.h>
#include <sys/stat.h>

#define WI_FILE_PATH_MAX 255 /* bytes of a path inside a model's folder */

/* Whether a path cannot leave the folder and needs no escaping in a URL or in JSON: its segments
 * have letters, digits and "._-@=~," only, and none begins with a dot. */
int wi_file_path_ok(const char *path);

/*
 * Why something in a store could not be opened or examined (errno): it is missing, or descriptors
 * or memory are short, which may pass. With any other error (EACCES, EIO, ELOOP and others) it
 * exists, and stays inaccessible until an operator repairs it. So code that
 *
 *   needs the thing            says why it is not available, unless it is missing
 *   removes or replaces it     leaves it alone, unless it is missing
 *   shows a list               skips it and goes on, except in a shortage, which may hide others
 */
int wi_is_missing(int why);
int wi_is_shortage(int why);
/* Whether nothing more can be written (errno): the disk is full, or a user's quota. */
int wi_is_full(int why);

/* Calls `each` for the entries of an open folder, including those that begin with a dot, until it
 * returns other than 0. 0, or -1 with errno if they could not be read: there may be others.
 * Blocks. */
typedef int wi_path_fn(void *context, int folder, const char *name, const struct stat *status);
int wi_path_each(int folder, wi_path_fn *each, void *context);

/* Writes a new file to disk; does not sync its folder. 0, or -1 with errno (EEXIST: the name is
 * taken) and no file. Blocks. */
int wi_file_write(int folder, const char *name, const void *bytes, size_t size, mode_t mode);
/* Makes or replaces a file: writes NAME.new, renames it, and syncs the folder, so that NAME is a
 * whole file at any time. 0, or -1 with errno; the next call removes a NAME.new that is left. One
 * thread at a time may replace a name. Blocks. */
int wi_file_replace(int folder, const char *name, const void *bytes, size_t size, mode_t mode);

/* The folder for a user's state that outlives a program (XDG Base Directory Specification):
 * $XDG_STATE_HOME/webinfer, else HOME/.local/state/webinfer. NULL if neither is an absolute path;
 * `home` may be NULL. The caller frees it. */
char *wi_state_folder(const char *home);

/* Opens the regular file FOLDER/FILE, which must be under the folder `within` once links are
 * followed. The caller closes the descriptor. -1 with `error`: WI_MODEL_NOT_FOUND,
 * WI_MODEL_INVALID, WI_UNAVAILABLE (out of descriptors). */
int wi_open_inside(const char *within, const char *folder, const char *file, struct stat *status,
    struct wi_error *error);
/* Describes by errno why `file` cannot be opened; errors as above. */
enum wi_code wi_cannot_open(const char *file, struct wi_error *error);
/* WI_OK if the folder itself is under `within` once links are followed; errors as above. */
enum wi_code wi_check_inside(const char *within, const char *folder, struct wi_error *error);

#endif
