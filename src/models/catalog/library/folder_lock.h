/*
 * Locks a staging folder by flock(2), so that one pull at a time fetches into it. An earlier one
 * may still be writing its last block; the lock waits for that.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_FOLDER_LOCK_H
#define WI_MODELS_CATALOG_LIBRARY_FOLDER_LOCK_H

#include "base/error.h"
#include <uv.h>

/* `folder` is open and locked until it is closed, by the caller; or -1 with an error: WI_HUB_BUSY
 * (it is locked for too long), WI_STORAGE_FAILED, WI_UNAVAILABLE (out of descriptors). */
typedef void wi_folder_lock_fn(void *context, int folder, const struct wi_error *error);
struct wi_folder_lock;
/* `on_locked` is called exactly once, never from inside, unless the lock is cancelled. */
struct wi_folder_lock *wi_folder_lock(
    uv_loop_t *loop, const char *path, wi_folder_lock_fn *on_locked, void *context);
void wi_folder_lock_cancel(struct wi_folder_lock *lock); /* no callback is called; NULL is fine */

#endif
