/*
 * The daemon's own directory for this run, under $RUNTIME_DIRECTORY or the temporary directory:
 * profiles, HOME and XDG directories of everything we start. It is locked (flock) while we live, or
 * a helper that we have started with it. The last helper of a killed daemon removes it; if the
 * helpers were killed, too, a later start does.
 */
#ifndef WI_BROWSER_INSTANCE_H
#define WI_BROWSER_INSTANCE_H

#include "base/error.h"
#include "base/loop.h"

/* Others read the members. */
struct wi_instance {
    char *path; /* NULL: there is none */
    int folder_fd;
    int lock_fd; /* holds the lock, for a helper to inherit */
};
/* Makes and locks a fresh directory, and sweeps the unlocked directories of dead daemons next to
 * it. */
struct wi_instance *wi_instance_new(struct wi_error *error);
/* Makes PATH/NAME (mode 0700) and returns its path; the caller frees it. NULL on failure. If
 * another program removed PATH, it is a different directory from now on. */
char *wi_instance_make(struct wi_instance *instance, const char *name, struct wi_error *error);
void wi_instance_free(struct wi_instance *instance); /* removes the directory */

/* Removes a tree without following links, on a worker thread; `done` (may be NULL) follows. */
typedef void wi_remove_fn(void *context);
void wi_remove_tree(uv_loop_t *loop, const char *path, wi_remove_fn *done, void *context);

#endif
