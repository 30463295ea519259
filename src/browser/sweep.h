/*
 * Removes the files that ended processes left on the disk. It uses only libc, because
 * webinfer-lifeline uses it, too.
 */
#ifndef WI_BROWSER_SWEEP_H
#define WI_BROWSER_SWEEP_H

/* Removes a tree without following links. 0, or -1: a part of it is left. */
int wi_sweep_tree(const char *path);

enum wi_sweep {
    WI_SWEEP_DONE,
    WI_SWEEP_PART, /* a part of it cannot be removed */
    WI_SWEEP_HELD, /* its daemon or a child of it lives, or it was made just now */
    WI_SWEEP_BUSY, /* its directory is locked: by its daemon, or by another one that sweeps */
    WI_SWEEP_NONE  /* there is no such directory of this user */
};
/* Removes an instance directory (browser/instance.h) that is not locked. */
enum wi_sweep wi_sweep_instance(const char *path);

#endif
