/*
 * The removal of trees and of instance directories.
 *
 * The lock file is locked under another name before it gets its own, so an unlocked "lock" means
 * that its daemon is dead and that no helper of it is left, since helpers hold the lock, too: a
 * browser that is just ending would recreate its removed profile. A directory that has no lock file
 * yet is left alone for a while. The directory itself is locked, too: that tells
 * systemd-tmpfiles(8) to leave it alone, and us, if another cleaner of old files has removed the
 * lock file from it.
 */
#include "browser/sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How old a directory without a lock must be to be removed: far longer than making the lock
 * takes. */
#define NO_LOCK_AGE_S 60
#define OPEN_FILES_MAX 16 /* of a walk of a tree */

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    remove(path);
    return 0; /* go on with the rest */
}

int wi_sweep_tree(const char *path)
{
    struct stat info;

    /* Again if a process that is just ending has written into it. */
    for (int i = 0; i < 3 && lstat(path, &info) == 0; i++)
        nftw(path, remove_entry, OPEN_FILES_MAX, FTW_PHYS | FTW_DEPTH);
    return lstat(path, &info) == 0 ? -1 : 0;
}

/* Whether the lock file of the directory is unlocked. Leaves it in `*lock_fd`, to be closed after
 * the removal, so that two sweepers do not meet. */
static int is_left(int folder_fd, const struct stat *info, int *lock_fd)
{
    *lock_fd = openat(folder_fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (*lock_fd >= 0)
        return flock(*lock_fd, LOCK_EX | LOCK_NB) == 0;
    return errno == ENOENT && time(NULL) - info->st_mtime > NO_LOCK_AGE_S;
}

static enum wi_sweep sweep_open(const char *path, int folder_fd)
{
    enum wi_sweep result = WI_SWEEP_HELD;
    struct stat info;
    int lock_fd = -1;

    if (fstat(folder_fd, &info) != 0 || info.st_uid != geteuid())
        return WI_SWEEP_NONE;
    if (flock(folder_fd, LOCK_EX | LOCK_NB) != 0)
        return WI_SWEEP_BUSY;
    if (is_left(folder_fd, &info, &lock_fd))
        result = wi_sweep_tree(path) == 0 ? WI_SWEEP_DONE : WI_SWEEP_PART;
    if (lock_fd >= 0)
        close(lock_fd);
    return result;
}

enum wi_sweep wi_sweep_instance(const char *path)
{
    int folder_fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (folder_fd < 0)
        return WI_SWEEP_NONE;
    enum wi_sweep result = sweep_open(path, folder_fd);
    close(folder_fd);
    return result;
}
