/*
 * SIGKILL before a step, and a disk that fails: the calls with which a store changes the disk are
 * the test's own, which count and end the process. Include it after test.h, in a test's one file.
 */
#ifndef WI_TESTS_KILL_STEPS_H
#define WI_TESTS_KILL_STEPS_H

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int steps_left = -1; /* before the kill; below 0: there is none */
static atomic_int syncs_left = -1; /* before the one that fails; below 0: none does */

static void step(void)
{
    if (atomic_fetch_sub(&steps_left, 1) == 0)
        kill(getpid(), SIGKILL);
}

int renameat(int from, const char *old, int to, const char *fresh)
{
    step();
    return (int)syscall(SYS_renameat2, from, old, to, fresh, 0);
}

int renameat2(int from, const char *old, int to, const char *fresh, unsigned flags)
{
    step();
    return (int)syscall(SYS_renameat2, from, old, to, fresh, flags);
}

int unlinkat(int at, const char *path, int flags)
{
    step();
    return (int)syscall(SYS_unlinkat, at, path, flags);
}

int mkdirat(int at, const char *path, mode_t mode)
{
    step();
    return (int)syscall(SYS_mkdirat, at, path, mode);
}

int fsync(int fd)
{
    step();
    if (atomic_fetch_sub(&syncs_left, 1) == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

/* Waits for the process to end, as it should: whether it was killed, or came to its end. */
static int was_killed(pid_t process)
{
    int status;
    assert_true(process >= 0);
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

#endif
