/*
 * webinferd --reload: asks the daemon that has the database of this configuration to read the
 * configuration again, and prints its answer, which a signal could not give. A connection to the
 * socket webinfer.sock in the folder of the database is the request. The answer is a line,
 * "reloaded" or "refused", and then the problems, one a line, until the end.
 */
#ifndef WI_RELOAD_H
#define WI_RELOAD_H

#include "base/buffer.h"
#include "base/loop.h"

/* Reads the configuration again: 0, or -1 with what was wrong added to `problems`, each line with
 * its end. */
typedef int wi_reload_fn(void *context, struct wi_buffer *problems);

/* Takes requests at a socket in the folder of the database at `path`, from this user and root. If
 * the socket cannot be made, the log says so, and only SIGHUP remains. */
struct wi_reload;
struct wi_reload *wi_reload_new(
    uv_loop_t *loop, const char *path, wi_reload_fn *on_request, void *context);
void wi_reload_free(struct wi_reload *reload); /* NULL is fine */

/* Asks the daemon whose database is in `folder`, waits, and prints on standard error why a reload
 * failed. Returns the exit status. */
int wi_reload_ask(const char *folder);

#endif
