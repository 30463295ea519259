/* Walking folders by descriptors: what was looked at is what is used. */
#include "models/catalog/library/store_path.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "base/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 8, OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static int open_segment(int at, const char *name, int make)
{
    int fd = openat(at, name, OPEN_FOLDER);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if (mkdirat(at, name, 0755) != 0 && errno != EEXIST)
        return -1;
    if (fsync(at) != 0)
        return -1;
    return openat(at, name, OPEN_FOLDER);
}

static int path_walk(int at, const char *path, int make)
{
    char *copy = wi_strdup(path), *rest = copy;
    int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (char *name = strsep(&rest, "/"); name && fd >= 0; name = strsep(&rest, "/")) {
        int next = open_segment(fd, name, make);
        wi_close(fd);
        fd = next;
    }
    free(copy);
    return fd;
}

int wi_path_open(int at, const char *path)
{
    return path_walk(at, path, 0);
}

int wi_path_make(int at, const char *path)
{
    return path_walk(at, path, 1);
}

int wi_path_open_above(int at, const char *path, int make, const char **last)
{
    const char *slash = strrchr(path, '/');
    char *above = slash ? wi_strndup(path, (size_t)(slash - path)) : wi_strdup(".");
    int folder = path_walk(at, above, make);
    *last = slash ? slash + 1 : path;
    free(above);
    return folder;
}

int wi_path_each_in(int at, const char *path, wi_path_fn *each, void *context)
{
    int folder = wi_path_open(at, path);
    int result = folder >= 0 ? wi_path_each(folder, each, context) : -1;
    wi_close(folder);
    return result;
}

char *wi_path_text(int fd, size_t max, size_t *size)
{
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        (uint64_t)status.st_size > max)
        return NULL;
    *size = (size_t)status.st_size;
    char *text = wi_alloc(*size + 1);
    if (wi_read_all(fd, text, *size, 0) == (ssize_t)*size)
        return text;
    free(text);
    return NULL;
}

char *wi_path_read(int folder, const char *name, size_t max, size_t *size)
{
    errno = 0;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    char *text = wi_path_text(fd, max, size);
    wi_close(fd);
    return text;
}

struct removal {
    uint64_t *freed;
    int depth;
};

static int remove_entry(void *context, int folder, const char *name, const struct stat *status)
{
    struct removal *removal = context;
    if (!S_ISDIR(status->st_mode)) {
        if (unlinkat(folder, name, 0) == 0 && status->st_nlink == 1)
            *removal->freed += (uint64_t)status->st_size;
        return 0;
    }
    struct removal below = {removal->freed, removal->depth + 1};
    if (removal->depth < DEPTH_MAX)
        wi_path_each_in(folder, name, remove_entry, &below);
    unlinkat(folder, name, AT_REMOVEDIR);
    return 0;
}

void wi_path_remove(int at, const char *name, uint64_t *freed)
{
    struct removal removal = {freed, 0};
    struct stat status;
    if (fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        remove_entry(&removal, at, name, &status);
}

int wi_path_link(int from, const char *file, int to, const char *name)
{
    unlinkat(to, WI_PATH_FRESH, 0); /* of one who was killed */
    if (linkat(from, file, to, WI_PATH_FRESH, 0) != 0)
        return -1;
    return renameat(to, WI_PATH_FRESH, to, name);
}

struct syncing {
    int files, failed, depth;
};

static int sync_entry(void *context, int folder, const char *name, const struct stat *status)
{
    struct syncing *syncing = context;
    int is_folder = S_ISDIR(status->st_mode);
    if (is_folder ? syncing->depth == DEPTH_MAX : !syncing->files)
        return 0;
    struct syncing below = {syncing->files, 0, syncing->depth + 1};
    int inner = openat(
        folder, name, is_folder ? OPEN_FOLDER : O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    syncing->failed = inner < 0 || (is_folder && wi_path_each(inner, sync_entry, &below) != 0) ||
                      below.failed || fsync(inner) != 0;
    wi_close(inner);
    return syncing->failed;
}

int wi_path_sync(int folder, int files)
{
    struct syncing syncing = {.files = files};
    return wi_path_each(folder, sync_entry, &syncing) != 0 || syncing.failed || fsync(folder) != 0
               ? -1
               : 0;
}

enum wi_code wi_path_failed(const char *directory, const char *what, struct wi_error *error)
{
    int why = errno;
    const char *advice = why == EACCES || why == EPERM || why == EROFS
                             ? "; the daemon's user must be able to write there"
                         : wi_is_full(why)     ? "; the disk is full"
                         : wi_is_shortage(why) ? "; try again later"
                                               : "";
    enum wi_code code =
        wi_error_set(error, wi_is_shortage(why) ? WI_UNAVAILABLE : WI_STORAGE_FAILED, "",
            "%s in the model directory %.200s: %s%s", what, directory, strerror(why), advice);
    errno = why;
    return code;
}
