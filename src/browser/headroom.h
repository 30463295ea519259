/*
 * How much memory there is, how much of it is left for one more browser, and whether the kernel has
 * ended processes because there was none: of the machine and of every control group, version 1 or
 * 2, that we are in.
 */
#ifndef WI_BROWSER_HEADROOM_H
#define WI_BROWSER_HEADROOM_H

#include <stdint.h>

struct wi_headroom {
    uint64_t available; /* bytes, the least of all bounds; UINT64_MAX: nothing says how many */
    uint64_t limit;     /* bytes that there are at all: the machine's or a group's; likewise */
    uint64_t oom_kills; /* so many processes were ended, of our group or, in none, of the machine */
    int of_group;       /* a group's limit is the least, not the machine's memory */
};

/* Reads proc/ and sys/fs/cgroup/ below `root`, which ends with "/": some small files. A file that
 * cannot be read sets no limit. A group's page cache that is not in use counts as available, as in
 * the kernel's MemAvailable (proc(5)). */
void wi_headroom_read(const char *root, struct wi_headroom *headroom);
/* What [pool] memory_budget holds of the bytes that are wanted: a quarter of the limit at most. The
 * rest is for the daemon itself, and for its browsers, which are in the same group. */
uint64_t wi_headroom_budget(const struct wi_headroom *headroom, uint64_t wanted);

#endif
