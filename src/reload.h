/*
 * webinferd --reload: asks the daemon that has the database of this configuration to read it again,
 * and tells its answer, which a signal could not. A connection to the socket webinfer.sock beside
 * the database is the request; the answer is a line, "reloaded" or "refused", and then the
 * problems, one a line, until the end.
 */
#ifndef WI_RELOAD_H
#define WI_RELOAD_H

#include "base/buffer.h"
#include "base/loop.h"

/* Reads the configuration again: 0, or -1 with what was wrong added to `problems`, each line with
 * its end. */
typedef int wi_reload_fn(void *context, struct wi_buffer *problems);

/* Takes requests at a socket in the folder of the database at `path`, from this user and root.
 * Where there can be none the log says so, and SIGHUP remains. */
struct wi_reload;
struct wi_reload *wi_reload_new(
    uv_loop_t *loop, const char *path, wi_reload_fn *on_request, void *context);
void wi_reload_free(struct wi_reload *reload); /* NULL is fine */

/* Asks the daemon whose database is in `folder`, waits, and says on standard error why it was not
 * done. The status to exit with. */
int wi_reload_ask(const char *folder);

#endif
