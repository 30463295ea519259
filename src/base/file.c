/* See file.h. */
#include "base/file.h"

#include "base/descriptors.h"
#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int wi_file_path_ok(const char *path)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                               "._-@=~,";
    if (strlen(path) > WI_FILE_PATH_MAX)
        return 0;
    for (const char *segment = path;; segment++) {
        size_t length = strspn(segment, good);
        if (length == 0 || *segment == '.')
            return 0;
        segment += length;
        if (*segment != '/')
            return *segment == '\0';
    }
}

int wi_path_each(int folder, wi_path_fn *each, void *context)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *item;
    int stop = 0;
    if (!dir) {
        wi_close(copy);
        return -1;
    }
    while (!stop && (item = readdir(dir))) {
        struct stat status;
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0 ||
            fstatat(dirfd(dir), item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        stop = each(context, dirfd(dir), item->d_name, &status);
    }
    closedir(dir);
    return 0;
}

int wi_is_missing(int why)
{
    return why == ENOENT || why == ENOTDIR;
}

int wi_is_shortage(int why)
{
    return why == EMFILE || why == ENFILE || why == ENOMEM;
}

int wi_is_full(int why)
{
    return why == ENOSPC || why == EDQUOT;
}

int wi_file_write(int folder, const char *name, const void *bytes, size_t size, mode_t mode)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0)
        return -1;
    int result = wi_write_all(fd, bytes, size) == 0 ? fsync(fd) : -1, why = errno;
    close(fd);
    if (result != 0)
        unlinkat(folder, name, 0);
    errno = why;
    return result;
}

int wi_file_replace(int folder, const char *name, const void *bytes, size_t size, mode_t mode)
{
    char *fresh = wi_sprintf("%s.new", name);
    unlinkat(folder, fresh, 0);
    int result = wi_file_write(folder, fresh, bytes, size, mode);
    if (result == 0)
        result = renameat(folder, fresh, folder, name) == 0 ? fsync(folder) : -1;
    free(fresh);
    return result;
}

char *wi_state_folder(const char *home)
{
    const char *state = getenv("XDG_STATE_HOME");
    if (state && *state == '/')
        return wi_sprintf("%s/webinfer", state);
    return home && *home == '/' ? wi_sprintf("%s/.local/state/webinfer", home) : NULL;
}

enum wi_code wi_cannot_open(const char *file, struct wi_error *error)
{
    if (wi_is_shortage(errno))
        return wi_error_set(error, WI_UNAVAILABLE, "model_name",
            "%.200s cannot be opened now: %s; try again later", file, strerror(errno));
    if (wi_is_missing(errno))
        return wi_error_set(error, WI_MODEL_NOT_FOUND, "model_name",
            "there is no %.200s in the model's folder", file);
    return wi_error_set(
        error, WI_MODEL_INVALID, file, "%.200s cannot be opened: %s", file, strerror(errno));
}

/* Whether the file behind `fd` is under the folder whose real path is `root`. */
static int is_inside(int fd, const char *root)
{
    char link[40], real[PATH_MAX];
    size_t length = strlen(root);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, real, sizeof real - 1);
    if (n < 0)
        return 0;
    real[n] = '\0';
    if (strcmp(root, "/") == 0)
        return 1;
    return (size_t)n > length && memcmp(real, root, length) == 0 && real[length] == '/';
}

int wi_open_inside(const char *within, const char *folder, const char *file, struct stat *status,
    struct wi_error *error)
{
    char *path = wi_sprintf("%s/%s", folder, file), *root = realpath(within, NULL);
    int handle = root ? open(path, O_PATH | O_CLOEXEC) : -1, fd = -1;
    if (handle < 0 || fstat(handle, status) < 0) {
        wi_cannot_open(file, error);
    } else if (!is_inside(handle, root)) {
        wi_error_set(error, WI_MODEL_INVALID, file, "%.200s is a link out of the %s", file,
            strcmp(within, folder) == 0 ? "model's folder" : "model store");
    } else if (!S_ISREG(status->st_mode)) {
        wi_error_set(error, WI_MODEL_INVALID, file, "%.200s is not a regular file", file);
    } else {
        char link[40];
        snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
        fd = open(link, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            wi_cannot_open(file, error);
    }
    wi_close(handle);
    free(path);
    free(root);
    return fd;
}

enum wi_code wi_check_inside(const char *within, const char *folder, struct wi_error *error)
{
    char *root = realpath(within, NULL);
    int handle = root ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    enum wi_code code = WI_OK;
    if (handle < 0) {
        wi_cannot_open("folder", error);
        code = error->code;
    } else if (!is_inside(handle, root)) {
        code = wi_error_set(error, WI_MODEL_INVALID, "model_name",
            "the model's folder is a link out of the model store");
    }
    wi_close(handle);
    free(root);
    return code;
}
