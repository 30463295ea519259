/*
 * Walks folders of a store without ever following a link. Paths are relative to an open folder.
 * Blocks.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_STORE_PATH_H
#define WI_MODELS_CATALOG_LIBRARY_STORE_PATH_H

#include "base/error.h"
#include "base/file.h"
#include <stdint.h>
#include <sys/stat.h>

/* The folder, open for reading; -1 with errno (ENOTDIR for a link). "." is `at` itself. */
int wi_path_open(int at, const char *path);
/* The same; makes it if it is missing, and syncs its parent to disk. */
int wi_path_make(int at, const char *path);
/* The folder that has the file or folder `path`, open, made if `make`; `*last` becomes the end of
 * `path` there. -1 with errno. */
int wi_path_open_above(int at, const char *path, int make, const char **last);
/* As wi_path_each for a folder that is not open; -1 with errno also if it cannot be opened. */
int wi_path_each_in(int at, const char *path, wi_path_fn *each, void *context);
/* The whole of a regular file that is open (`fd` negative: none) and has at most `max` bytes, with
 * a NUL after its `*size` bytes; the caller frees it. NULL, with errno where that says why. */
char *wi_path_text(int fd, size_t max, size_t *size);
/* The same for a file by its name, not following a link. */
char *wi_path_read(int folder, const char *name, size_t max, size_t *size);
/* Removes a file or tree. The bytes on disk of files that have no other name left are added to
 * `*freed`. A tree deeper than any model's remains in part. */
void wi_path_remove(int at, const char *name, uint64_t *freed);
/* Gives the file a second name, replacing what has that name by one rename: the old file is there
 * until then, and stays if no link can be made. Both folders are open; for a moment `to` has a file
 * WI_PATH_FRESH, so that name must be free. 0, or -1 with errno. */
#define WI_PATH_FRESH ".fresh"
int wi_path_link(int from, const char *file, int to, const char *name);
/* Syncs the folders of a tree to disk, and its files unless these are synced already: 0 or -1. */
int wi_path_sync(int folder, int files);
/* Sets the error of an operation on the store: `what`, and why (errno). WI_UNAVAILABLE for a
 * shortage (wi_is_shortage), else WI_STORAGE_FAILED. errno is unchanged. */
enum wi_code wi_path_failed(const char *directory, const char *what, struct wi_error *error);

#endif
