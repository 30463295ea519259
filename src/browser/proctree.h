/*
 * A snapshot of the system's processes, read from /proc, and the small files in which the kernel
 * describes processes and control groups. It depends on libc only, because the lifeline helper uses
 * it too.
 *
 * A snapshot is not atomic, but only its parent reaps a process: as long as a descendant of ours
 * lives, a direct child of ours can be seen (alive or as a zombie).
 */
#ifndef WI_BROWSER_PROCTREE_H
#define WI_BROWSER_PROCTREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct wi_process {
    pid_t pid;
    pid_t parent;
    int stopped; /* by a signal such as SIGSTOP; not by a debugger */
    int marked;
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
/* How many of `root` and its descendants are stopped. Forgets earlier marks. */
size_t wi_proctree_stopped(struct wi_proctree *tree, pid_t root);
/* Bytes of memory that `root` and its descendants hold: each counts its proportional part of the
 * pages that it shares (Pss of proc_pid_smaps(5)). A process whose pages we may not read counts its
 * unshared pages, and the largest amount that one of these processes shares is added once. The
 * kernel walks all of their pages: about a millisecond for 100 MiB. Forgets earlier marks. */
uint64_t wi_proctree_memory(struct wi_proctree *tree, pid_t root);
/* Marks the descendants of `root` that were started with this argument. Forgets earlier marks;
 * returns how many. */
size_t wi_proctree_find(struct wi_proctree *tree, pid_t root, const char *argument);
/* Sends `signal` to every marked process. */
void wi_proctree_kill(const struct wi_proctree *tree, int signal);
void wi_proctree_clear(struct wi_proctree *tree);

/* Reads the beginning of the file at `path`, relative to the open folder `folder` (AT_FDCWD: the
 * working directory), as text of less than `room` bytes that ends in a NUL. Returns its length,
 * more than 0, or -1 if nothing can be read: the process is gone, or not ours. */
ssize_t wi_proc_text(int folder, const char *path, char *text, size_t room);

#endif
