/*
 * Removes from disk what processes that are gone have left there. It uses libc alone, because
 * webinfer-lifeline does it, too.
 */
#ifndef WI_BROWSER_SWEEP_H
#define WI_BROWSER_SWEEP_H

/* Removes a tree without following links. 0, or -1: something of it is left. */
int wi_sweep_tree(const char *path);

enum wi_sweep {
    WI_SWEEP_DONE,
    WI_SWEEP_PART, /* something of it cannot be removed */
    WI_SWEEP_HELD, /* its daemon lives, or what that has started, or it was made just now */
    WI_SWEEP_BUSY, /* somebody has its directory locked: its daemon, or another one that sweeps */
    WI_SWEEP_NONE  /* there is no such directory of this user */
};
/* Removes an instance directory (browser/instance.h) that is not locked. */
enum wi_sweep wi_sweep_instance(const char *path);

#endif
