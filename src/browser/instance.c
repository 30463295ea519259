/* The instance directory, webinfer-XXXXXX. */
#include "browser/instance.h"

#include "base/descriptors.h"
#include "base/log.h"
#include "base/memory.h"
#include "browser/sweep.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define PREFIX "webinfer-"
#define RANDOM_PART "XXXXXX"
/* Browsers put sockets below the directories that we give them, and a socket's path has at most 107
 * bytes (unix(7)): "/webinfer-XXXXXX/s-12345678/tmp/org.chromium.Chromium.XXXXXX/SingletonSocket"
 * takes 76 of them. */
#define ROOT_MAX 31

/* --- removing -------------------------------------------------------------------------------- */

static void remove_tree(const char *path)
{
    if (wi_sweep_tree(path) != 0)
        wi_warn("browser", NULL, "cannot remove all of %s", path);
}

struct removal {
    char *path;
    wi_remove_fn *done;
    void *context;
};

static void work_remove(void *data)
{
    const struct removal *removal = data;

    remove_tree(removal->path);
}

static void instance_removed(void *data, int cancelled)
{
    struct removal *removal = data;

    if (removal->done)
        removal->done(removal->context);
    free(removal->path);
    free(removal);
}

void wi_remove_tree(uv_loop_t *loop, const char *path, wi_remove_fn *done, void *context)
{
    struct removal *removal = wi_alloc(sizeof *removal);

    removal->path = wi_strdup(path);
    removal->done = done;
    removal->context = context;
    wi_work_start(loop, work_remove, instance_removed, removal);
}

/* --- sweeping -------------------------------------------------------------------------------- */

static int is_our_name(const char *name)
{
    const size_t prefix = strlen(PREFIX);

    if (strncmp(name, PREFIX, prefix) != 0 || strlen(name) != prefix + strlen(RANDOM_PART))
        return 0;
    /* The alphabet of mkdtemp. */
    return strspn(
               name + prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
           strlen(RANDOM_PART);
}

static void sweep_one(const char *root, const char *name)
{
    char *path = wi_sprintf("%s/%s", root, name);
    enum wi_sweep result = wi_sweep_instance(path);

    if (result == WI_SWEEP_DONE)
        wi_info("browser", NULL, "removed %s, left by a daemon that is gone", path);
    else if (result == WI_SWEEP_PART)
        wi_warn("browser", NULL, "cannot remove all of %s, left by a daemon that is gone", path);
    free(path);
}

static void instances_sweep(const char *root)
{
    DIR *dir = opendir(root);
    struct dirent *entry;

    if (!dir)
        return;
    while ((entry = readdir(dir)))
        if (is_our_name(entry->d_name))
            sweep_one(root, entry->d_name);
    closedir(dir);
}

/* --- making ---------------------------------------------------------------------------------- */

/* The first of $RUNTIME_DIRECTORY (systemd may give several, with ':'), $TMPDIR and /tmp that is
 * set and short enough. The caller frees it. */
static char *choose_root(void)
{
    static const char *const variables[] = {"RUNTIME_DIRECTORY", "TMPDIR"};

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *value = getenv(variables[i]);
        size_t length = value ? strcspn(value, ":") : 0;
        while (length > 1 && value[length - 1] == '/')
            length--;
        if (length == 0 || *value != '/')
            continue;
        if (length <= ROOT_MAX)
            return wi_strndup(value, length);
        wi_warn("browser", NULL,
            "not using %s for browsers' files: sockets below a path of more "
            "than %d bytes would be too long",
            value, ROOT_MAX);
    }
    return wi_strdup("/tmp");
}

/* A sweep of another daemon may hold the directory for a moment. */
static int make_lock(struct wi_instance *instance, struct wi_error *error)
{
    char *fresh = wi_sprintf("%s/lock.new", instance->path);
    char *lock = wi_sprintf("%s/lock", instance->path);

    instance->folder_fd = open(instance->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    instance->lock_fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (instance->folder_fd >= 0)
        (void)flock(instance->folder_fd, LOCK_EX); /* which NFS refuses */
    int failed = instance->folder_fd < 0 || instance->lock_fd < 0 ||
                 flock(instance->lock_fd, LOCK_EX | LOCK_NB) != 0 || rename(fresh, lock) != 0;
    if (failed)
        wi_error_set(error, WI_UNAVAILABLE, "", "cannot lock %s: %s", lock, strerror(errno));
    free(fresh);
    free(lock);
    return failed ? -1 : 0;
}

/* The directory and its locks; 0, or -1. */
static int make_folder(struct wi_instance *instance, const char *root, struct wi_error *error)
{
    instance->path = wi_sprintf("%s/" PREFIX RANDOM_PART, root);
    if (mkdtemp(instance->path)) /* mode 0700 */
        return make_lock(instance, error);
    wi_error_set(
        error, WI_UNAVAILABLE, "", "cannot make a directory in %s: %s", root, strerror(errno));
    free(instance->path);
    instance->path = NULL;
    return -1;
}

static void leave_folder(struct wi_instance *instance)
{
    if (instance->path)
        remove_tree(instance->path);
    wi_close(instance->folder_fd);
    wi_close(instance->lock_fd);
    free(instance->path);
    *instance = (struct wi_instance){.folder_fd = -1, .lock_fd = -1};
}

struct wi_instance *wi_instance_new(struct wi_error *error)
{
    struct wi_instance *instance = wi_alloc(sizeof *instance);
    char *root = choose_root();

    *instance = (struct wi_instance){.folder_fd = -1, .lock_fd = -1};
    instances_sweep(root);
    if (make_folder(instance, root, error) != 0) {
        wi_instance_free(instance);
        instance = NULL;
    }
    free(root);
    return instance;
}

/* A new directory in place of one that is gone; 0, or -1. */
static int instance_renew(struct wi_instance *instance, struct wi_error *error)
{
    char *root = choose_root();

    if (instance->path)
        wi_warn("browser", NULL, "%s was removed while it is in use: going on in another one",
            instance->path);
    leave_folder(instance);
    int result = make_folder(instance, root, error);
    free(root);
    return result;
}

/* A browser that still runs may have created another one of that name, which is not locked. */
static int is_gone(const struct wi_instance *instance)
{
    struct stat ours, now;

    return !instance->path || fstat(instance->folder_fd, &ours) != 0 ||
           lstat(instance->path, &now) != 0 || now.st_dev != ours.st_dev ||
           now.st_ino != ours.st_ino;
}

char *wi_instance_make(struct wi_instance *instance, const char *name, struct wi_error *error)
{
    if (is_gone(instance) && instance_renew(instance, error) != 0)
        return NULL;
    char *path = wi_sprintf("%s/%s", instance->path, name);
    if (mkdir(path, 0700) == 0)
        return path;
    wi_error_set(error, WI_UNAVAILABLE, "", "cannot make %s: %s", path, strerror(errno));
    free(path);
    return NULL;
}

void wi_instance_free(struct wi_instance *instance)
{
    if (!instance)
        return;
    leave_folder(instance);
    free(instance);
}
