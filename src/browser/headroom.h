/*
 * How much memory exists, how much of it is left for one more browser, and whether the kernel has
 * ended processes for lack of memory: of the machine and of every control group, version 1 or 2,
 * that contains us.
 */
#ifndef WI_BROWSER_HEADROOM_H
#define WI_BROWSER_HEADROOM_H

#include <stdint.h>

struct wi_headroom {
    uint64_t available; /* bytes, the smallest of all limits; UINT64_MAX: no limit is known */
    uint64_t limit;     /* total bytes: the machine's or a group's; likewise */
    uint64_t oom_kills; /* processes ended, of our group or, without one, of the machine */
    int of_group;       /* the smallest limit is a group's, not the machine's memory */
};

/* Reads proc/ and sys/fs/cgroup/ below `root`, which ends with "/": some small files. A file that
 * cannot be read sets no limit. A group's page cache that is not in use counts as available, as in
 * the kernel's MemAvailable (proc(5)). */
void wi_headroom_read(const char *root, struct wi_headroom *headroom);
/* The part of the wanted bytes that [pool] memory_budget gets: at most a quarter of the limit. The
 * rest is for the daemon itself, and for its browsers, which are in the same group. */
uint64_t wi_headroom_budget(const struct wi_headroom *headroom, uint64_t wanted);

#endif
