/* See install_copy.h. */
#include "cli/commands/install_copy.h"

#include "base/descriptors.h"
#include "base/file.h"
#include "library/store_path.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)1 << 20)
#define DEPTH_MAX 8 /* of folders in the folder */

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

int wi_copy_make_folder(int at, const char *name)
{
    struct stat st;
    int fd = mkdirat(at, name, 0700) == 0 ? wi_path_open(at, name) : -1;

    if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_uid != geteuid())) {
        close(fd);
        errno = ESTALE; /* another one lies there by now */
        return -1;
    }
    return fd;
}

int wi_copy_is_interrupted(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) || sigismember(&pending, SIGTERM) ||
               sigismember(&pending, SIGHUP));
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
        if (wi_write_all(to, chunk, (size_t)n) != 0) {
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

/* -1 with `error` set. */
static int open_source(
    const char *within, const char *folder, const char *name, struct wi_error *error)
{
    struct wi_error why = {0};
    struct stat st;
    char *path = wi_sprintf("%s/%s", folder, name);
    int fd;

    if (within && geteuid() == 0)
        fd = wi_open_inside(within, folder, name, &st, &why);
    else if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0)
        snprintf(why.detail, sizeof why.detail, "%s", strerror(errno));
    if (fd < 0)
        wi_error_set(error, WI_BAD_REQUEST, "", "%.200s cannot be copied: %.250s%s", path,
            why.detail,
            strstr(why.detail, "is a link out") ? "; root does not follow it: copy the folder with "
                                                  "cp -rL and add that, or add it as the user "
                                                  "whose models these are"
                                                : "");
    free(path);
    return fd;
}

/* The file, new, in the folder that the path leads to. */
static int make_target(int at, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *above = slash ? wi_strndup(path, (size_t)(slash - path)) : wi_strdup(".");
    int folder = wi_path_make(at, above);
    int fd = folder < 0 ? -1
                        : openat(folder, slash ? slash + 1 : path,
                              O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int why = errno;

    if (folder >= 0)
        close(folder);
    free(above);
    errno = why;
    return fd;
}

enum wi_code wi_copy_file(const char *within, const char *from_folder, const char *from, int at,
    const char *to, const struct wi_copy_mode *mode, struct wi_error *error)
{
    int in = open_source(within, from_folder, from, error);
    int out = in < 0 ? -1 : make_target(at, to);
    enum wi_code code = WI_OK;

    if (in < 0)
        code = error->code;
    else if (out < 0 || pump(in, out) != 0 || finish_file(out, mode) != 0)
        code = wi_error_set(error, WI_BAD_REQUEST, "", "%s/%s cannot be copied: %s", from_folder,
            from, errno == EINTR ? "interrupted" : strerror(errno));
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return code;
}

/* What is copied from a folder: its top, and the folder below that it is at. */
struct level {
    const char *top, *from;
    int at, depth;
    const struct wi_copy_mode *mode;
};

static enum wi_code copy_level(
    const struct level *level, const char *except, struct wi_error *error);

static enum wi_code copy_inner(const struct level *level, const char *name, struct wi_error *error)
{
    char *source = wi_sprintf("%s/%s", level->from, name);
    struct level inner = {.top = level->top,
        .from = source,
        .at = -1,
        .depth = level->depth + 1,
        .mode = level->mode};
    enum wi_code code;
    struct stat st;

    if (lstat(source, &st) == 0 && S_ISLNK(st.st_mode))
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s is a link to a folder, which is not copied", source);
    else if (level->depth == DEPTH_MAX)
        code = wi_error_set(error, WI_BAD_REQUEST, "",
            "%s lies more than %d folders deep, which no model does", source, DEPTH_MAX);
    else if ((inner.at = wi_copy_make_folder(level->at, name)) < 0)
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be copied: %s", source, strerror(errno));
    else
        code = copy_level(&inner, NULL, error);
    if (inner.at >= 0)
        close(inner.at);
    free(source);
    return code;
}

static enum wi_code copy_level(
    const struct level *level, const char *except, struct wi_error *error)
{
    struct wi_strings names = {0};
    enum wi_code code = WI_OK;

    if (list(level->from, &names) != 0)
        code = wi_error_set(
            error, WI_BAD_REQUEST, "", "%s cannot be read: %s", level->from, strerror(errno));
    for (size_t i = 0; code == WI_OK && i < names.count; i++) {
        const char *name = names.items[i];
        if (except && strcmp(name, except) == 0)
            continue;
        switch (type_of(level->from, name)) {
        case S_IFREG:
            code = wi_copy_file(level->top, level->from, name, level->at, name, level->mode, error);
            break;
        case S_IFDIR:
            code = copy_inner(level, name, error);
            break;
        default:
            code = wi_error_set(error, WI_BAD_REQUEST, "",
                "%s/%s is neither a file nor a folder, so it cannot be part of a model",
                level->from, name);
        }
    }
    wi_strings_clear(&names);
    return code;
}

enum wi_code wi_copy_folder(const char *from, int at, const char *except,
    const struct wi_copy_mode *mode, struct wi_error *error)
{
    const struct level top = {.top = from, .from = from, .at = at, .mode = mode};

    return copy_level(&top, except, error);
}

static int hand_over_entry(void *context, int at, const char *name, const struct stat *st)
{
    int folder = S_ISDIR(st->st_mode) ? wi_path_open(at, name) : -1, failed = 0;

    if (folder >= 0) {
        failed = wi_copy_hand_over(folder, context);
        close(folder);
    }
    return failed;
}

/* Only root may give files away; for anybody else they are its own, which is as good. */
int wi_copy_hand_over(int folder, const struct wi_copy_mode *mode)
{
    if (wi_path_each(folder, hand_over_entry, (void *)mode) != 0 ||
        (fchown(folder, mode->uid, mode->gid) != 0 && errno != EPERM))
        return -1;
    return fchmod(folder, mode->mode | 0700);
}

/* --- names ----------------------------------------------------------------------------------- */

/* Whether a flag of renameat2 is beyond the kernel or the file system. */
static int is_unsupported(int why)
{
    return why == EINVAL || why == ENOSYS;
}

int wi_copy_move(int at, const char *from, const char *to)
{
    struct stat st;

    if (renameat2(at, from, at, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (!is_unsupported(errno))
        return -1;
    if (fstatat(at, to, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(at, from, at, to);
}

/* Without help of the file system there is a moment in which `b` names nothing. */
static int exchange_by_steps(int at, const char *a, const char *b)
{
    char *aside = wi_sprintf("%s.aside", a);
    uint64_t freed = 0;
    int result = -1, why;

    if (renameat(at, b, at, aside) == 0) {
        result = renameat(at, a, at, b);
        why = errno;
        if (renameat(at, aside, at, result == 0 ? a : b) != 0 && result == 0)
            wi_path_remove(at, aside, &freed);
        errno = why;
    }
    free(aside);
    return result;
}

int wi_copy_exchange(int at, const char *a, const char *b)
{
    if (renameat2(at, a, at, b, RENAME_EXCHANGE) == 0)
        return 0;
    return is_unsupported(errno) ? exchange_by_steps(at, a, b) : -1;
}
