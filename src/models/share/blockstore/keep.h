/*
 * The folder D/.content, and its files: each is written whole under a temporary name, brought to
 * disk, and gets its name by one rename. Blocks, but for wi_keep_commit and wi_keep_drop.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_KEEP_H
#define WI_MODELS_SHARE_BLOCKSTORE_KEEP_H

#include "base/error.h"
#include "base/secret.h"
#include <stddef.h>

#define WI_KEEP_LEAVES "leaves"
#define WI_KEEP_PINS "pins"

/* One of the two folders, open; -1 with errno. Links are not followed. */
int wi_keep_open(const char *directory, const char *what);
/* The same, made where it is missing. */
int wi_keep_make(const char *directory, const char *what);
/* Writes a file to disk under a temporary name, which `temporary` gets. 0, or -1 with errno and
 * nothing left. */
int wi_keep_stage(int folder, const void *bytes, size_t size, char temporary[WI_ID_SIZE]);
/* Gives it its name, in the place of what has that. 0, or -1 with errno and it is dropped. */
int wi_keep_commit(int folder, const char *temporary, const char *name);
void wi_keep_drop(int folder, const char *temporary);
int wi_keep_is_temporary(const char *name);
/* The bytes of a regular file of 1 to `most` bytes; the caller frees them. NULL with errno; EINVAL
 * for another kind of file, or size. */
unsigned char *wi_keep_read(int folder, const char *name, size_t most, size_t *size);
/* Says by errno why something could not be kept: WI_NO_ROOM, WI_UNAVAILABLE, WI_STORAGE_FAILED. */
enum wi_code wi_keep_failed(const char *directory, struct wi_error *error);

#endif
