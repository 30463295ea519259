/*
 * A snapshot of the system's processes, read from /proc. It depends on libc only, because the
 * lifeline helper uses it too.
 *
 * A snapshot is not atomic, but whoever reaps a process's children is its parent alone: as long as
 * a descendant of ours lives, a direct child of ours is there to be seen (alive or as a zombie).
 */
#ifndef WI_BROWSER_PROCTREE_H
#define WI_BROWSER_PROCTREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wi_process {
    pid_t pid;
    pid_t parent;
    uint64_t rss; /* resident bytes; pages shared between processes count in each */
    int stopped;  /* by a signal such as SIGSTOP; not by a debugger */
    int marked;
};

/* Of a process and its descendants together. */
struct wi_proctree_sum {
    uint64_t rss;
    size_t stopped; /* how many are */
};

/* Zero-initialise; free with wi_proctree_clear. Sorted by pid. */
struct wi_proctree {
    struct wi_process *items;
    size_t count;
};

/* Reads every process that /proc shows. 0, or -1 where /proc or memory is missing. */
int wi_proctree_read(struct wi_proctree *tree);
/* Marks the descendants of `root`, without itself, on top of earlier marks; returns how many
 * processes are newly marked. */
size_t wi_proctree_mark(struct wi_proctree *tree, pid_t root);
/* Of `root` and its descendants. Forgets earlier marks. */
struct wi_proctree_sum wi_proctree_sum(struct wi_proctree *tree, pid_t root);
/* Sends `signal` to every marked process. */
void wi_proctree_kill(const struct wi_proctree *tree, int signal);
void wi_proctree_clear(struct wi_proctree *tree);

#endif
