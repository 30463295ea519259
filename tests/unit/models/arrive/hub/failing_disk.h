/* A disk that fails where a test wants it, in the place of the library's fsync. */
#ifndef WI_TESTS_HUB_FAILING_DISK_H
#define WI_TESTS_HUB_FAILING_DISK_H

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

static int disk_fails;

int fsync(int fd)
{
    errno = EIO;
    return disk_fails ? -1 : (int)syscall(SYS_fsync, fd);
}

#endif
