/* A session's directory below the instance's: its browser writes only there. */
#ifndef WI_BROWSER_HOME_H
#define WI_BROWSER_HOME_H

#include "browser/instance.h"
#include "browser/kinds.h"

/* Makes it with its folders; the caller frees the path. NULL with `error` filled. */
char *wi_home_make(struct wi_instance *instance, const char *session_id, struct wi_error *error);
/* Writes the launch's files into it. WI_OK or WI_UNAVAILABLE. */
enum wi_code wi_home_write(
    const char *directory, const struct wi_launch *launch, struct wi_error *error);
/* Removes it, on a worker thread, and the files of its display elsewhere; `done` follows. */
void wi_home_remove(uv_loop_t *loop, const char *directory, wi_remove_fn *done, void *context);

/* Removes the socket of the display that webinfer-desk noted in `directory`/run, if it had one, its
 * server is gone and no other server has taken the number since. Public for tests. */
void wi_display_tidy(const char *directory);

#endif
