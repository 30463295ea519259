/*
 * Folders of a store walked without following a link, whoever may have put one there. Paths are
 * relative to an open folder. Blocks.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_STORE_PATH_H
#define WI_MODELS_CATALOG_LIBRARY_STORE_PATH_H

#include "base/error.h"
#include <dirent.h>
#include <stdint.h>
#include <sys/stat.h>

/* The folder, open for reading; -1 with errno (ENOTDIR for a link). "." is `at` itself. */
int wi_path_open(int at, const char *path);
/* The same, made where it is missing, and what holds it brought to disk. */
int wi_path_make(int at, const char *path);
/* Calls `each` for the entries, those with a dot in front too, until it gives other than 0. 0, or
 * -1 with errno where they could not be read: others may be there. */
typedef int wi_path_fn(void *context, int folder, const char *name, const struct stat *status);
int wi_path_each(int folder, wi_path_fn *each, void *context);
/* The bytes on disk of files that have no other name left are added to `*freed`. A tree that is
 * deeper than any model's stays in part. */
void wi_path_remove(int at, const char *name, uint64_t *freed);
/* Gives the file a second name, in the place of what has that name: by one rename, so that this is
 * there until then, and stays where no link can be made. Both folders are open; `to` must be free
 * to have a file WI_PATH_FRESH for that moment. 0, or -1 with errno. */
#define WI_PATH_FRESH ".fresh"
int wi_path_link(int from, const char *file, int to, const char *name);
/* Brings a tree's folders to disk, whose files are there: 0 or -1. */
int wi_path_sync(int folder);
/* Says what was to be done to the store, and why it could not be (errno): WI_UNAVAILABLE for a
 * shortage (wi_is_shortage), else WI_STORAGE_FAILED. errno stays. */
enum wi_code wi_path_failed(const char *directory, const char *what, struct wi_error *error);

#endif
