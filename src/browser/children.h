/*
 * Every process that we start: each under the lifeline helper in a group of its own. The daemon is
 * a subreaper, so a process that leaves its group is adopted, found among our descendants and
 * ended.
 */
#ifndef WI_BROWSER_CHILDREN_H
#define WI_BROWSER_CHILDREN_H

#include "base/error.h"
#include "browser/headroom.h"
#include "browser/instance.h"
#include <sys/types.h>
#include <uv.h>

struct wi_children;
struct wi_child;

struct wi_child_options {
    const char *const *arguments;   /* arguments[0] is the program; ended by NULL */
    const char *const *environment; /* "NAME=value" added to a small clean one; ended by NULL */
    const char *directory;          /* working directory */
    const char *subject;            /* for the log: the session's id */
    /* Its directory is removed when we, the child and all others with it are gone; NULL: none. */
    const struct wi_instance *instance;
    unsigned apart_port; /* it has a network of its own, where we are at this port; 0: ours */
    /* Devices that it must not be able to open; ended by NULL. */
    const char *const *hidden;
};

struct wi_child_events {
    void *context;
    /* A line of its output (stdout or stderr), without the newline, cut at 4 KiB. */
    void (*on_line)(void *context, const char *line);
    /* The helper and every descendant are gone. The child is freed after this callback. */
    void (*on_end)(void *context, int exit_status, int signal);
    /* With apart_port: `fd` (the callee's) listens in its network; -1: no descriptor was left for
     * it. Called before the program has begun, unless that is impossible: then it ends with
     * WI_APART_EXIT. */
    void (*on_apart)(void *context, int fd);
};

/* Becomes the subreaper. `lifeline` is the helper's path. */
struct wi_children *wi_children_new(uv_loop_t *loop, const char *lifeline);
/* Only when no child is left. */
void wi_children_free(struct wi_children *children);
size_t wi_children_count(const struct wi_children *children);
/* Determines, off the loop, which processes are stopped and how much memory is left, and every few
 * seconds (for a new tree the first time) the memory of each tree. Does nothing while an earlier
 * call is still running. */
void wi_children_weigh(struct wi_children *children);
/* The memory that was left at the last measurement. */
const struct wi_headroom *wi_children_headroom(const struct wi_children *children);
#define WI_RAN_OUT "out of memory: the kernel has ended a process for want of it"
/* Whether the kernel has just ended a process of ours, or of the machine, for lack of memory. */
int wi_children_ran_out(struct wi_children *children);

/* NULL with `error` filled if the program cannot be started. */
struct wi_child *wi_child_start(struct wi_children *children,
    const struct wi_child_options *options, const struct wi_child_events *events,
    struct wi_error *error);
pid_t wi_child_pid(const struct wi_child *child);
/* A socket of its own network, see wi_outlet.take; -1 where it has none. */
int wi_child_take_socket(struct wi_child *child);
/* SIGTERM to the tree, SIGKILL after `grace_ms` (0: at once) or the helper's own two seconds,
 * whichever comes first. on_end follows. */
void wi_child_end(struct wi_child *child, uint64_t grace_ms);
/* SIGKILL to the processes of its tree with this among their arguments; returns their number. Reads
 * the processes at once, on the loop. */
size_t wi_child_end_part(const struct wi_child *child, const char *argument);
/* Bytes that the whole tree held when it was last weighed, see wi_proctree_memory; 0 before. */
uint64_t wi_child_memory(const struct wi_child *child);
/* How many times in a row, up to the last, one of its processes was found stopped by a signal. */
unsigned wi_child_stopped(const struct wi_child *child);

#endif
