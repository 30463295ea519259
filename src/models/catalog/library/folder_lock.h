/*
 * A staging folder belongs to one who fetches into it at a time, by flock(2): whoever did so last
 * may still be at its last block, and is waited for.
 */
#ifndef WI_MODELS_CATALOG_LIBRARY_FOLDER_LOCK_H
#define WI_MODELS_CATALOG_LIBRARY_FOLDER_LOCK_H

#include "base/error.h"
#include <uv.h>

/* `folder` is open and locked until it is closed, which is the caller's; or -1 and why not:
 * WI_HUB_BUSY (somebody has it for long), WI_STORAGE_FAILED, WI_UNAVAILABLE (out of descriptors).
 */
typedef void wi_folder_lock_fn(void *context, int folder, const struct wi_error *error);
struct wi_folder_lock;
/* Called exactly once, never from inside, unless it is cancelled. */
struct wi_folder_lock *wi_folder_lock(
    uv_loop_t *loop, const char *path, wi_folder_lock_fn *on_locked, void *context);
void wi_folder_lock_cancel(struct wi_folder_lock *lock); /* no callback comes; NULL is fine */

#endif
