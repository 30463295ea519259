/*
 * The folder D/.content and its files. Each file is written whole under a temporary name, synced to
 * disk, and then renamed to its own name. All functions block, except wi_keep_commit and
 * wi_keep_drop.
 */
#ifndef WI_MODELS_SHARE_BLOCKSTORE_KEEP_H
#define WI_MODELS_SHARE_BLOCKSTORE_KEEP_H

#include "base/error.h"
#include "base/secret.h"
#include <stddef.h>

#define WI_KEEP_LEAVES "leaves"
#define WI_KEEP_PINS "pins"

/* Opens one of the two folders; with `make`, creates it if it is missing. -1 with errno. Links are
 * not followed. */
int wi_keep_open(const char *directory, const char *what, int make);
/* Writes a file to disk under a temporary name, which `temporary` receives. 0, or -1 with errno and
 * no file left. */
int wi_keep_stage(int folder, const void *bytes, size_t size, char temporary[WI_ID_SIZE]);
/* Renames the file, replacing any of that name. 0, or -1 with errno and the file is removed. */
int wi_keep_commit(int folder, const char *temporary, const char *name);
void wi_keep_drop(int folder, const char *temporary);
int wi_keep_is_temporary(const char *name);
/* Describes by errno why something could not be stored: WI_NO_ROOM, WI_UNAVAILABLE,
 * WI_STORAGE_FAILED. */
enum wi_code wi_keep_failed(const char *directory, struct wi_error *error);

#endif
