/* See install_copy.h. */
#include "cli/install_copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20)
#define DEPTH_MAX 8     /* of folders in the folder */
#define OPEN_FOLDERS 16 /* how many nftw may hold open */

/* --- looking --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static mode_t type_of(const char *folder, const char *name)
{
    char *path = wi_sprintf("%s/%s", folder, name);
    struct stat st;
    mode_t type = stat(path, &st) == 0 ? st.st_mode & S_IFMT : 0;

    free(path);
    return type;
}

/* All names but those with a dot in front, sorted. 0, or -1 with errno. */
static int list(const char *folder, struct wi_strings *names)
{
    DIR *dir = opendir(folder);
    const struct dirent *item;

    if (!dir)
        return -1;
    while ((item = readdir(dir))) {
        if (item->d_name[0] != '.')
            wi_strings_add(names, item->d_name);
    }
    closedir(dir);
    if (names->count > 1)
        qsort(names->items, names->count, sizeof *names->items, compare);
    return 0;
}

void wi_copy_list(const char *folder, const char *end, struct wi_strings *names)
{
    struct wi_strings all = {0};
    size_t size = strlen(end);

    list(folder, &all);
    for (size_t i = 0; i < all.count; i++) {
        size_t length = strlen(all.items[i]);
        if (length > size && strcmp(all.items[i] + length - size, end) == 0 &&
            type_of(folder, all.items[i]) == S_IFREG)
            wi_strings_add(names, all.items[i]);
    }
    wi_strings_clear(&all);
}

/* --- copying --------------------------------------------------------------------------------- */

int wi_copy_make_folder(const char *path, const struct wi_copy_mode *mode)
{
    if (mkdir(path, 0700) != 0)
        return -1;
    /* Only root may give files away; for anybody else they are its own, which is as good. */
    if (lchown(path, mode->uid, mode->gid) != 0 && errno != EPERM)
        return -1;
    return chmod(path, mode->mode | 0700);
}

int wi_copy_is_interrupted(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
               sigismember(&pending, SIGHUP));
}

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0)
            return -1;
        bytes += n;
        size -= (size_t)n;
    }
    return 0;
}

/* 0, or -1 with errno; EINTR where a signal is pending. */
static int pump(int from, int to)
{
    char *chunk = wi_alloc(CHUNK);
    ssize_t n;

    while ((n = read(from, chunk, CHUNK)) > 0) {
        if (wi_copy_is_interrupted()) {
            errno = EINTR;
            n = -1;
            break;
        }
        if (write_all(to, chunk, (size_t)n) != 0) {
            n = -1;
            break;
        }
    }
    free(chunk);
    return n < 0 ? -1 : 0;
}

static int finish_file(int fd, const struct wi_copy_mode *mode)
{
    if (fchown(fd, mode->uid, mode->gid) != 0 && errno != EPERM)
        return -1;
    if (fchmod(fd, (mode->mode & 0666) | 0600) != 0)
        return -1;
    return fsync(fd);
}

enum wi_code wi_copy_file(const char *from_folder, const char *from, const char *to_folder,
    const char *to, const struct wi_copy_mode *mode, struct wi_error *error)
{
    char *source = wi_sprintf("%s/%s", from_folder, from);
    char *target = wi_sprintf("%s/%s", to_folder, to);
    int in = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int out = in < 0 ? -1 : open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    enum wi_code code = WI_OK;

    if (out < 0 || pump(in, out) != 0 || finish_file(out, mode) != 0)
        code = wi_error_set(error, WI_BAD_REQUEST, "", "%s cannot be copied to %s: %s", source,
            target, errno == EINTR ? "interrupted" : strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    free(source);
    free(target);
    return code;
}

static enum wi_code copy_level(const char *from, const char *to, const char *except,
    const struct wi_copy_mode *mode, int depth, struct wi_error *error);

static enum wi_code copy_inner(const char *from, const char *to, const char *name,
    const struct wi_copy_mode *mode, int depth, struct wi_error *error)
{
    char *source = wi_sprintf("%s/%s", from, name), *target = wi_sprintf("%s/%s", to, name);
    enum wi_code code;
    struct stat st;

    if (lstat(source, &st) == 0 && S_ISLNK(st.st_mode))
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s is a link to a folder, which is not copied", source);
    else if (depth == DEPTH_MAX)
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s lies more than %d folders deep, which no model does", source, DEPTH_MAX);
    else if (wi_copy_make_folder(target, mode) != 0)
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be made: %s", target, strerror(errno));
    else
        code = copy_level(source, target, NULL, mode, depth + 1, error);
    free(source);
    free(target);
    return code;
}

static enum wi_code copy_level(const char *from, const char *to, const char *except,
    const struct wi_copy_mode *mode, int depth, struct wi_error *error)
{
    struct wi_strings names = {0};
    enum wi_code code = WI_OK;

    if (list(from, &names) != 0)
        code =
            wi_error_set(error, WI_BAD_REQUEST, "", "%s cannot be read: %s", from, strerror(errno));
    for (size_t i = 0; code == WI_OK && i < names.count; i++) {
        const char *name = names.items[i];
        if (except && strcmp(name, except) == 0)
            continue;
        switch (type_of(from, name)) {
        case S_IFREG:
            code = wi_copy_file(from, name, to, name, mode, error);
            break;
        case S_IFDIR:
            code = copy_inner(from, to, name, mode, depth, error);
            break;
        default:
            code = wi_error_set(error, WI_BAD_REQUEST, "",
                "%s/%s is neither a file nor a folder, so it cannot be part of a model", from,
                name);
        }
    }
    wi_strings_clear(&names);
    return code;
}

enum wi_code wi_copy_folder(const char *from, const char *to, const char *except,
    const struct wi_copy_mode *mode, struct wi_error *error)
{
    return copy_level(from, to, except, mode, 0, error);
}

/* --- names ----------------------------------------------------------------------------------- */

/* Whether a flag of renameat2 is beyond the kernel or the file system. */
static int is_unsupported(int why)
{
    return why == EINVAL || why == ENOSYS;
}

int wi_copy_move(const char *from, const char *to)
{
    struct stat st;

    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (!is_unsupported(errno))
        return -1;
    if (lstat(to, &st) == 0) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

/* Without help of the file system there is a moment in which `b` names nothing. */
static int exchange_by_steps(const char *a, const char *b)
{
    char *aside = wi_sprintf("%s.aside", a);
    int result = -1, why;

    if (rename(b, aside) == 0) {
        result = rename(a, b);
        why = errno;
        if (rename(aside, result == 0 ? a : b) != 0 && result == 0)
            wi_copy_remove(aside);
        errno = why;
    }
    free(aside);
    return result;
}

int wi_copy_exchange(const char *a, const char *b)
{
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0)
        return 0;
    return is_unsupported(errno) ? exchange_by_steps(a, b) : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    remove(path);
    return 0;
}

void wi_copy_remove(const char *path)
{
    nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}
